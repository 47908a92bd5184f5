// What a duty officer decides about an alert. Each decision is asked for twice, journalled with a name, and audited. It
// changes whom the centre's rules tell; it transmits nothing.
import { why } from "./ask";
import { data, fill, h, say } from "./dom";
import { change, may } from "./session";
import type { Dossier } from "./types";

type What = "close" | "add" | "remove" | "resend";

interface Asked {
  what: What;
  to: string;
  title: string;
  words: string;
  confirm: string;
}

let made: HTMLDialogElement | null = null;

/** Made when it is first needed: by then the page knows its language. */
function theDialog(): HTMLDialogElement {
  if (!made) {
    made = h("dialog", { class: "order", "aria-label": "Confirm the decision" });
    document.body.append(made);
  }
  return made;
}

/** The section of decisions; ``known``: destinations that the list names. */
export function decide(d: Dossier, known: string[], past: boolean): Node[] | null {
  if (past) return [h("p", { class: "note" }, "Decisions are for the present: go back to now first.")];
  if (!may("act")) return [h("p", { class: "note" }, "Your role may look, not decide.")];
  const alert = d.hex_id ?? d.id;
  if (d.state === "closed") {
    return [h("p", { class: "note" }, "The alert is closed. The next burst of this beacon begins another activation.")];
  }
  const rows = (d.to ?? []).map((to) =>
    h(
      "li",
      null,
      h("strong", null, data(to)),
      button("Repeat the message", () => ask(d, again(alert, to))),
      button("Take off", () => ask(d, off(alert, to))),
    ),
  );
  const list = h("datalist", { id: "destinations" }, ...known.map((name) => h("option", { value: name })));
  const name = h("input", {
    class: "plain",
    list: "destinations",
    "aria-label": "Destination to be added",
    maxlength: 40,
  });
  const add = () => {
    const to = name.value.trim().toUpperCase();
    if (to) ask(d, on(alert, to));
    else name.focus();
  };
  name.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    add();
  });
  return [
    rows.length > 0 && h("ul", { class: "decisions" }, ...rows),
    h("div", { class: "line decide-add" }, name, list, button("Add a destination", add)),
    h(
      "div",
      { class: "line" },
      (d.told ?? []).length + (d.messages ?? []).length > 0 && button("Repeat to all", () => ask(d, again(alert, ""))),
      button("Close the alert", () => ask(d, closing(alert)), "close-alert"),
    ),
    h(
      "p",
      { class: "note" },
      "Decisions are kept in the journal with your name. Nothing is ever transmitted to a beacon.",
    ),
  ].filter((part) => part !== false);
}

function button(label: string, act: () => void, name = ""): HTMLElement {
  return h("button", { class: `plain ${name}`, onclick: act }, label);
}

function closing(alert: string): Asked {
  return {
    what: "close",
    to: "",
    title: `Close ${alert}?`,
    words: "The alert is over for this centre. If the beacon is heard again, another activation begins.",
    confirm: "Close the alert",
  };
}

function on(alert: string, to: string): Asked {
  return {
    what: "add",
    to,
    title: `Add ${to} to ${alert}?`,
    words: "From now on this destination is among those that the messages of this alert are for.",
    confirm: "Add the destination",
  };
}

function off(alert: string, to: string): Asked {
  return {
    what: "remove",
    to,
    title: `Take ${to} off ${alert}?`,
    words: "No further message of this alert is for this destination. What it has got already stays there.",
    confirm: "Take it off",
  };
}

function again(alert: string, to: string): Asked {
  return {
    what: "resend",
    to,
    title: to ? `Repeat the last message of ${alert} for ${to}?` : `Repeat the last message of ${alert} for all?`,
    words: "The last message is called for once more. Whether a link carried it away is said by the link.",
    confirm: "Repeat the message",
  };
}

/** Ask once more, then order; what goes wrong is said where one looks. */
function ask(d: Dossier, asked: Asked): void {
  const dialog = theDialog();
  const wrong = h("p", { class: "wrong", role: "alert" });
  const go = h("button", { class: "plain go" }, asked.confirm);
  go.addEventListener("click", () => {
    go.disabled = true;
    say(wrong, "");
    order(d.id, asked).then(
      () => dialog.close(),
      (error: Error) => {
        go.disabled = false;
        say(wrong, `Not done: ${error.message}.`);
      },
    );
  });
  fill(
    dialog,
    d.exercise && h("div", { class: "exercise-strip" }, "EXERCISE. This is no live alert: do not start a search."),
    h("h2", null, asked.title),
    h("p", null, asked.words),
    wrong,
    h(
      "div",
      { class: "line" },
      go,
      h("button", { class: "plain", autofocus: true, onclick: () => dialog.close() }, "Do nothing"),
    ),
  );
  dialog.showModal();
}

async function order(alert: string, { what, to }: Asked): Promise<void> {
  let reply: Response;
  try {
    reply = await change(`./api/alerts/${encodeURIComponent(alert)}/orders`, "POST", { what, to });
  } catch {
    throw new Error("the service cannot be reached");
  }
  if (!reply.ok) throw new Error(await why(reply));
}
