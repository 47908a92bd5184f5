// The alert list: only the rows in sight exist, so five thousand alerts scroll as easily as five.
import { badge, kindOf } from "./categories";
import { h, say } from "./dom";
import { form, written } from "./coordinates";
import { age, known, plainName } from "./format";
import { howSure, placeOf, placeWords } from "./place";
import { nextBurst } from "./schedule";
import type { State } from "./state";
import type { Alert } from "./types";

const ROW = 100;
const SPARE = 4;

interface RowView {
  element: HTMLElement;
  age: HTMLElement;
  next: HTMLElement;
  key: string;
}

export class AlertList {
  readonly element: HTMLElement;
  private readonly space = h("div", { class: "space" });
  private readonly empty = h("p", { class: "empty" });
  private rows = new Map<string, RowView>();

  constructor(
    private readonly state: State,
    private readonly open: (id: string) => void,
  ) {
    this.element = h(
      "div",
      { class: "rows", role: "listbox", tabindex: 0, "aria-label": "Alerts, the most urgent first" },
      this.space,
      this.empty,
    );
    this.element.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  /** Bring the rows in line with the state; rows that stay keep their element. */
  draw(): void {
    const alerts = this.state.list();
    this.space.style.height = `${alerts.length * ROW}px`;
    this.empty.hidden = alerts.length > 0;
    say(this.empty, this.state.shown.size ? "No alert matches the filter." : "No alert so far.");
    const height = this.element.clientHeight || 600;
    const first = Math.max(0, Math.floor(this.element.scrollTop / ROW) - SPARE);
    const last = Math.min(alerts.length, Math.ceil((this.element.scrollTop + height) / ROW) + SPARE);
    const next = new Map<string, RowView>();
    for (let index = first; index < last; index++) {
      const alert = alerts[index];
      const key = this.key(alert);
      let view = this.rows.get(alert.id);
      if (!view || view.key !== key) {
        const made = this.make(alert, key);
        if (view) view.element.replaceWith(made.element);
        else this.space.append(made.element);
        view = made;
      }
      view.element.style.top = `${index * ROW}px`;
      view.element.setAttribute("aria-posinset", String(index + 1));
      view.element.setAttribute("aria-setsize", String(alerts.length));
      next.set(alert.id, view);
    }
    for (const [id, view] of this.rows) if (!next.has(id)) view.element.remove();
    this.rows = next;
    const active = this.state.cursor && next.has(this.state.cursor) ? rowId(this.state.cursor) : "";
    this.element.setAttribute("aria-activedescendant", active);
    this.tick();
  }

  /** Let the ages of the rows in sight count on. */
  tick(): void {
    for (const [id, view] of this.rows) {
      const alert = this.state.shown.get(id);
      if (!alert) continue;
      const now = this.state.now();
      say(view.age, age(now - Date.parse(alert.last_seen)));
      say(view.next, nextBurst(alert, now));
    }
  }

  /** Move the keyboard's row by ``step`` and bring it into sight. */
  move(step: number): void {
    const alerts = this.state.list();
    if (!alerts.length) return;
    const at = alerts.findIndex((alert) => alert.id === this.state.cursor);
    const to = at < 0 ? (step > 0 ? 0 : alerts.length - 1) : Math.min(alerts.length - 1, Math.max(0, at + step));
    this.state.cursor = alerts[to].id;
    this.reveal(to);
    this.state.emit("selection");
  }

  show(id: string): void {
    const index = this.state.list().findIndex((alert) => alert.id === id);
    if (index >= 0) this.reveal(index);
  }

  private reveal(index: number): void {
    const { scrollTop, clientHeight } = this.element;
    if (index * ROW < scrollTop) this.element.scrollTop = index * ROW;
    else if ((index + 1) * ROW > scrollTop + clientHeight) this.element.scrollTop = (index + 1) * ROW - clientHeight;
  }

  private key(alert: Alert): string {
    const { selected, cursor } = this.state;
    return `${alert.seq}/${this.state.isUnread(alert)}/${alert.id === selected}/${alert.id === cursor}/${form()}`;
  }

  private make(alert: Alert, key: string): RowView {
    const unread = this.state.isUnread(alert);
    const since = h("span", { class: "age", title: "Time since the last burst, minutes and seconds" });
    const next = h("span", { class: "next", title: "By the transmission schedule of this kind of beacon" });
    const country = known(alert.country) ? alert.country : "country unknown";
    const what = `${beaconType(alert)}, ${country}`;
    const element = h(
      "div",
      {
        class: "row",
        id: rowId(alert.id),
        role: "option",
        "aria-selected": String(alert.id === this.state.selected),
        data: {
          id: alert.id,
          kind: kindOf(alert),
          unread,
          selected: alert.id === this.state.selected,
          cursor: alert.id === this.state.cursor,
        },
        onclick: () => this.open(alert.id),
      },
      h("div", { class: "line" }, h("span", { class: "badge", title: badge(alert) }, badge(alert)), since),
      h(
        "div",
        { class: "line" },
        h("span", { class: "hex" }, alert.hex_id ?? "no trusted ID"),
        h("span", { class: "what", title: what }, what),
      ),
      h("div", { class: "line small" }, place(alert)),
      h(
        "div",
        { class: "line small state" },
        h("span", { class: "words", title: alert.state_words }, alert.state_words),
      ),
      h(
        "div",
        { class: "line small last" },
        unread && h("span", { class: "unread" }, "unread"),
        next,
        h("span", { class: "count" }, bursts(alert)),
      ),
    );
    return { element, age: since, next, key };
  }
}

export function rowId(id: string): string {
  return `row-${id}`;
}

export function beaconType(alert: Alert): string {
  return known(alert.beacon_type) ? plainName(alert.beacon_type) : "type unknown";
}

export function bursts(alert: Alert): string {
  return alert.bursts === 1 ? "1 burst" : `${alert.bursts} bursts`;
}

function place(alert: Alert): HTMLElement {
  const found = placeOf(alert);
  if (!found) return h("span", { class: "place none" }, "no position");
  const sure = howSure(found);
  return h(
    "span",
    { class: "place", title: sure },
    written(found.latitude, found.longitude, undefined, 3),
    h("span", { class: "method", data: { doubt: found.candidates > 1 } }, ` ${sure}`),
  );
}

/** An alert in one sentence, to be read out. */
export function headline(alert: Alert): string {
  const place = placeOf(alert) ? `position ${placeWords(alert, 2)}` : "no position";
  return `${badge(alert)}: ${beaconType(alert)}, ${known(alert.country) ? alert.country : "country unknown"}, ${alert.hex_id ?? "no trusted ID"}, ${place}`;
}
