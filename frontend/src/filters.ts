// The filter by kind and the search box.
import { KINDS } from "./categories";
import { h, say } from "./dom";
import type { State } from "./state";

export class Filters {
  readonly search = h("input", {
    type: "search",
    class: "search",
    placeholder: "Search ID, country, beacon type",
    "aria-label": "Search the alerts (/)",
    autocomplete: "off",
    spellcheck: "false",
  });
  readonly element: HTMLElement;
  private readonly chips = new Map<string, { chip: HTMLElement; count: HTMLElement }>();
  private readonly hidden = h("button", { class: "hidden-notice", onclick: () => this.clear() });

  constructor(private readonly state: State) {
    const chips = [
      this.chip("all", "All", "", () => state.kinds.clear()),
      ...KINDS.map(({ kind, label, shape }) =>
        this.chip(kind, label, shape, () => void (state.kinds.delete(kind) || state.kinds.add(kind))),
      ),
    ];
    this.search.addEventListener("input", () => {
      state.search = this.search.value;
      state.emit("filter");
    });
    this.element = h(
      "div",
      { class: "filters" },
      this.search,
      h("div", { class: "chips", role: "group", "aria-label": "Kinds of traffic shown" }, ...chips),
      this.hidden,
    );
    this.draw();
  }

  draw(): void {
    const counts = this.state.counts();
    for (const [name, { chip, count }] of this.chips) {
      const total = name === "all" ? this.state.alerts.size : (counts.get(name as never) ?? 0);
      const pressed = name === "all" ? this.state.kinds.size === 0 : this.state.kinds.has(name as never);
      chip.setAttribute("aria-pressed", String(pressed));
      chip.hidden = name !== "all" && total === 0 && !pressed;
      say(count, String(total));
    }
    const hidden = this.state.hiddenUrgent();
    this.hidden.hidden = hidden === 0;
    const what = hidden === 1 ? "1 urgent alert is" : `${hidden} urgent alerts are`;
    say(this.hidden, hidden ? `${what} hidden by the filter. Show all` : "");
  }

  clear(): void {
    this.state.kinds.clear();
    this.state.search = this.search.value = "";
    this.state.emit("filter");
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
