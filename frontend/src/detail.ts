// The panel of one alert: fetches all that is known of it, and redraws a section only when what it shows has changed.
import { badge, kindOf } from "./categories";
import { copyButton, fill, h, say } from "./dom";
import { age } from "./format";
import { placeOf } from "./place";
import { nextBurst } from "./schedule";
import { hasFields } from "./message";
import { sections } from "./sections";
import type { State } from "./state";
import type { Dossier, Solution } from "./types";

const SHOWN = 40;

export interface DetailEvents {
  close(): void;
  zoom(place: { latitude: number; longitude: number; ehe_m: number | null }): void;
  loaded(dossier: Dossier): void;
}

export class Detail {
  readonly element = h("section", { class: "detail", "aria-label": "Alert in detail" });
  private dossier: Dossier | null = null;
  private wanted: string | null = null;
  private drawn = new Map<string, string>();
  private boxes = new Map<string, HTMLElement>();
  private readonly head = h("div", { class: "detail-head" });
  private readonly body = h("div", { class: "detail-body", tabindex: 0, role: "region", "aria-label": "Detail" });
  private readonly note = h("p", { class: "note loading", role: "status" });
  private timer: number | undefined;
  private ages: HTMLElement[] = [];
  private allBursts = false;
  private next: HTMLElement | null = null;
  private nextAlert: Dossier | null = null;

  constructor(
    private readonly state: State,
    private readonly events: DetailEvents,
  ) {
    this.element.append(this.head, this.body);
    this.body.append(this.note);
    for (const section of sections(this)) {
      const inner = h("div", { class: "section-body" });
      const box = h(
        "details",
        { class: "section", data: { section: section.name }, open: section.open },
        h("summary", null, section.title),
        inner,
      );
      this.boxes.set(section.name, box);
      this.body.append(box);
    }
    this.body.addEventListener("pointerover", (event) => this.light(event.target as Element));
    this.body.addEventListener("pointerleave", () => this.light(null));
  }

  /** Show another alert, or none. */
  show(id: string | null): void {
    if (id === this.wanted) return;
    this.wanted = id;
    this.dossier = null;
    this.drawn.clear();
    this.allBursts = false;
    this.body.scrollTop = 0;
    this.element.hidden = id === null;
    if (id !== null) {
      this.draw();
      void this.load();
    }
  }

  /** Another moment is shown: whatever was fetched is of another. */
  again(): void {
    const id = this.wanted;
    this.wanted = null;
    if (id !== null) this.show(id);
  }

  destinations(): string[] {
    const found = new Set<string>();
    for (const alert of this.state.alerts.values()) {
      for (const name of [...(alert.to ?? []), ...(alert.told ?? [])]) found.add(name);
    }
    return [...found].sort();
  }

  past(): boolean {
    return this.state.past !== null;
  }

  /** Something about the alert has changed: fetch it again, soon, once. */
  refresh(): void {
    if (this.wanted === null || this.state.past) return;
    this.draw();
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.load();
    }, 250);
  }

  private async load(): Promise<void> {
    const id = this.wanted;
    if (id === null) return;
    const limit = this.allBursts ? 1_000_000 : SHOWN;
    const past = this.state.past;
    const upto = past ? `&upto=${past.seq}` : "";
    try {
      const reply = await fetch(`./api/alerts/${encodeURIComponent(id)}?limit=${limit}${upto}`);
      const told = (await reply.json()) as Dossier & { error?: { message: string } };
      if (id !== this.wanted || past !== this.state.past) return;
      if (!reply.ok) throw new Error(told.error?.message ?? `the service answered ${reply.status}`);
      this.dossier = told;
      say(this.note, "");
      this.events.loaded(told);
    } catch (error) {
      if (id !== this.wanted || past !== this.state.past) return;
      const why = error instanceof TypeError ? "the service cannot be reached" : (error as Error).message;
      const old = this.state.shown.has(id) ? " What is below may be out of date." : "";
      say(this.note, `The message and its bursts could not be loaded: ${why}.${old}`);
    }
    this.draw();
  }

  /** Write the coordinates in the form that is chosen now. */
  rewrite(): void {
    if (this.wanted !== null) this.draw();
  }

  showAllBursts(): void {
    this.allBursts = true;
    void this.load();
  }

  zoom(solution: Solution): void {
    this.events.zoom(solution);
  }

  tick(): void {
    for (const element of this.ages) {
      say(element, age(this.state.now() - Date.parse(element.dataset.since ?? "")));
    }
    if (this.next && this.nextAlert) {
      say(this.next, nextBurst(this.nextAlert, this.state.now()) || "not expected, or no longer counted");
    }
  }

  nextOf(alert: Dossier): HTMLElement {
    this.next = h("span", { class: "next" });
    this.nextAlert = alert;
    return this.next;
  }

  ageOf(iso: string): HTMLElement {
    const element = h("span", { class: "age", data: { since: iso } });
    this.ages.push(element);
    return element;
  }

  private draw(): void {
    const live = this.wanted === null ? undefined : this.state.shown.get(this.wanted);
    const dossier = this.dossier ?? (live ? { ...live, detections: [], detections_total: 0, journal: [] } : null);
    this.ages = this.ages.filter((element) => element.isConnected);
    if (!dossier) {
      this.head.replaceChildren(
        h("div", { class: "line" }, h("strong", { class: "hex" }, this.wanted ?? ""), this.closeButton()),
      );
      this.drawn.clear();
      if (!this.note.textContent) say(this.note, "Loading.");
      for (const box of this.boxes.values()) box.hidden = true;
      return;
    }
    if (!this.dossier && !this.note.textContent) say(this.note, "Loading the message and its bursts.");
    // a live row may be newer than what was fetched
    const newer = live && live.seq > dossier.seq ? { ...live, facts: live.facts ?? dossier.facts } : {};
    const shown: Dossier = { ...dossier, ...newer };
    if (!hasFields(shown.facts)) {
      // an identity that is not trusted has no facts of its own: what its last burst seemed to say is shown, and said so
      const last = shown.detections.find((burst) => hasFields(burst.message));
      if (last) shown.facts = last.message;
    }
    this.drawHead(shown);
    for (const section of sections(this)) {
      const key = JSON.stringify(section.of(shown)) ?? "";
      if (this.drawn.get(section.name) === key) continue;
      this.drawn.set(section.name, key);
      const box = this.boxes.get(section.name)!;
      const content = section.draw(shown);
      box.hidden = content === null;
      fill(box.lastElementChild!, ...(content ?? []));
    }
    this.tick();
  }

  private drawHead(alert: Dossier): void {
    const key = JSON.stringify([
      alert.id,
      kindOf(alert),
      alert.state,
      alert.reason,
      alert.position,
      this.dossier !== null,
    ]);
    if (this.drawn.get("head") === key) return;
    this.drawn.set("head", key);
    this.element.dataset.kind = kindOf(alert);
    const place = placeOf(alert);
    fill(
      this.head,
      alert.exercise &&
        h("div", { class: "exercise-strip" }, "EXERCISE. This is no live alert: do not start a search."),
      h("div", { class: "line" }, h("span", { class: "badge" }, badge(alert)), this.closeButton()),
      h(
        "div",
        { class: "line title" },
        h("strong", { class: "hex" }, alert.hex_id ?? "No trusted ID"),
        alert.hex_id && copyButton(alert.hex_id, "Copy ID"),
        place && h("button", { class: "plain", onclick: () => this.events.zoom(place) }, "Show on map"),
      ),
      h("p", { class: "state-words" }, alert.state_words),
      this.dossier && this.takeAway(this.dossier),
      h("p", { class: "reason" }, alert.reason),
      !alert.exercise &&
        (alert.category === "national" || alert.category === "unreliable") &&
        h("p", { class: "reason strong" }, alert.category_words),
    );
  }

  /** The alert on paper, or as a file for another program. */
  private takeAway(dossier: Dossier): HTMLElement {
    const file = (kind: "geojson" | "kml", label: string) =>
      h(
        "button",
        { class: "plain", onclick: () => void import("./exporting").then((files) => files.offer(dossier, kind)) },
        label,
      );
    return h(
      "div",
      { class: "take-away", role: "group", "aria-label": "Take away" },
      h("button", { class: "plain", onclick: () => print() }, "Print"),
      dossier.solutions.length > 0 && file("geojson", "GeoJSON"),
      dossier.solutions.length > 0 && file("kml", "KML"),
    );
  }

  private closeButton(): HTMLElement {
    return h(
      "button",
      { class: "plain close", onclick: () => this.events.close(), "aria-label": "Close the detail (Esc)" },
      "Close",
    );
  }

  /** Show which bits and which row of the table belong together. */
  private light(target: Element | null): void {
    const name = target?.closest<HTMLElement>("[data-field]")?.dataset.field;
    for (const element of this.body.querySelectorAll<HTMLElement>("[data-lit]")) delete element.dataset.lit;
    if (!name) return;
    for (const element of this.body.querySelectorAll<HTMLElement>("[data-field]")) {
      if (element.dataset.field === name) element.dataset.lit = "true";
    }
  }
}
