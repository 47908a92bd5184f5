// The marks of all alerts on the map, with their error circles and, where there is room, their IDs.
import Feature from "ol/Feature";
import Point from "ol/geom/Point";
import VectorLayer from "ol/layer/Vector";
import VectorSource from "ol/source/Vector";
import type Style from "ol/style/Style";
import { kindOf, mattersOnMap, rank, type Kind } from "./categories";
import { translated } from "./language";
import type { Marks } from "./marks";
import { placeOf } from "./place";
import { around, centred, point } from "./shapes";
import type { State } from "./state";
import type { Alert } from "./types";

const CIRCLES = 300;
/** with more marks than this on the map they are small, and IDs stand beside them only from close by */
const CROWD = 200;
/** m a pixel, from which on a crowd is one */
const CLOSE = 400;
/** more marks than this that go at once: all are drawn anew */
const MANY = 500;

const of = (feature: { get(name: string): unknown }) => feature.get("alert") as Alert;

export class Points {
  private readonly source = new VectorSource<Feature<Point>>();
  private readonly areas = new VectorSource();
  /** error circles; what belongs to the open alert is drawn between them and the marks */
  readonly below: VectorLayer;
  readonly above: VectorLayer[];
  private located = 0;
  private drawnAreas = "";

  constructor(
    private readonly state: State,
    private readonly marks: () => Marks,
  ) {
    this.below = new VectorLayer({
      source: this.areas,
      style: (feature) => this.marks().area(feature.get("kind") as Kind, false),
    });
    this.above = [
      new VectorLayer({
        source: this.source,
        style: (feature, resolution) => this.markStyle(of(feature), resolution),
        renderOrder: (a, b) => this.height(of(a)) - this.height(of(b)),
      }),
      new VectorLayer({
        source: this.source,
        declutter: true,
        style: (feature, resolution) => this.nameStyle(of(feature), resolution),
        renderOrder: (a, b) => this.height(of(b)) - this.height(of(a)),
      }),
    ];
  }

  /** Bring the marks in line with the list. */
  draw(shown: Alert[]): void {
    const old = new Map(this.source.getFeatures().map((feature) => [String(feature.getId()), feature]));
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
    if (old.size > MANY) {
      this.clear();
      if (shown.length) this.draw(shown);
      else this.source.changed();
      return;
    }
    for (const feature of old.values()) this.source.removeFeature(feature);
    if (added.length) this.source.addFeatures(added);
    this.located = this.source.getFeatures().length;
    this.drawAreas(shown);
  }

  /** Nothing that was drawn holds any more: the projection has changed. */
  clear(): void {
    this.source.clear(true);
    this.drawnAreas = "";
  }

  changed(): void {
    this.source.changed();
    this.areas.changed();
  }

  /** The alerts whose marks lie within ``reach`` of a point of the map, the most urgent first. */
  at(coordinate: number[], reach: number): Alert[] {
    const world = 2 * Math.PI * 6378137;
    const [, y] = coordinate;
    const x = centred() ? coordinate[0] : coordinate[0] - world * Math.floor(coordinate[0] / world + 0.5);
    const found: Alert[] = [];
    this.source.forEachFeatureInExtent([x - reach, y - reach, x + reach, y + reach], (feature) => {
      found.push(of(feature));
    });
    return found.sort((a, b) => rank(a) - rank(b));
  }

  private crowded(resolution: number): boolean {
    return this.located > CROWD && resolution > CLOSE;
  }

  private markStyle(alert: Alert, resolution: number): Style {
    return this.marks().mark(kindOf(alert), this.state.isUnread(alert), this.crowded(resolution));
  }

  /** Calls for help carry their ID where there is room for it. */
  private nameStyle(alert: Alert, resolution: number): Style | undefined {
    if (!mattersOnMap(alert) || alert.id === this.state.selected || this.crowded(resolution)) return undefined;
    return this.marks().name(alert.hex_id ?? translated("no trusted ID"));
  }

  private height(alert: Alert): number {
    return (alert.id === this.state.selected ? 100 : 0) - rank(alert);
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
}
