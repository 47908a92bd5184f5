// The map of the alerts: a canvas, nothing fetched from anywhere but our own server.
import Feature from "ol/Feature";
import OlMap from "ol/Map";
import View from "ol/View";
import { defaults as controls } from "ol/control/defaults";
import ScaleLine from "ol/control/ScaleLine";
import { boundingExtent, containsCoordinate, createEmpty, extend, isEmpty, type Extent } from "ol/extent";
import Point from "ol/geom/Point";
import Polygon from "ol/geom/Polygon";
import VectorLayer from "ol/layer/Vector";
import VectorSource from "ol/source/Vector";
import type Style from "ol/style/Style";
import { kindOf, mattersOnMap, rank, rowOf, type Kind } from "./categories";
import { form, written } from "./coordinates";
import { h, say } from "./dom";
import { Ground } from "./ground";
import { translated } from "./language";
import { Marks, readPalette } from "./marks";
import { Measure } from "./measure";
import { candidates, percent, placeOf } from "./place";
import type { Cell } from "./cells";
import { area, around, centred, degreesAt, point, poleFor, project, projection, type Pole } from "./shapes";
import type { State } from "./state";
import type { Alert, Solution } from "./types";

const CIRCLES = 300;
/** with more marks than this on the map they are small, and IDs stand beside them only from close by */
const CROWD = 200;
/** m a pixel, from which on a crowd is one */
const CLOSE = 1500;
const PROJECTIONS: [Pole | null, string][] = [
  [null, "Mercator"],
  ["north", "North Pole"],
  ["south", "South Pole"],
];

export class AlertMap {
  readonly element = h("div", { class: "map", role: "application", tabindex: 0, "aria-label": "Map of the alerts" });
  private readonly readout = h("div", { class: "readout", "aria-hidden": "true" });
  private readonly projections = h("select", { class: "projection", "aria-label": "Projection of the map (p)" });
  private readonly map: OlMap;
  private readonly points = new VectorSource<Feature<Point>>();
  private readonly areas = new VectorSource();
  private readonly chosen = new VectorSource();
  private readonly layers: VectorLayer[];
  private readonly ground: Ground;
  private readonly measure: Measure;
  private marks: Marks;
  private solutions: { id: string; list: Solution[] } = { id: "", list: [] };
  private fitted = false;
  private located = 0;
  private drawnAreas = "";
  /** of the alert that is open: what its probability cells were read from, and the cells */
  private cells: { of: string; rings: Cell[] } = { of: "", rings: [] };

  constructor(
    private readonly state: State,
    private readonly open: (id: string) => void,
  ) {
    this.marks = new Marks(readPalette());
    this.ground = new Ground(this.marks.palette);
    this.layers = this.makeLayers();
    this.map = new OlMap({
      target: this.element,
      controls: controls({ attribution: false, rotate: false }).extend([new ScaleLine({ units: "nautical" })]),
      view: mercatorView(),
    });
    this.ground.addTo(this.map);
    for (const layer of this.layers) this.map.addLayer(layer);
    this.element.append(this.readout, this.fitButton(), this.projections);
    this.measure = new Measure(this.map, this.marks.palette);
    this.map.on("pointermove", (event) => {
      this.readCoordinate(event.coordinate);
      const pointer = this.at(event.coordinate).length ? "pointer" : "";
      this.element.style.cursor = this.measure.active ? "crosshair" : pointer;
    });
    this.element.addEventListener("pointerleave", () => say(this.readout, ""));
    this.map.on("click", (event) => {
      if (this.measure.active) {
        this.measure.click(event);
        return;
      }
      const first = this.at(event.coordinate)[0];
      if (first) this.open(first.id);
    });
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
    this.points.clear(true);
    this.drawnAreas = "";
    this.measure.reproject();
    this.draw();
    this.points.changed();
    this.areas.changed();
    this.element.dataset.projection = projection();
  }

  private makeLayers(): VectorLayer[] {
    const of = (feature: { get(name: string): unknown }) => feature.get("alert") as Alert;
    return [
      new VectorLayer({
        source: this.areas,
        style: (feature) => this.marks.area(feature.get("kind") as Kind, false),
      }),
      new VectorLayer({ source: this.chosen, style: (feature) => this.marks.chosen(feature as Feature) }),
      new VectorLayer({
        source: this.points,
        style: (feature, resolution) => this.markStyle(of(feature), resolution),
        renderOrder: (a, b) => this.height(of(a)) - this.height(of(b)),
      }),
      new VectorLayer({
        source: this.points,
        declutter: true,
        style: (feature, resolution) => this.nameStyle(of(feature), resolution),
        renderOrder: (a, b) => this.height(of(b)) - this.height(of(a)),
      }),
    ];
  }

  private crowded(resolution: number): boolean {
    return this.located > CROWD && resolution > CLOSE;
  }

  private markStyle(alert: Alert, resolution: number): Style {
    return this.marks.mark(kindOf(alert), this.state.isUnread(alert), this.crowded(resolution));
  }

  /** Calls for help carry their ID where there is room for it. */
  private nameStyle(alert: Alert, resolution: number): Style | undefined {
    if (!mattersOnMap(alert) || alert.id === this.state.selected || this.crowded(resolution)) return undefined;
    return this.marks.name(alert.hex_id ?? translated("no trusted ID"));
  }

  private height(alert: Alert): number {
    return (alert.id === this.state.selected ? 100 : 0) - rank(alert);
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
    for (const layer of this.layers) layer.changed();
  }

  /** Bring the points in line with the list. */
  draw(): void {
    const shown = this.state.list();
    const old = new Map(this.points.getFeatures().map((feature) => [String(feature.getId()), feature]));
    const added: Feature<Point>[] = [];
    for (const alert of shown) {
      const place = placeOf(alert);
      if (!place) continue;
      const at = point(place.longitude, place.latitude);
      const feature = old.get(alert.id);
      if (!feature) {
        const made = new Feature({ geometry: new Point(at), alert });
        made.setId(alert.id);
        added.push(made);
      } else {
        old.delete(alert.id);
        if (feature.get("alert") !== alert) {
          feature.getGeometry()!.setCoordinates(at);
          feature.set("alert", alert);
        }
      }
    }
    if (old.size > 500) {
      this.points.clear(true);
      this.drawnAreas = "";
      if (shown.length) this.draw();
      else this.points.changed();
      return;
    }
    for (const feature of old.values()) this.points.removeFeature(feature);
    if (added.length) this.points.addFeatures(added);
    this.located = this.points.getFeatures().length;
    this.drawAreas(shown);
    this.drawChosen();
    if (!this.fitted && shown.some((alert) => placeOf(alert))) {
      this.fitted = true;
      this.fit(0);
    }
  }

  /** The solutions of the alert that was opened: all of them are drawn, with their probabilities. */
  setSolutions(id: string, list: Solution[]): void {
    this.solutions = { id, list };
    this.drawChosen();
  }

  private drawAreas(shown: Alert[]): void {
    const urgent = shown.filter((alert) => placeOf(alert)?.ehe_m && mattersOnMap(alert)).slice(0, CIRCLES);
    const key = urgent.map((alert) => `${alert.id}:${alert.seq}`).join();
    if (key === this.drawnAreas) return;
    this.drawnAreas = key;
    this.areas.clear(true);
    this.areas.addFeatures(
      urgent.map((alert) => {
        const { longitude, latitude, ehe_m } = placeOf(alert)!;
        return new Feature({ geometry: around(longitude, latitude, ehe_m!), kind: kindOf(alert) });
      }),
    );
  }

  private drawChosen(): void {
    const id = this.state.selected;
    const alert = id === null ? undefined : this.state.alerts.get(id);
    this.chosen.clear(true);
    this.chosen.addFeatures(alert ? this.chosenFeatures(alert) : []);
    this.chosen.changed();
    this.points.changed();
    this.element.dataset.chosen = this.chosen
      .getFeatures()
      .map((feature) => String(feature.get("role")))
      .join(" ");
  }

  /** Read the cells of the alert that is open; what reads them is loaded with the first. */
  private async readCells(alert: Alert, list: Solution[]): Promise<void> {
    const told: Record<string, number> = Object.assign({}, ...list.map((solution) => solution.cells ?? {}));
    const of = JSON.stringify([alert.id, told]);
    if (of === this.cells.of) return;
    this.cells = { of, rings: [] };
    if (Object.keys(told).length === 0) return;
    const { rings } = await import("./cells");
    if (this.cells.of !== of) return;
    this.cells.rings = rings(told);
    this.drawChosen();
  }

  private chosenFeatures(alert: Alert): Feature[] {
    const kind = kindOf(alert);
    const list = this.solutions.id === alert.id ? this.solutions.list : (alert.solutions ?? []);
    void this.readCells(alert, list);
    const several = list.length + (alert.reference ? 1 : 0) > 1;
    const most = Math.max(...this.cells.rings.map((cell) => cell.probability));
    const made: Feature[] = this.cells.rings.map((cell) => {
      const geometry = new Polygon([cell.ring.map(([longitude, latitude]) => point(longitude, latitude))]);
      return new Feature({ geometry, kind, role: "cell", share: cell.probability / most });
    });
    for (const solution of [...list].reverse()) {
      const shape = area(solution);
      if (shape) made.push(new Feature({ geometry: shape, kind, role: "area" }));
      const chance = (solution.probability ?? 1) < 0.9995 ? ` ${percent(solution.probability)}` : "";
      const at = new Point(point(solution.longitude, solution.latitude));
      const label = several ? `${translated(solution.method)}${chance}` : "";
      made.push(new Feature({ geometry: at, kind, label, role: "solution" }));
    }
    if (alert.reference) {
      const at = new Point(point(alert.reference.longitude, alert.reference.latitude));
      made.push(new Feature({ geometry: at, kind, label: translated("MCC reference"), role: "reference" }));
    }
    const place = placeOf(alert);
    if (place) {
      const at = new Point(point(place.longitude, place.latitude));
      const label = alert.hex_id ?? translated("no trusted ID");
      made.push(new Feature({ geometry: at, kind, label, role: "ring" }));
    }
    return made;
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
    const reach = (this.map.getView().getResolution() ?? 0) * 11;
    const world = 2 * Math.PI * 6378137;
    const [, y] = coordinate;
    const x = centred() ? coordinate[0] : coordinate[0] - world * Math.floor(coordinate[0] / world + 0.5);
    const found: Alert[] = [];
    this.points.forEachFeatureInExtent([x - reach, y - reach, x + reach, y + reach], (feature) => {
      found.push(feature.get("alert") as Alert);
    });
    return found.sort((a, b) => rank(a) - rank(b));
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
