// The past: list and map as they stood at a moment, from the journal. What is live goes on beside it, and is announced.
import { ask } from "./ask";
import { h, say } from "./dom";
import { instant } from "./format";
import type { State } from "./state";
import type { Alert } from "./types";

interface Span {
  first: string | null;
  now: string;
  at: string | null;
  seq: number;
  alerts: Alert[];
}

const STEPS: [number, string][] = [
  [-3600, "-1 h"],
  [-300, "-5 min"],
  [-60, "-1 min"],
  [60, "+1 min"],
  [300, "+5 min"],
  [3600, "+1 h"],
];
const WAIT_MS = 120;

export class History {
  readonly element = h("div", { class: "history", role: "group", "aria-label": "The past", hidden: true });
  /** says that the picture is not of now: above everything, as long as it is so */
  readonly banner = h("div", { class: "banner past", role: "status", hidden: true });
  private readonly slider = h("input", { type: "range", min: 0, max: 1, step: 1, "aria-label": "Moment of the past" });
  private readonly field = h("input", { type: "datetime-local", class: "plain", step: 1, "aria-label": "Moment, UTC" });
  private readonly note = h("span", { class: "note", role: "status" });
  private readonly told = h("strong");
  private readonly count = h("span");
  private first = 0;
  private wanted: number | null = null;
  private asking = false;
  private timer: number | undefined;

  constructor(
    private readonly state: State,
    private readonly changed: () => void,
  ) {
    this.slider.addEventListener("input", () => this.seek(this.slider.valueAsNumber));
    this.field.addEventListener("change", () => {
      const moment = Date.parse(`${this.field.value}Z`);
      if (!Number.isNaN(moment)) this.seek(moment / 1000);
    });
    this.element.append(
      this.slider,
      h(
        "div",
        { class: "line" },
        ...STEPS.map(([seconds, label]) =>
          h("button", { class: "plain", onclick: () => this.seek(this.slider.valueAsNumber + seconds) }, label),
        ),
        this.field,
        h("span", { class: "note" }, "UTC"),
        this.note,
        h("button", { class: "plain back", onclick: () => this.close() }, "Back to now"),
      ),
    );
    this.banner.append(
      this.told,
      this.count,
      h("button", { class: "plain", onclick: () => this.close() }, "Back to now"),
    );
  }

  get open(): boolean {
    return !this.element.hidden;
  }

  toggle(): void {
    if (this.open) this.close();
    else void this.begin();
  }

  /** Back to the present. */
  close(): void {
    clearTimeout(this.timer);
    this.wanted = null;
    this.element.hidden = true;
    if (this.state.past) this.show(null);
  }

  private async begin(): Promise<void> {
    this.element.hidden = false;
    say(this.note, "Loading.");
    try {
      const span = await ask<Span>("./api/history");
      const now = Math.floor(Date.parse(span.now) / 1000);
      this.first = span.first ? Math.floor(Date.parse(span.first) / 1000) : now;
      this.slider.min = String(Math.min(this.first, now - 1));
      this.slider.max = String(now);
      this.mark(now);
      say(this.note, span.first ? `The journal begins at ${instant(span.first)} UTC` : "The journal is empty.");
      this.slider.focus();
    } catch (error) {
      say(this.note, `The past could not be loaded: ${(error as Error).message}.`);
    }
  }

  private mark(seconds: number): void {
    const text = new Date(seconds * 1000).toISOString();
    this.slider.value = String(seconds);
    this.slider.setAttribute("aria-valuetext", `${instant(text)} UTC`);
    this.field.value = text.slice(0, 19);
  }

  /** Go to a moment; while somebody slides, only where he rests is loaded. */
  private seek(seconds: number): void {
    const last = Math.floor(this.state.clock() / 1000);
    this.slider.max = String(last);
    this.wanted = Math.max(this.first, Math.min(last, Math.round(seconds)));
    this.mark(this.wanted);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.load(), WAIT_MS);
  }

  private async load(): Promise<void> {
    if (this.asking || this.wanted === null) return;
    this.asking = true;
    const wanted = this.wanted;
    try {
      const told = await ask<Span>(`./api/history?at=${new Date(wanted * 1000 + 999).toISOString()}`);
      if (this.wanted === wanted) this.show(told);
      say(this.note, "");
    } catch (error) {
      say(this.note, `The past could not be loaded: ${(error as Error).message}.`);
    } finally {
      this.asking = false;
    }
    if (this.wanted !== null && this.wanted !== wanted) void this.load();
  }

  private show(told: Span | null): void {
    this.state.past =
      told?.at == null
        ? null
        : { at: told.at, seq: told.seq, alerts: new Map(told.alerts.map((alert) => [alert.id, alert])) };
    this.banner.hidden = this.state.past === null;
    const count = told?.alerts.length ?? 0;
    say(this.told, told?.at ? `As of ${instant(told.at)} UTC: the past, not now.` : "");
    say(this.count, told?.at ? (count === 1 ? "1 alert then." : `${count} alerts then.`) : "");
    this.changed();
  }
}
