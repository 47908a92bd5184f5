// The filter by kind, the search box, and further down the search by area and time.
import { ask } from "./ask";
import { KINDS } from "./categories";
import { h, say } from "./dom";
import { hexForm, isEmpty, type Area } from "./search";
import type { State } from "./state";
import type { Alert } from "./types";

export interface FilterEvents {
  /** the part of the world that the map shows */
  view(): Area;
  /** let somebody draw a box on the map; null when it was given up */
  box(): Promise<Area | null>;
}

type Where = "" | "view" | "box";

export class Filters {
  readonly search = h("input", {
    type: "search",
    class: "search",
    placeholder: "Search ID, call sign, MMSI, country",
    "aria-label": "Search the alerts (/)",
    autocomplete: "off",
    spellcheck: "false",
  });
  readonly element: HTMLElement;
  private readonly chips = new Map<string, { chip: HTMLElement; count: HTMLElement }>();
  private readonly hidden = h("button", { class: "hidden-notice", onclick: () => this.clear() });
  private readonly where = h("select", { class: "plain", "aria-label": "Where" });
  private readonly from = h("input", { type: "datetime-local", class: "plain", "aria-label": "Heard from, UTC" });
  private readonly to = h("input", { type: "datetime-local", class: "plain", "aria-label": "Heard until, UTC" });
  private readonly more = h("details", { class: "more-filters" });
  private readonly summary = h("summary", null, "Area and time");

  constructor(
    private readonly state: State,
    private readonly events: FilterEvents,
  ) {
    const chips = [
      this.chip("all", "All", "", () => state.kinds.clear()),
      ...KINDS.map(({ kind, label, shape }) =>
        this.chip(kind, label, shape, () => void (state.kinds.delete(kind) || state.kinds.add(kind))),
      ),
    ];
    this.search.addEventListener("input", () => {
      state.search.text = this.search.value;
      state.search.hexId = null;
      state.emit("filter");
      void this.identify();
    });
    this.where.append(
      h("option", { value: "" }, "Anywhere"),
      h("option", { value: "view" }, "In the map's view"),
      h("option", { value: "box" }, "In a box to be drawn"),
    );
    this.where.addEventListener("change", () => void this.setWhere(this.where.value as Where));
    for (const input of [this.from, this.to]) input.addEventListener("change", () => this.setTimes());
    this.more.append(
      this.summary,
      h(
        "div",
        { class: "more-body" },
        this.where,
        h("label", null, "Heard from", this.from),
        h("label", null, "until", this.to),
        h("button", { class: "plain", onclick: () => this.clear() }, "Clear all"),
      ),
    );
    this.element = h(
      "div",
      { class: "filters" },
      this.search,
      this.more,
      h("div", { class: "chips", role: "group", "aria-label": "Kinds of traffic shown" }, ...chips),
      this.hidden,
    );
    this.draw();
  }

  draw(): void {
    const counts = this.state.counts();
    for (const [name, { chip, count }] of this.chips) {
      const total = name === "all" ? this.state.shown.size : (counts.get(name as never) ?? 0);
      const pressed = name === "all" ? this.state.kinds.size === 0 : this.state.kinds.has(name as never);
      chip.setAttribute("aria-pressed", String(pressed));
      chip.hidden = name !== "all" && total === 0 && !pressed;
      say(count, String(total));
    }
    const { area, from, to } = this.state.search;
    this.more.dataset.set = String(area !== null || from !== null || to !== null);
    say(this.summary, this.more.dataset.set === "true" ? "Area and time: limited" : "Area and time");
    const hidden = this.state.hiddenUrgent();
    this.hidden.hidden = hidden === 0;
    const what = hidden === 1 ? "1 urgent alert is" : `${hidden} urgent alerts are`;
    say(this.hidden, hidden ? `${what} hidden by the filter. Show all` : "");
  }

  clear(): void {
    this.state.kinds.clear();
    this.search.value = this.where.value = this.from.value = this.to.value = "";
    Object.assign(this.state.search, { text: "", hexId: null, area: null, from: null, to: null });
    this.state.emit("filter");
  }

  /** The map has been moved: what lies in its view is another part of the world. */
  moved(): void {
    if (this.where.value === "view") void this.setWhere("view");
  }

  get empty(): boolean {
    return isEmpty(this.state.search);
  }

  private async setWhere(where: Where): Promise<void> {
    const { search } = this.state;
    if (where === "box") {
      search.area = null;
      this.state.emit("filter");
      search.area = await this.events.box();
      if (search.area === null) this.where.value = "";
    } else search.area = where === "view" ? this.events.view() : null;
    this.state.emit("filter");
  }

  private setTimes(): void {
    const read = (value: string) => (value ? Date.parse(`${value}Z`) : null);
    this.state.search.from = read(this.from.value);
    this.state.search.to = read(this.to.value);
    this.state.emit("filter");
  }

  /** A message, or an ID in another form than the list shows, is named by the service. */
  private async identify(): Promise<void> {
    const text = this.search.value;
    const digits = hexForm(text);
    if (!digits) return;
    try {
      const told = await ask<{ hex_id: string | null; alerts: Alert[] }>(`./api/identify/${digits}`);
      if (this.search.value !== text || !told.hex_id) return;
      this.state.search.hexId = told.hex_id;
      // closed long ago, perhaps: the list has let go of it, the journal has not
      for (const alert of told.alerts) if (!this.state.alerts.has(alert.id)) this.state.take(alert);
      this.state.emit("filter");
    } catch {
      // no link: what the page knows is searched all the same
    }
  }

  private chip(name: string, label: string, shape: string, act: () => void): HTMLElement {
    const count = h("b", null, "0");
    const chip = h(
      "button",
      {
        class: "chip",
        data: { kind: name },
        onclick: () => {
          act();
          this.state.emit("filter");
        },
      },
      shape && h("i", { "aria-hidden": "true" }, shape),
      `${label} `,
      count,
    );
    this.chips.set(name, { chip, count });
    return chip;
  }
}
