// The measuring tool: click points on the map, read the distance and the bearing of each leg along the great circle.
import Feature from "ol/Feature";
import type OlMap from "ol/Map";
import type MapBrowserEvent from "ol/MapBrowserEvent";
import LineString from "ol/geom/LineString";
import Point from "ol/geom/Point";
import DoubleClickZoom from "ol/interaction/DoubleClickZoom";
import VectorLayer from "ol/layer/Vector";
import VectorSource from "ol/source/Vector";
import CircleStyle from "ol/style/Circle";
import Fill from "ol/style/Fill";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import LatLon from "geodesy/latlon-ellipsoidal-vincenty.js";
import LatLonSphere from "geodesy/latlon-spherical.js";
import { h, say } from "./dom";
import { distance } from "./format";
import { greatCircle } from "./greatcircle";
import { words, type Palette } from "./marks";
import { degreesAt, point } from "./shapes";

interface Leg {
  metres: number;
  bearing: number;
}

export class Measure {
  readonly button = h("button", { class: "measure", "aria-pressed": "false", onclick: () => this.toggle() }, "Measure");
  private readonly told = h("div", { class: "measured", role: "status" });
  private readonly source = new VectorSource();
  private readonly layer: VectorLayer;
  private points: [number, number][] = [];
  private on = false;

  constructor(
    private readonly map: OlMap,
    private palette: Palette,
  ) {
    this.layer = new VectorLayer({ source: this.source, style: (feature) => this.style(feature as Feature) });
    map.addLayer(this.layer);
    map.getTargetElement()!.append(this.button, this.told);
  }

  get active(): boolean {
    return this.on;
  }

  toggle(): void {
    this.on = !this.on;
    this.button.setAttribute("aria-pressed", String(this.on));
    this.points = [];
    for (const interaction of this.map.getInteractions().getArray()) {
      if (interaction instanceof DoubleClickZoom) interaction.setActive(!this.on); // two points are no double click
    }
    this.draw();
  }

  /** A click on the map while measuring. */
  click(event: MapBrowserEvent): void {
    this.points.push(degreesAt(event.coordinate));
    this.draw();
  }

  /** The projection has changed: the same places lie elsewhere. */
  reproject(): void {
    this.draw();
  }

  restyle(palette: Palette): void {
    this.palette = palette;
    this.layer.changed();
  }

  private draw(): void {
    this.source.clear(true);
    const legs: Leg[] = [];
    this.points.forEach((place, index) => {
      this.source.addFeature(new Feature({ geometry: new Point(point(...place)), corner: true }));
      if (index === 0) return;
      const leg = measured(this.points[index - 1], place);
      legs.push(leg);
      const line = new LineString(greatCircle(this.points[index - 1], place));
      this.source.addFeature(new Feature({ geometry: line, label: legWords(leg) }));
    });
    const total = legs.reduce((sum, leg) => sum + leg.metres, 0);
    if (!this.on) say(this.told, "");
    else if (!legs.length)
      say(this.told, "Click points on the map: the distance and the bearing of each leg are shown.");
    else {
      const last = legWords(legs[legs.length - 1]);
      say(this.told, legs.length > 1 ? `Last leg ${last}. ${legs.length} legs, ${distance(total)}.` : `${last}.`);
    }
  }

  private style(feature: Feature): Style {
    if (feature.get("corner")) {
      return new Style({ image: new CircleStyle({ radius: 4, fill: new Fill({ color: this.palette.label }) }) });
    }
    return new Style({
      stroke: new Stroke({ color: this.palette.label, width: 2, lineDash: [6, 4] }),
      text: words(this.palette, { text: feature.get("label") as string, placement: "line", offsetY: -9 }),
    });
  }
}

function legWords({ metres, bearing }: Leg): string {
  return `${distance(metres)}, ${String(Math.round(bearing) % 360).padStart(3, "0")}° true`;
}

/** Length and first bearing of the shortest way on WGS-84; between antipodes, where that finds none, on the sphere. */
function measured(from: [number, number], to: [number, number]): Leg {
  const [start, end] = [new LatLon(from[1], from[0]), new LatLon(to[1], to[0])];
  const metres = start.distanceTo(end);
  if (!Number.isNaN(metres)) return { metres, bearing: start.initialBearingTo(end) || 0 };
  const [here, there] = [new LatLonSphere(from[1], from[0]), new LatLonSphere(to[1], to[0])];
  return { metres: here.distanceTo(there), bearing: here.initialBearingTo(there) || 0 };
}
