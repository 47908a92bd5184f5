// The console: puts the parts together and lets them know of one another.
import "ol/ol.css";
import "./style.css";
import { rowOf } from "./categories";
import * as coordinates from "./coordinates";
import { Detail } from "./detail";
import { h, say } from "./dom";
import { Filters } from "./filters";
import { Header } from "./header";
import { History } from "./history";
import { instant } from "./format";
import { helpDialog } from "./help";
import { Health } from "./health";
import { listen } from "./keys";
import * as language from "./language";
import { Link } from "./link";
import { AlertList, headline } from "./list";
import { AlertMap } from "./map";
import { placeOf } from "./place";
import * as session from "./session";
import { Sound } from "./sound";
import { soundDialog } from "./sounds";
import { State } from "./state";
import * as theme from "./theme";
import type { Alert } from "./types";

type Tab = "list" | "detail" | "map";

theme.apply();
await language.load();

const state = new State();
const page = document.getElementById("page")!;
const assertive = h("div", { class: "visually-hidden", "aria-live": "assertive" });
const polite = h("div", { class: "visually-hidden", "aria-live": "polite" });
const toast = h("div", { class: "toasts" });
const help = helpDialog();
const sound = new Sound(
  () => state.alarming(),
  () => header.draw(),
);
const sounds = soundDialog(sound);
const header = new Header(state, sound, {
  theme: changeTheme,
  coordinates: changeCoordinates,
  sounds: () => sounds.showModal(),
  acknowledge,
  history: () => past.toggle(),
  help: () => help.showModal(),
});
const filters = new Filters(state, {
  view: () => map.view(),
  box: () => {
    setTab("map");
    map.resize();
    return map.drawBox();
  },
});
const list = new AlertList(state, choose);
const map = new AlertMap(state, choose, () => filters.moved());
const past = new History(state, () => {
  page.dataset.past = String(state.past !== null);
  detail.again();
  state.emit("past");
});
const detail = new Detail(state, {
  close: () => choose(null),
  zoom: (place) => {
    setTab("map");
    map.resize();
    void map.zoomTo(place);
  },
  loaded: (dossier) => {
    if (!state.past && !state.alerts.has(dossier.id)) {
      state.take(dossier); // closed long ago, and opened by its address
      later();
    }
    map.setAlert(dossier);
  },
});

const tabs = new Map<Tab, HTMLElement>();
for (const [tab, label] of [
  ["list", "List"],
  ["detail", "Detail"],
  ["map", "Map"],
] as [Tab, string][]) {
  tabs.set(tab, h("button", { class: "tab", data: { tab }, onclick: () => setTab(tab) }, label));
}

const main = h(
  "main",
  null,
  h("section", { class: "left", "aria-label": "Alert list" }, filters.element, list.element),
  h("section", { class: "middle", "aria-label": "Map" }, map.element),
  detail.element,
);
const noDetail = h("p", { class: "no-detail" }, "No alert is open. Choose one in the list.");
main.append(noDetail);
page.append(
  header.element,
  past.banner,
  header.banners,
  past.element,
  h("nav", { class: "tabs", "aria-label": "Views" }, ...tabs.values()),
  main,
  toast,
  assertive,
  polite,
  help,
  sounds,
);
detail.element.hidden = true;
setTab("list");

function setTab(tab: Tab): void {
  page.dataset.tab = tab;
  for (const [name, button] of tabs) button.setAttribute("aria-current", String(name === tab));
}

function changeTheme(): void {
  theme.toggle();
  map.restyle();
  header.draw();
}

function changeCoordinates(form: coordinates.Form): void {
  coordinates.choose(form);
  header.draw();
  list.draw();
  detail.rewrite();
}

/** The alarm was heard: it rests until there is news. */
function acknowledge(): void {
  state.acknowledge();
  header.draw();
}

/** Open an alert, or none; the address says which, so that it can be sent to a colleague. */
function choose(id: string | null): void {
  const hash = id === null ? "#/" : `#/alert/${encodeURIComponent(id)}`;
  if (location.hash !== hash && !(id === null && !location.hash)) history.pushState(null, "", hash);
  select(id);
}

function select(id: string | null): void {
  state.selected = id;
  if (id !== null) state.cursor = id;
  const alert = id === null ? undefined : state.shown.get(id);
  if (alert && !state.past) state.markRead(alert);
  page.dataset.open = String(id !== null);
  detail.show(id);
  if (id !== null) {
    setTab("detail");
    list.show(id);
  } else if (page.dataset.tab === "detail") {
    setTab("list");
  }
  map.setAlert(null);
  state.emit("selection");
  if (alert) map.lookAt(alert);
}

function fromAddress(): void {
  const found = /^#\/alert\/(.+)$/.exec(location.hash);
  let id: string | null = null;
  try {
    id = found ? decodeURIComponent(found[1]) : null;
  } catch {
    id = null; // not an address of ours
  }
  if (id !== state.selected) select(id);
}

function announce(alert: Alert, news: "new" | "changed"): void {
  const urgent = rowOf(alert).urgent;
  const words = `${news === "new" ? "New alert" : alert.state_words}. ${headline(alert)}`;
  say(urgent ? assertive : polite, words);
  if (urgent || alert.exercise) {
    const note = h("button", { class: "toast", data: { kind: alert.exercise ? "exercise" : alert.category } }, words);
    note.addEventListener("click", () => {
      note.remove();
      past.close(); // news is of now
      choose(alert.id);
    });
    toast.append(note);
    while (toast.children.length > 3) toast.firstElementChild!.remove();
    setTimeout(() => note.remove(), 12_000);
  }
  if (urgent || alert.category === "cancelled" || (alert.exercise && alert.category === "distress")) sound.alarm(alert);
}

let pending = false;

/** Draw once a frame however many rows come. */
function later(): void {
  if (pending) return;
  pending = true;
  const act = () => {
    pending = false;
    state.emit("alerts");
  };
  // a hidden page gets no frames, but its title and its sound must go on
  if (document.hidden) setTimeout(act, 50);
  else requestAnimationFrame(act);
}

function take(alert: Alert, loud: boolean): void {
  const news = state.take(alert);
  if (state.selected === alert.id && !document.hidden && !state.past) state.markRead(alert);
  if (loud && news !== "same") announce(alert, news);
}

let snapshots = 0;

const link = new Link({
  snapshot(alerts) {
    const loud = snapshots++ > 0;
    const kept = new Set(alerts.map((alert) => alert.id));
    for (const id of state.alerts.keys()) if (!kept.has(id)) state.alerts.delete(id);
    if (!loud) for (const alert of alerts) state.alerts.set(alert.id, alert);
    else for (const alert of alerts) take(alert, alerts.length - state.alerts.size < 20);
    state.emit("alerts");
    if (!loud) {
      if (state.selected !== null) select(state.selected);
      void firstDrawn();
    }
    detail.refresh();
  },
  row(row) {
    if (row.kind === "alert") {
      take({ ...(row.body as unknown as Alert), seq: row.seq }, true);
      later();
    }
    if (row.beacon !== null && row.beacon === state.selected) detail.refresh();
  },
  clock(serverTime) {
    state.offset = serverTime - Date.now();
  },
  status: (status) => {
    header.setStatus(status);
    if (status.live) detail.refresh();
    health.look(status.live);
  },
});

state.on((change) => {
  if (change !== "selection") {
    filters.draw();
    map.draw();
    header.draw();
  } else {
    map.draw();
  }
  list.draw();
  const unread = state.unreadUrgent().length;
  const when = state.past ? `${instant(state.past.at).slice(11)} ` : "";
  document.title = `${unread ? `(${unread}) ` : ""}${when}Vigie`;
  noDetail.hidden = state.selected !== null;
});

const health = new Health((words, fault, banner) => header.setSources(words, fault, banner));
const land = map.ready();
void session.who().then((who) => {
  header.setUser(who?.sign_in ? who.user : null, () => void session.leave());
  detail.rewrite();
});

/** Mark the moment at which list and map show everything: the ready-time benchmark reads it. */
async function firstDrawn(): Promise<void> {
  await land;
  await map.settled();
  performance.mark("vigie-ready");
  document.documentElement.dataset.ready = "true";
}

listen({
  move: (step) => list.move(step),
  enter: () => state.cursor !== null && choose(state.cursor),
  escape: () => {
    const opened = document.querySelector<HTMLDialogElement>("dialog[open]");
    if (opened) opened.close();
    else if (map.endBox(null)) filters.draw();
    else if (map.measuring) map.toggleMeasure();
    else if (document.activeElement === filters.search) filters.search.blur();
    else choose(null);
  },
  search: () => {
    setTab("list");
    filters.search.focus();
    filters.search.select();
  },
  zoom: () => {
    const alert = state.shown.get(state.cursor ?? "");
    const place = alert && placeOf(alert);
    if (place) void map.zoomTo(place);
  },
  fit: () => map.fit(),
  projection: () => map.turn(),
  sound: () => sound.toggle(),
  theme: changeTheme,
  coordinates: () => changeCoordinates(coordinates.following()),
  measure: () => {
    setTab("map");
    map.resize();
    map.toggleMeasure();
  },
  history: () => past.toggle(),
  acknowledge,
  help: () => (help.open ? help.close() : help.showModal()),
});

theme.onSystemChange(() => {
  theme.apply();
  map.restyle();
  header.draw();
});
addEventListener("hashchange", fromAddress);
addEventListener("popstate", fromAddress);
setInterval(() => {
  header.tick();
  list.tick();
  detail.tick();
}, 1000);
header.tick();
fromAddress();
link.start();
