// What can be laid over the map: service areas with their buffers, and the satellites that heard the open alert, with
// their footprints. The box that switches them on also explains the marks.
import Feature from "ol/Feature";
import LineString from "ol/geom/LineString";
import Point from "ol/geom/Point";
import Polygon, { circular } from "ol/geom/Polygon";
import VectorImageLayer from "ol/layer/VectorImage";
import VectorLayer from "ol/layer/Vector";
import VectorSource from "ol/source/Vector";
import Fill from "ol/style/Fill";
import RegularShape from "ol/style/RegularShape";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import { ask } from "./ask";
import { KINDS } from "./categories";
import { data, h, say } from "./dom";
import { instant } from "./format";
import { greatCircle } from "./greatcircle";
import { words, type Palette } from "./marks";
import * as memory from "./memory";
import { placeOf } from "./place";
import { point, projection } from "./shapes";
import type { Dossier } from "./types";

interface Seen {
  name: string;
  why?: string;
  latitude: number;
  longitude: number;
  altitude_m: number;
  reach_m: number;
}

interface Areas {
  type: "FeatureCollection";
  features: { properties: { name: string; part: string; buffer_km: number } }[];
  why?: string;
}

type Name = "areas" | "sky";

/** bursts so close together are one, heard by several */
const ONE_BURST_MS = 3000;
const MOST = 64;
const CORNERS = 120;
const EARTH_M = 6_371_008.8;

/** The satellites of the newest burst, else of the newest position; and when they heard it. */
export function heardLast(d: Dossier): { names: string[]; time: string } | null {
  const bursts = d.detections.filter((burst) => burst.satellite && burst.time);
  const newest = bursts.reduce((most, burst) => Math.max(most, Date.parse(burst.time!)), -Infinity);
  if (bursts.length) {
    const same = bursts.filter((burst) => newest - Date.parse(burst.time!) < ONE_BURST_MS);
    return { names: [...new Set(same.map((burst) => burst.satellite!))], time: same[0].time! };
  }
  const solution = d.solutions?.find((one) => one.satellites?.length && one.end);
  return solution ? { names: [...new Set(solution.satellites!)], time: solution.end! } : null;
}

export class Overlays {
  readonly element: HTMLElement;
  readonly layers: (VectorLayer | VectorImageLayer)[];
  private readonly areaSource = new VectorSource();
  private readonly skySource = new VectorSource();
  private readonly boxes = new Map<Name, HTMLInputElement>();
  private readonly notes = new Map<Name, HTMLElement>();
  private areas: Areas | null = null;
  private dossier: Dossier | null = null;
  private seen: { of: string; time: string; list: Seen[] } = { of: "", time: "", list: [] };

  constructor(private palette: Palette) {
    this.layers = [
      new VectorImageLayer({ source: this.areaSource, style: (feature) => this.areaStyle(feature as Feature) }),
      new VectorLayer({ source: this.skySource, style: (feature) => this.skyStyle(feature as Feature) }),
    ];
    this.element = h(
      "details",
      { class: "layers" },
      h("summary", null, "Layers and legend"),
      h(
        "div",
        { class: "layers-body" },
        this.box("areas", "Service areas and buffers", () => this.drawAreas()),
        this.box("sky", "Who heard it, and footprints", () => this.drawSky()),
        legend(),
      ),
    );
    if (this.on("areas")) void this.drawAreas();
  }

  /** The alert that is open, or none. */
  setAlert(dossier: Dossier | null): void {
    this.dossier = dossier;
    void this.drawSky();
  }

  reproject(): void {
    void this.drawAreas();
    void this.drawSky();
  }

  restyle(palette: Palette): void {
    this.palette = palette;
    for (const layer of this.layers) layer.changed();
  }

  /** What the map shows of these, for tests and for who asks. */
  get shown(): string {
    return [...this.areaSource.getFeatures(), ...this.skySource.getFeatures()]
      .map((feature) => String(feature.get("part")))
      .join(" ");
  }

  private on(name: Name): boolean {
    return this.boxes.get(name)!.checked;
  }

  private box(name: Name, label: string, draw: () => Promise<void>): HTMLElement {
    const box = h("input", { type: "checkbox", data: { layer: name } });
    box.checked = memory.load<boolean>(`layer.${name}`, false);
    box.addEventListener("change", () => {
      memory.save(`layer.${name}`, box.checked);
      void draw();
    });
    const note = h("div", { class: "note", role: "status" });
    this.boxes.set(name, box);
    this.notes.set(name, note);
    return h("div", null, h("label", null, box, label), note);
  }

  private note(name: Name, text: string): void {
    say(this.notes.get(name)!, text);
  }

  private async drawAreas(): Promise<void> {
    this.areaSource.clear(true);
    if (this.on("areas")) {
      try {
        this.areas ??= await ask<Areas>("./api/areas");
        this.note("areas", this.areas.features.length ? "" : (this.areas.why ?? ""));
        const { default: GeoJSON } = await import("ol/format/GeoJSON");
        const read = new GeoJSON({ dataProjection: "EPSG:4326", featureProjection: projection() });
        if (this.on("areas")) this.areaSource.addFeatures(read.readFeatures(this.areas) as Feature[]);
      } catch (error) {
        this.note("areas", `The areas could not be loaded: ${(error as Error).message}.`);
      }
    } else this.note("areas", "");
    this.areaSource.changed();
    this.element.dataset.shown = this.shown;
  }

  private async drawSky(): Promise<void> {
    const { dossier } = this;
    this.skySource.clear(true);
    this.skySource.changed();
    this.note("sky", "");
    if (!this.on("sky")) return;
    const heard = dossier && heardLast(dossier);
    if (!heard) {
      this.note("sky", dossier ? "No satellite is named: stations heard it." : "Open an alert to see who heard it.");
      this.element.dataset.shown = this.shown;
      return;
    }
    const query = `satellites=${encodeURIComponent(heard.names.slice(0, MOST).join(","))}&time=${heard.time}`;
    try {
      if (this.seen.of !== query) {
        const told = await ask<{ satellites: Seen[] }>(`./api/sky?${query}`);
        this.seen = { of: query, time: heard.time, list: told.satellites };
      }
    } catch (error) {
      this.note("sky", `The satellites could not be loaded: ${(error as Error).message}.`);
      return;
    }
    if (this.dossier !== dossier) return;
    const known = this.seen.list.filter((one) => !one.why);
    const place = placeOf(dossier);
    this.skySource.clear(true);
    for (const one of known) this.skySource.addFeatures(features(one, place));
    this.skySource.changed();
    const missing = this.seen.list.filter((one) => one.why);
    const at = `${instant(this.seen.time)} UTC`;
    this.note(
      "sky",
      missing.length
        ? `Not shown: ${missing.map((one) => one.name).join(", ")}. ${missing[0].why}`
        : `As the satellites stood at ${at}.`,
    );
    this.element.dataset.shown = this.shown;
  }

  private areaStyle(feature: Feature): Style {
    const buffer = feature.get("part") === "buffer";
    return new Style({
      fill: new Fill({ color: `${this.palette.area}${buffer ? "1c" : "12"}` }),
      stroke: new Stroke({
        color: `${this.palette.area}${buffer ? "90" : "e0"}`,
        width: buffer ? 1 : 1.6,
        lineDash: buffer ? [3, 4] : undefined,
      }),
      text: buffer
        ? undefined
        : words(this.palette, { text: String(feature.get("name")), font: "600 12px system-ui, sans-serif" }),
    });
  }

  private skyStyle(feature: Feature): Style {
    const part = feature.get("part");
    if (part === "satellite") {
      return new Style({
        image: new RegularShape({
          points: 3,
          radius: 7,
          fill: new Fill({ color: this.palette.sky }),
          stroke: new Stroke({ color: this.palette.halo, width: 1.5 }),
        }),
        text: words(this.palette, { text: String(feature.get("name")), offsetY: -14 }),
      });
    }
    const beam = part === "beam";
    return new Style({
      stroke: new Stroke({
        color: `${this.palette.sky}${beam ? "c0" : "90"}`,
        width: beam ? 1.4 : 1.2,
        lineDash: beam ? [2, 5] : undefined,
      }),
    });
  }
}

/** A satellite's place, the line to who called, and how far its horizon reaches. */
function features(one: Seen, place: { latitude: number; longitude: number } | null): Feature[] {
  const { name, latitude, longitude, reach_m } = one;
  const at: [number, number] = [longitude, latitude];
  const ring = circular(at, reach_m, CORNERS, EARTH_M).getCoordinates()[0];
  let before = ring[0][0];
  const edge = ring.map(([east, north]) => {
    while (east - before > 180) east -= 360;
    while (east - before < -180) east += 360;
    before = east;
    return point(east, north);
  });
  const made: Feature[] = [
    new Feature({ geometry: new LineString(edge), part: "footprint" }),
    new Feature({ geometry: new Point(point(...at)), part: "satellite", name }),
  ];
  if (place) {
    const line = new LineString(greatCircle([place.longitude, place.latitude], at));
    made.push(new Feature<LineString | Polygon>({ geometry: line, part: "beam" }) as Feature);
  }
  return made;
}

function legend(): HTMLElement {
  const rows: [string, string][] = [
    ["◯", "Ring: the position that the list gives"],
    ["✕", "Cross: a computed or encoded position of the open alert"],
    ["◇", "Square: the centre's reference position"],
    ["⬭", "Ellipse or circle: holds the beacon with 95 %"],
    ["⬡", "Cells: the darker, the likelier"],
  ];
  return h(
    "ul",
    { class: "legend-list" },
    ...KINDS.map(({ kind, label, shape }) =>
      h("li", { data: { kind } }, h("i", { "aria-hidden": "true" }, data(shape)), label),
    ),
    ...rows.map(([sign, label]) => h("li", null, h("i", { "aria-hidden": "true" }, data(sign)), label)),
    h("li", null, h("i", { "aria-hidden": "true" }, data("▲")), "Triangle with a line: a satellite that heard it"),
  );
}
