// How alerts look on the map: each kind has a shape as well as a colour, for who does not see the colours.
import type Feature from "ol/Feature";
import Polygon from "ol/geom/Polygon";
import CircleStyle from "ol/style/Circle";
import Fill from "ol/style/Fill";
import RegularShape from "ol/style/RegularShape";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import Text, { type Options } from "ol/style/Text";
import { KINDS, type Kind } from "./categories";

export interface Palette {
  land: string;
  coast: string;
  border: string;
  line: string;
  label: string;
  halo: string;
  area: string;
  sky: string;
  kinds: Record<Kind, string>;
}

/** The colours of the theme, which style.css holds. */
export function readPalette(): Palette {
  const css = getComputedStyle(document.documentElement);
  const of = (name: string) => css.getPropertyValue(`--${name}`).trim();
  return {
    land: of("land"),
    coast: of("coast"),
    border: of("border"),
    line: of("graticule"),
    label: of("map-text"),
    halo: of("map-halo"),
    area: of("map-area"),
    sky: of("map-sky"),
    kinds: Object.fromEntries(KINDS.map(({ kind }) => [kind, of(`mark-${kind}`)])) as Record<Kind, string>,
  };
}

export function words(palette: Palette, options: Options): Text {
  return new Text({
    font: "11px system-ui, sans-serif",
    fill: new Fill({ color: palette.label }),
    stroke: new Stroke({ color: palette.halo, width: 3 }),
    ...options,
  });
}

const SHAPES: Record<Kind, { points: number; radius: number; radius2?: number; angle?: number } | { radius: number }> =
  {
    distress: { radius: 8 },
    unreliable: { points: 4, radius: 9 },
    national: { points: 5, radius: 9 },
    cancelled: { points: 4, radius: 8, radius2: 2.5, angle: Math.PI / 4 },
    exercise: { points: 4, radius: 9, angle: Math.PI / 4 },
    test: { points: 3, radius: 7 },
    self_test: { points: 3, radius: 7 },
    orbitography: { radius: 4.5 },
    closed: { radius: 6 },
  };

export class Marks {
  private readonly cache = new Map<string, Style>();

  constructor(readonly palette: Palette) {}

  /** The mark of an alert; an unread one has a dark rim, and in a crowd all are smaller. */
  mark(kind: Kind, unread: boolean, crowded: boolean): Style {
    const key = `${kind}/${unread}/${crowded}`;
    let style = this.cache.get(key);
    if (!style) {
      const hollow = kind === "closed";
      const fill = new Fill({ color: hollow ? this.palette.halo : this.palette.kinds[kind] });
      const rim = { color: hollow ? this.palette.kinds[kind] : "#ffffff", width: hollow ? 2 : 1.6 };
      const stroke = new Stroke(unread ? { color: this.palette.label, width: 2.4 } : rim);
      const shape = SHAPES[kind];
      const image =
        "points" in shape
          ? new RegularShape({ ...shape, fill, stroke })
          : new CircleStyle({ radius: shape.radius, fill, stroke });
      if (crowded) image.setScale(0.6);
      style = new Style({ image });
      this.cache.set(key, style);
    }
    return style;
  }

  /** The ID beside a mark. */
  name(text: string): Style {
    return new Style({ text: words(this.palette, { text, textAlign: "left", offsetX: 13 }) });
  }

  area(kind: Kind, strong: boolean): Style {
    const colour = this.palette.kinds[kind];
    return new Style({
      fill: new Fill({ color: `${colour}${strong ? "2e" : "1a"}` }),
      stroke: new Stroke({ color: colour, width: strong ? 2 : 1, lineDash: strong ? undefined : [4, 4] }),
    });
  }

  /** What belongs to the alert that is open: its areas, its positions, the ring round the one that is shown. */
  chosen(feature: Feature): Style {
    const kind = feature.get("kind") as Kind;
    const colour = this.palette.kinds[kind];
    const role = feature.get("role") as string;
    if (role === "cell") return this.cell(colour, feature.get("share") as number);
    if (feature.getGeometry() instanceof Polygon) return this.area(kind, true);
    const text = feature.get("label") as string;
    if (role === "reference") {
      // a square with its centre: told from the crosses of what was measured
      return new Style({
        image: new RegularShape({
          points: 4,
          radius: 10,
          angle: Math.PI / 4,
          fill: new Fill({ color: `${this.palette.halo}99` }),
          stroke: new Stroke({ color: colour, width: 2.5 }),
        }),
        text: words(this.palette, { text, font: "12px system-ui, sans-serif", offsetX: 14, textAlign: "left" }),
      });
    }
    if (role === "ring") {
      return new Style({
        image: new CircleStyle({ radius: 14, stroke: new Stroke({ color: colour, width: 3 }) }),
        text: words(this.palette, { text, font: "600 12px system-ui, sans-serif", offsetY: -24 }),
      });
    }
    return new Style({
      image: new RegularShape({ points: 4, radius: 7, radius2: 0, stroke: new Stroke({ color: colour, width: 2 }) }),
      text: words(this.palette, {
        text,
        font: "12px system-ui, sans-serif",
        offsetY: 22 + 14 * (feature.get("row") ?? 0),
      }),
    });
  }

  /** A cell of probability: the likelier, the less of the map shows through. */
  private cell(colour: string, share: number): Style {
    const opacity = Math.round(255 * (0.06 + 0.6 * share));
    return new Style({
      fill: new Fill({ color: `${colour}${opacity.toString(16).padStart(2, "0")}` }),
      stroke: new Stroke({ color: `${colour}66`, width: 0.5 }),
    });
  }
}
