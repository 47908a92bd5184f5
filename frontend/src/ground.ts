// What lies under the alerts: land, borders, names and the graticule, from files of our own server.
import Feature from "ol/Feature";
import type OlMap from "ol/Map";
import LineString from "ol/geom/LineString";
import Point from "ol/geom/Point";
import Polygon from "ol/geom/Polygon";
import Graticule from "ol/layer/Graticule";
import VectorLayer from "ol/layer/Vector";
import VectorImageLayer from "ol/layer/VectorImage";
import VectorSource from "ol/source/Vector";
import Fill from "ol/style/Fill";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import Text from "ol/style/Text";
import { words, type Palette } from "./marks";
import { centred, point } from "./shapes";

/** As scripts/land.mjs writes it: lines as steps of whole numbers, ``scale`` of them to a degree. */
interface Land {
  scale: number;
  polygons: number[][][];
  borders: number[][];
  /** name, longitude, latitude, area of a country */
  labels?: [string, number, number, number][];
}

/** the land files, coarse to fine, and the zoom from which each is wanted */
const LEVELS: [string, number][] = [
  ["110m", 0],
  ["50m", 2.6],
  ["10m", 6],
];

export class Ground {
  private readonly land = new VectorSource();
  private readonly names = new VectorSource();
  private readonly landLayer = new VectorImageLayer({ source: this.land, imageRatio: 1.5 });
  private readonly namesLayer: VectorLayer;
  private graticule: Graticule | null = null;
  private level = 0;
  private latest: Land | null = null;
  private labels: Land["labels"];
  private readonly polarLines = new VectorSource();
  private readonly polarLayer: VectorLayer;
  private map: OlMap | null = null;

  constructor(private palette: Palette) {
    this.namesLayer = new VectorLayer({
      source: this.names,
      declutter: true,
      style: (feature, resolution) => this.nameStyle(feature as Feature, resolution),
    });
    this.polarLayer = new VectorLayer({
      source: this.polarLines,
      declutter: true,
      style: (feature) => this.lineStyle(feature.get("name") as string | undefined),
    });
  }

  /** Draw everything again: the projection has changed. ``lines`` stand for the graticule of a polar view. */
  reproject(lines: ((meridian: typeof meridianName) => Feature[]) | null): void {
    this.graticule?.setVisible(lines === null);
    this.polarLines.clear(true);
    if (lines) this.polarLines.addFeatures(lines(meridianName));
    this.polarLines.changed();
    this.names.clear(true);
    this.land.clear(true);
    if (this.latest) this.draw(this.latest);
  }

  private draw(land: Land): void {
    if (land.labels) {
      this.names.clear(true);
      this.names.addFeatures(land.labels.map(nameFeature));
    }
    this.land.clear(true);
    this.land.addFeatures(landFeatures(land));
  }

  private lineStyle(name: string | undefined): Style {
    const text = name === undefined ? undefined : words(this.palette, { text: name });
    return new Style({ stroke: new Stroke({ color: this.palette.line, width: 0.9 }), text });
  }

  addTo(map: OlMap): void {
    this.map = map;
    map.addLayer(this.landLayer);
    map.addLayer(this.polarLayer);
    map.addLayer(this.namesLayer);
    this.restyle(this.palette);
    map.on("moveend", () => {
      const zoom = map.getView().getZoom() ?? 0;
      const wanted = LEVELS.findLastIndex(([, from]) => zoom >= from);
      if (wanted > this.level) void this.load(wanted);
    });
  }

  async load(level = 0): Promise<void> {
    const before = this.level;
    this.level = level;
    try {
      const reply = await fetch(`./land-${LEVELS[level][0]}.json`);
      if (!reply.ok) throw new Error(`answered ${reply.status}`);
      const land = (await reply.json()) as Land;
      this.labels ??= land.labels;
      if (this.level > level && this.latest) return this.draw(this.latest); // a finer one is here already
      this.latest = { ...land, labels: this.labels };
      this.draw(this.latest);
    } catch {
      this.level = before; // the positions are shown all the same; the next move of the map tries again
    }
  }

  restyle(palette: Palette): void {
    this.palette = palette;
    const land = new Style({
      fill: new Fill({ color: palette.land }),
      stroke: new Stroke({ color: palette.coast, width: 0.8 }),
    });
    const border = new Style({ stroke: new Stroke({ color: palette.border, width: 0.6 }) });
    this.landLayer.setStyle((feature) => (feature.get("border") ? border : land));
    this.namesLayer.changed();
    this.polarLayer.changed();
    if (this.graticule) this.map?.removeLayer(this.graticule);
    this.graticule = new Graticule({
      strokeStyle: new Stroke({ color: palette.line, width: 0.7 }),
      showLabels: true,
      wrapX: false,
      lonLabelPosition: 0,
      latLabelPosition: 1,
      lonLabelStyle: words(palette, { textBaseline: "bottom", offsetY: -2 }),
      latLabelStyle: words(palette, { textAlign: "end", offsetX: -3 }),
      lonLabelFormatter: (lon) => meridianName(lon, "E", "W"),
      latLabelFormatter: (lat) => meridianName(lat, "N", "S"),
      targetSize: 130,
    });
    this.graticule.setVisible(centred() === null);
    this.map?.getLayers().insertAt(1, this.graticule);
  }

  private nameStyle(feature: Feature, resolution: number): Style | undefined {
    const area = feature.get("area") as number;
    if (area * 3e6 < resolution * resolution * 0.9 || resolution < 60) return undefined;
    return new Style({
      text: new Text({
        text: feature.get("name") as string,
        font: "11px system-ui, sans-serif",
        fill: new Fill({ color: this.palette.coast }),
        stroke: new Stroke({ color: this.palette.halo, width: 2 }),
      }),
    });
  }
}

function unpack(steps: number[], scale: number): number[][] {
  const out: number[][] = [];
  let [x, y] = [0, 0];
  for (let index = 0; index < steps.length; index += 2) {
    x += steps[index];
    y += steps[index + 1];
    out.push(point(x / scale, y / scale));
  }
  return out;
}

/** Land round the other pole would cover a polar view, and land of the other hemisphere lies far beyond its edge. */
function inSight(outer: number[], scale: number): boolean {
  const pole = centred();
  if (pole === null) return true;
  let [latitude, lowest, highest] = [0, Infinity, -Infinity];
  for (let index = 1; index < outer.length; index += 2) {
    latitude += outer[index];
    lowest = Math.min(lowest, latitude);
    highest = Math.max(highest, latitude);
  }
  return pole === "north" ? highest > 0 && lowest > -60 * scale : lowest < 0;
}

/** One feature a polygon: what is out of sight is not drawn. */
function landFeatures(land: Land): Feature[] {
  const shapes = land.polygons
    .filter(([outer]) => inSight(outer, land.scale))
    .map((rings) => new Polygon(rings.map((ring) => unpack(ring, land.scale))));
  const borders = land.borders.map((line) => new LineString(unpack(line, land.scale)));
  return [
    ...shapes.map((geometry) => new Feature<Polygon | LineString>(geometry)),
    ...borders.map((geometry) => new Feature<Polygon | LineString>({ geometry, border: true })),
  ];
}

function nameFeature([name, lon, lat, area]: [string, number, number, number]): Feature {
  return new Feature({ geometry: new Point(point(lon, lat)), name, area });
}

function meridianName(angle: number, plus: string, minus: string): string {
  const minutes = Math.round(Math.abs(angle) * 6000) / 100;
  const [whole, rest] = [Math.floor(minutes / 60), +(minutes % 60).toFixed(2)];
  const text = rest ? `${whole}° ${rest}′` : `${whole}°`;
  return minutes === 0 || minutes === 10800 ? text : `${text} ${angle < 0 ? minus : plus}`;
}
