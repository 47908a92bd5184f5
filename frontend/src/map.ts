// The map of the alerts: a canvas, nothing fetched from anywhere but our own server.
import OlMap from "ol/Map";
import View from "ol/View";
import { defaults as controls } from "ol/control/defaults";
import ScaleLine from "ol/control/ScaleLine";
import { boundingExtent, containsCoordinate, createEmpty, extend, isEmpty, type Extent } from "ol/extent";
import DragBox from "ol/interaction/DragBox";
import type BaseLayer from "ol/layer/Base";
import { rowOf } from "./categories";
import { Chosen } from "./chosen";
import { form, written } from "./coordinates";
import { h, say } from "./dom";
import { instant } from "./format";
import { Ground } from "./ground";
import { Marks, readPalette } from "./marks";
import { Measure } from "./measure";
import { Overlays } from "./overlays";
import { candidates, placeOf } from "./place";
import { Points } from "./points";
import type { Area } from "./search";
import { around, centred, degreesAt, point, poleFor, project, projection, type Pole } from "./shapes";
import type { State } from "./state";
import type { Alert, Dossier } from "./types";

const PROJECTIONS: [Pole | null, string][] = [
  [null, "Mercator"],
  ["north", "North Pole"],
  ["south", "South Pole"],
];

export class AlertMap {
  readonly element = h("div", { class: "map", role: "application", tabindex: 0, "aria-label": "Map of the alerts" });
  private readonly readout = h("div", { class: "readout", "aria-hidden": "true" });
  private readonly projections = h("select", { class: "projection", "aria-label": "Projection of the map (p)" });
  private readonly asOf = h("div", { class: "as-of", hidden: true });
  private readonly map: OlMap;
  private readonly points: Points;
  private readonly chosen: Chosen;
  private readonly overlays: Overlays;
  private readonly layers: BaseLayer[];
  private readonly ground: Ground;
  private readonly measure: Measure;
  private marks: Marks;
  private fitted = false;
  private boxing: { drag: DragBox; done(area: Area | null): void } | null = null;

  constructor(
    private readonly state: State,
    private readonly open: (id: string) => void,
    moved: () => void,
  ) {
    this.marks = new Marks(readPalette());
    this.ground = new Ground(this.marks.palette);
    this.points = new Points(state, () => this.marks);
    this.chosen = new Chosen(
      state,
      () => this.marks,
      (roles, names) => Object.assign(this.element.dataset, { chosen: roles, names }),
    );
    this.overlays = new Overlays(this.marks.palette);
    this.layers = [this.points.below, this.chosen.layer, ...this.points.above];
    this.map = new OlMap({
      target: this.element,
      controls: controls({ attribution: false, rotate: false }).extend([new ScaleLine({ units: "nautical" })]),
      view: mercatorView(),
    });
    this.ground.addTo(this.map);
    for (const layer of [...this.overlays.layers, ...this.layers]) this.map.addLayer(layer);
    this.element.append(this.readout, this.fitButton(), this.projections, this.overlays.element, this.asOf);
    this.measure = new Measure(this.map, this.marks.palette);
    this.map.on("pointermove", (event) => {
      if (event.dragging) return;
      this.readCoordinate(event.coordinate);
      const pointer = this.at(event.coordinate).length ? "pointer" : "";
      this.element.style.cursor = this.measure.active || this.boxing ? "crosshair" : pointer;
    });
    this.element.addEventListener("pointerleave", () => say(this.readout, ""));
    this.map.on("click", (event) => {
      if (this.boxing) return;
      if (this.measure.active) {
        this.measure.click(event);
        return;
      }
      const first = this.at(event.coordinate)[0];
      if (first) this.open(first.id);
    });
    this.map.on("moveend", moved);
    this.projections.append(...PROJECTIONS.map(([pole, name]) => h("option", { value: pole ?? "" }, name)));
    this.projections.addEventListener(
      "change",
      () => void this.setPole((this.projections.value || null) as Pole | null),
    );
    new ResizeObserver(() => this.map.updateSize()).observe(this.element);
  }

  /** The next projection: Mercator, then about the poles. */
  turn(): void {
    const at = PROJECTIONS.findIndex(([pole]) => pole === centred());
    void this.setPole(PROJECTIONS[(at + 1) % PROJECTIONS.length][0]);
  }

  /** Draw the map about a pole, or in Mercator. */
  private async setPole(pole: Pole | null): Promise<void> {
    if (pole === centred()) return;
    const middle = degreesAt(this.map.getView().getCenter()!);
    if (pole === null) {
      project(null);
      this.ground.reproject(null);
      this.map.setView(mercatorView(middle));
    } else {
      const polar = await import("./polar");
      project({ code: polar.projection(pole), pole });
      this.ground.reproject((name) => polar.graticule(pole, name));
      this.map.setView(polarView());
    }
    this.projections.value = pole ?? "";
    this.points.clear();
    this.measure.reproject();
    this.overlays.reproject();
    this.draw();
    this.points.changed();
    this.element.dataset.projection = projection();
  }

  /** Load the coarse land. */
  ready(): Promise<void> {
    return this.ground.load();
  }

  /** Resolves when all that is known now has been drawn. */
  async settled(): Promise<void> {
    await new Promise<void>((done) => {
      this.map.once("rendercomplete", () => done());
      this.map.render();
    });
  }

  /** Colours of the theme. */
  restyle(): void {
    this.marks = new Marks(readPalette());
    this.ground.restyle(this.marks.palette);
    this.measure.restyle(this.marks.palette);
    this.overlays.restyle(this.marks.palette);
    for (const layer of this.layers) layer.changed();
  }

  /** Bring the map in line with the list. */
  draw(): void {
    const shown = this.state.list();
    this.points.draw(shown);
    this.chosen.draw();
    this.points.changed();
    this.asOf.hidden = this.state.past === null;
    say(this.asOf, this.state.past ? `As of ${instant(this.state.past.at)} UTC` : "");
    if (!this.fitted && shown.some((alert) => placeOf(alert))) {
      this.fitted = true;
      this.fit(0);
    }
  }

  /** All that is known of the alert that was opened; null when none is. */
  setAlert(dossier: Dossier | null): void {
    this.chosen.setSolutions(dossier?.id ?? "", dossier?.solutions ?? []);
    this.points.changed();
    this.overlays.setAlert(dossier);
  }

  /** The part of the world that is in view. */
  view(): Area {
    const size = this.map.getSize() ?? [1, 1];
    const corners = [0, 0.5, 1].flatMap((x) =>
      [0, 0.5, 1].map((y) => this.map.getCoordinateFromPixel([x * size[0], y * size[1]])),
    );
    return this.bounds(corners);
  }

  /** Let somebody draw a box; null when it is given up. */
  drawBox(): Promise<Area | null> {
    this.endBox(null);
    return new Promise((resolve) => {
      const drag = new DragBox({ className: "drawn-box" });
      this.boxing = { drag, done: resolve };
      drag.on("boxend", () => this.endBox(this.bounds(drag.getGeometry().getCoordinates()[0])));
      this.map.addInteraction(drag);
      this.element.dataset.boxing = "true";
    });
  }

  /** Give the box up that is to be drawn; whether there was one. */
  endBox(area: Area | null): boolean {
    const { boxing } = this;
    if (!boxing) return false;
    this.boxing = null;
    delete this.element.dataset.boxing;
    setTimeout(() => this.map.removeInteraction(boxing.drag)); // the click that ends it is not one on the map
    boxing.done(area);
    return true;
  }

  /** The degrees that hold these points of the map: about a pole, everything around it. */
  private bounds(points: number[][]): Area {
    const places = points.filter(Boolean).map((at) => [...degreesAt(at), at[0]]);
    const latitudes = places.map(([, latitude]) => latitude);
    if (centred()) {
      const pole = centred() === "north" ? 90 : -90;
      const [south, north] = [Math.min(...latitudes, pole), Math.max(...latitudes, pole)];
      return { west: -180, south, east: 180, north };
    }
    const across = points.filter(Boolean).map(([x]) => x);
    const [low, high] = [Math.min(...across), Math.max(...across)];
    const west = degreesAt([low, 0])[0];
    const wide = Math.min(360, ((high - low) / (2 * Math.PI * 6378137)) * 360);
    return { west, south: Math.min(...latitudes), east: west + wide, north: Math.max(...latitudes) };
  }

  /** Bring an alert that was opened into sight; a view that is close enough already only moves. */
  lookAt(alert: Alert): void {
    const place = placeOf(alert);
    if (!place) return;
    void this.setPole(poleFor(place.latitude)).then(() => this.moveTo(alert, place));
  }

  private moveTo(alert: Alert, place: { latitude: number; longitude: number; ehe_m: number | null }): void {
    const view = this.map.getView();
    const near = around(place.longitude, place.latitude, Math.max((place.ehe_m ?? 0) * 4, 400_000)).getExtent();
    const open = candidates(alert);
    if (open.length > 1) extend(near, boundingExtent(open.map((one) => point(one.longitude, one.latitude))));
    this.fitted = true;
    this.map.updateSize();
    const far = (view.getResolution() ?? Infinity) > view.getResolutionForExtent(near, this.map.getSize()) * 1.05;
    if (far || open.length > 1) view.fit(near, { duration: motion(), padding: [40, 60, 40, 60] });
    else if (!containsCoordinate(view.calculateExtent(), point(place.longitude, place.latitude))) {
      view.animate({ center: point(place.longitude, place.latitude), duration: motion() });
    }
  }

  async zoomTo(place: { latitude: number; longitude: number; ehe_m: number | null }): Promise<void> {
    await this.setPole(poleFor(place.latitude));
    const extent = around(place.longitude, place.latitude, Math.max(place.ehe_m ?? 0, 4000) * 2.5).getExtent();
    this.fitted = true;
    this.map.getView().fit(extent, { duration: motion(), padding: [40, 40, 40, 40], maxZoom: 13 });
  }

  /** Show the urgent alerts; all of them when there is no urgent one. */
  fit(duration = motion()): void {
    const located = this.state.list().filter((alert) => placeOf(alert));
    const urgent = located.filter((alert) => rowOf(alert).urgent);
    const extent: Extent = createEmpty();
    for (const alert of urgent.length ? urgent : located) {
      const place = placeOf(alert)!;
      extend(extent, boundingExtent([point(place.longitude, place.latitude)]));
    }
    if (isEmpty(extent)) return;
    const room = Math.min(150, this.element.clientWidth * 0.25); // for the IDs beside the marks
    this.map.getView().fit(extent, { duration, padding: [60, room, 60, 60], maxZoom: 6 });
  }

  resize(): void {
    this.map.updateSize();
  }

  toggleMeasure(): void {
    this.measure.toggle();
  }

  get measuring(): boolean {
    return this.measure.active;
  }

  /** The alerts whose marks lie under a point of the map, the most urgent first. */
  private at(coordinate: number[]): Alert[] {
    return this.points.at(coordinate, (this.map.getView().getResolution() ?? 0) * 11);
  }

  private readCoordinate(coordinate: number[]): void {
    const [lon, lat] = degreesAt(coordinate);
    const second = form() === "DD" ? "DMM" : "DD";
    this.readout.replaceChildren(h("div", null, written(lat, lon)), h("div", null, written(lat, lon, second)));
  }

  private fitButton(): HTMLElement {
    return h("button", { class: "fit", title: "Show all urgent alerts (0)", onclick: () => this.fit() }, "Show all");
  }
}

function mercatorView(centre: [number, number] = [5, 30]): View {
  const center = point(...centre);
  return new View({ center, zoom: 1.6, minZoom: 0, maxZoom: 18, enableRotation: false, multiWorld: false });
}

function polarView(): View {
  return new View({ projection: projection(), center: [0, 0], zoom: 1.6, maxZoom: 16, enableRotation: false });
}

function motion(): number {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 350;
}
