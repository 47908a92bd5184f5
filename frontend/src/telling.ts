// Who is told of an alert, what the messages say about it, and whether the beacon is told that it was heard.
import { data, h } from "./dom";
import * as f from "./format";
import { pair } from "./summary";
import type { Dossier, Message, ReturnLink } from "./types";

const LINK: Record<ReturnLink["state"], string> = {
  capable: "nothing is owed before the position is confirmed",
  owed: "an acknowledgement is owed: the beacon has not confirmed one",
  received: "the beacon says that it received the acknowledgement",
  lost: "the beacon said that it had the acknowledgement, and says so no more",
};

export function told(d: Dossier): Node[] | null {
  const fresh = (d.notices ?? []).map((notice) => ({ ...notice, seq: d.seq, time: d.changed }));
  const messages: Message[] = d.messages?.length ? d.messages : fresh;
  if (!d.to?.length && !d.told?.length && !messages.length) return null;
  // told lists who knew before the last change: those whom it tells know now
  const know = new Set([...(d.told ?? []), ...fresh.map((notice) => notice.to)]);
  const rest = [...know].filter((name) => !d.to?.includes(name));
  const more = (d.messages_total ?? 0) - messages.length;
  return [
    d.to?.length
      ? h("ul", { class: "told" }, ...d.to.map((name) => destination(name, know.has(name))))
      : h("p", { class: "none" }, "Nobody would be told now."),
    rest.length > 0 && h("p", { class: "note" }, `Told before, concerned no more: ${rest.join(", ")}`),
    ...messages.map(message),
    more > 0 && h("p", { class: "note" }, `${more} earlier messages are in the journal.`),
    h(
      "p",
      { class: "note" },
      "Decided and numbered by the centre's rules. What a link carried away is said by the link.",
    ),
  ].filter((part) => part !== false);
}

function destination(name: string, knows: boolean): HTMLElement {
  return h(
    "li",
    { data: { destination: name } },
    h("strong", null, data(name)),
    knows ? ", a message about this activation was called for" : ", no message yet",
  );
}

function message(item: Message): HTMLElement {
  return h(
    "div",
    { class: "message", data: { inferred: item.inferred, number: item.number } },
    h(
      "div",
      { class: "line small" },
      h("strong", null, data(`SIT ${item.number}`)),
      h("span", null, `to ${item.to}, number ${item.serial}`),
      item.inferred && h("span", { class: "tag" }, "inferred"),
    ),
    h("div", { class: "small", lang: "en" }, data(item.title)),
    h("div", { class: "note" }, item.why),
    h(
      "div",
      { class: "note" },
      `${f.instant(item.time)} UTC, by ${item.source}`,
      item.inferred ? "; inferred: no document that was read says so" : "",
    ),
    item.text
      ? h(
          "details",
          null,
          h("summary", null, "Text of the message"),
          h("pre", { lang: "en", tabindex: 0 }, data(item.text)),
        )
      : null,
  );
}

/** As rescue centres know them, word for word: they stand so in the messages. */
export function remarks(d: Dossier): Node[] | null {
  if (!d.remarks?.length) return null;
  return [h("ul", { class: "remarks", lang: "en" }, ...d.remarks.map((text) => h("li", null, data(text))))];
}

export function returnLink(d: Dossier): Node[] | null {
  const link = d.return_link;
  if (!link) return null;
  const kinds = [link.automatic && "automatic", link.manual && "from a rescue centre"].filter(Boolean).join(", ");
  return [
    h(
      "dl",
      { class: "pairs", data: { link: link.state } },
      ...pair("State", LINK[link.state] ?? link.state),
      ...pair("Since", `${f.instant(link.since)} UTC`),
      ...pair("Provider", data(link.provider)),
      ...pair("Accepts", kinds || f.UNKNOWN),
    ),
  ];
}
