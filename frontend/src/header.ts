// The bar across the top: name, clock, the state of the live link in words, sound, colours, help.
import * as coordinates from "./coordinates";
import { data, h, say } from "./dom";
import { instant } from "./format";
import * as language from "./language";
import type { Status } from "./link";
import type { Sound } from "./sound";
import type { State } from "./state";
import * as theme from "./theme";

export interface HeaderEvents {
  theme(): void;
  sounds(): void;
  acknowledge(): void;
  history(): void;
  coordinates(form: coordinates.Form): void;
  help(): void;
}

export class Header {
  readonly element: HTMLElement;
  readonly banners: HTMLElement;
  private readonly clock = h("time", { class: "clock", title: "Time of the service, UTC" });
  private readonly link = h("span", { class: "link", role: "status" }, "connecting");
  private readonly soundButton: HTMLElement;
  private readonly themeButton: HTMLElement;
  private readonly stale = h("div", { class: "banner stale", role: "alert", hidden: true });
  private readonly fault = h("div", { class: "banner fault", role: "alert", hidden: true });
  private readonly sources = h("span", { class: "sources" });
  private readonly exercise = h("div", { class: "banner exercise", hidden: true });
  private readonly form = h("select", { class: "plain", "aria-label": "Form of coordinates (c)" });
  private readonly acknowledge = h("button", { class: "plain alarm", hidden: true }, "Acknowledge the alarm");
  private readonly signOut = h("button", { class: "plain", hidden: true });
  private status: Status | null = null;

  constructor(
    private readonly state: State,
    private readonly sound: Sound,
    events: HeaderEvents,
  ) {
    this.soundButton = h("button", { class: "plain", onclick: () => sound.toggle() });
    this.themeButton = h("button", { class: "plain", onclick: () => events.theme() });
    const other = language.current() === "en" ? "fr" : "en";
    this.form.append(...coordinates.FORMS.map(([form, label]) => h("option", { value: form, title: label }, form)));
    this.form.addEventListener("change", () => events.coordinates(this.form.value as coordinates.Form));
    this.element = h(
      "header",
      { class: "top" },
      h("h1", null, "Vigie"),
      this.clock,
      this.link,
      this.sources,
      h(
        "div",
        { class: "tools" },
        this.form,
        this.soundButton,
        h(
          "button",
          { class: "plain", onclick: () => events.sounds(), title: "Hear the alarm of each stage" },
          "Sounds",
        ),
        this.acknowledge,
        h(
          "button",
          { class: "plain", onclick: () => events.history(), title: "The picture at a moment of the past (h)" },
          "Past",
        ),
        this.themeButton,
        h(
          "button",
          { class: "plain language", lang: other, onclick: () => language.change() },
          data(language.NAMES[other]),
        ),
        h("button", { class: "plain", onclick: () => events.help(), title: "Keys and words (?)" }, "Help"),
        this.signOut,
      ),
    );
    this.acknowledge.addEventListener("click", () => events.acknowledge());
    this.banners = h("div", { class: "banners" }, this.stale, this.fault, this.exercise);
    this.draw();
  }

  /** Who has signed in; null where nobody needs to. */
  setUser(name: string | null, leave: () => void): void {
    this.signOut.hidden = name === null;
    say(this.signOut, `Sign out ${name ?? ""}`);
    this.signOut.onclick = leave;
  }

  setStatus(status: Status): void {
    this.status = status;
    this.draw();
  }

  /** What is heard, in words, and what is wrong with it. */
  setSources(words: string, fault: boolean, banner: string[]): void {
    say(this.sources, words);
    this.sources.dataset.fault = String(fault);
    this.fault.hidden = banner.length === 0;
    // a sentence each, in the language of the page: what a source calls itself stays as it is
    const text = banner.map(language.translated).join(" ");
    if (this.fault.textContent !== text) this.fault.textContent = text;
  }

  draw(): void {
    this.form.value = coordinates.form();
    this.form.title = `Coordinates: ${coordinates.FORMS.find(([form]) => form === coordinates.form())![1]} (c)`;
    const { on, blocked } = this.sound;
    say(this.soundButton, on ? (blocked ? "Sound waits for a click" : "Sound is on") : "Sound is off");
    this.soundButton.setAttribute("aria-pressed", String(on));
    this.acknowledge.hidden = !on || this.state.alarming().length === 0;
    say(this.themeButton, theme.current() === "day" ? "Night" : "Day");
    this.themeButton.title = "Change the colours (t)";
    this.drawLink();
    this.drawExercise();
  }

  tick(): void {
    say(this.clock, `${instant(new Date(this.state.clock()).toISOString())} UTC`);
  }

  private drawLink(): void {
    const status = this.status;
    if (!status) return;
    const since = `${instant(new Date(status.since + this.state.offset).toISOString()).slice(11)} UTC`;
    const first = !status.live && this.state.alerts.size === 0 && status.attempt <= 1;
    const words = status.live ? "live" : first ? "connecting" : `reconnecting since ${since}`;
    say(this.link, words);
    this.link.dataset.state = status.live ? "live" : "lost";
    const attempts = status.attempt > 1 ? `, attempt ${status.attempt}` : "";
    this.stale.hidden = status.live || first;
    say(
      this.stale,
      this.stale.hidden ? "" : `Not live since ${since}${attempts}: new alerts do not arrive. ${status.reason}`.trim(),
    );
  }

  private drawExercise(): void {
    const all = [...this.state.alerts.values()];
    const count = all.filter((alert) => alert.exercise).length;
    this.exercise.hidden = count === 0;
    const which =
      count === all.length
        ? "Everything in the list is exercise traffic"
        : count === 1
          ? "1 alert in the list is exercise traffic"
          : `${count} alerts in the list are exercise traffic`;
    say(this.exercise, count ? `EXERCISE. ${which}: no live alert, do not start a search.` : "");
  }
}
