// Places and errors as shapes on the map: its coordinates from degrees and metres, in the projection that is in use.
import Polygon, { circular } from "ol/geom/Polygon";
import { fromLonLat, toLonLat } from "ol/proj";
import type { Solution } from "./types";

/** Mercator ends here. */
const TOP = 85.05;
const METRES_PER_DEGREE = 111_195;
/** two degrees of freedom, 95 % */
const CHI2 = 5.991;
const CORNERS = 72;
/** a place this far from the pole, as a latitude, is better looked at in Mercator */
const FAR = 45;

export type Pole = "north" | "south";

const MERCATOR = "EPSG:3857";
let code = MERCATOR;
let pole: Pole | null = null;

/** Use another projection from now on: whatever was drawn before must be drawn again. */
export function project(to: { code: string; pole: Pole } | null): void {
  [code, pole] = to ? [to.code, to.pole] : [MERCATOR, null];
}

/** Which pole stands in the middle of the map; null: Mercator. */
export function centred(): Pole | null {
  return pole;
}

export function projection(): string {
  return code;
}

/** The view that shows a place rightly: a pole's beyond the end of Mercator, else the one in use where it can. */
export function poleFor(latitude: number): Pole | null {
  if (Math.abs(latitude) > TOP) return latitude > 0 ? "north" : "south";
  return pole && (pole === "north" ? latitude : -latitude) > FAR ? pole : null;
}

/** A polar view ends a little past the other hemisphere's first degrees: what lies beyond would be infinitely far. */
function clamp(latitude: number): number {
  if (pole === null) return Math.max(-TOP, Math.min(TOP, latitude));
  return pole === "north" ? Math.max(-80, latitude) : Math.min(80, latitude);
}

export function point(longitude: number, latitude: number): number[] {
  return fromLonLat([longitude, clamp(latitude)], code);
}

/** Longitude and latitude of a point of the map, the longitude within 180 degrees. */
export function degreesAt(coordinate: number[]): [number, number] {
  const [longitude, latitude] = toLonLat(coordinate, code);
  return [((((longitude + 180) % 360) + 360) % 360) - 180, latitude];
}

/** A circle of this radius on the ground. */
export function around(longitude: number, latitude: number, metres: number): Polygon {
  return circular([longitude, clamp(latitude)], metres, CORNERS).transform("EPSG:4326", code) as Polygon;
}

/** How sure a solution is, on the map: its 95 % ellipse or circle; null where nothing is known. */
export function area(solution: Solution): Polygon | null {
  const { latitude, longitude, ehe_m } = solution;
  if (Math.abs(latitude) > TOP) return ehe_m ? around(longitude, latitude, ehe_m) : null;
  return (outline(solution)?.transform("EPSG:4326", code) as Polygon | undefined) ?? null;
}

/** The same in degrees: its 95 % ellipse where that is known, else its circle. */
export function outline(solution: Solution): Polygon | null {
  const { covariance_m2, latitude, longitude, ehe_m } = solution;
  // a flat ellipse is right only where the ground is nearly flat
  if (!covariance_m2 || Math.abs(latitude) > 85 || (ehe_m ?? 0) > 300_000) {
    return ehe_m ? circular([longitude, latitude], ehe_m, CORNERS) : null;
  }
  const [ee, en, nn] = covariance_m2;
  const mean = (ee + nn) / 2;
  const half = Math.hypot((ee - nn) / 2, en);
  const [long, short] = [mean + half, Math.max(mean - half, 0)].map((variance) => Math.sqrt(CHI2 * variance));
  const turn = 0.5 * Math.atan2(2 * en, ee - nn); // of the long axis, from east to north
  const perDegreeEast = METRES_PER_DEGREE * Math.cos((latitude * Math.PI) / 180);
  const ring: number[][] = [];
  for (let corner = 0; corner <= CORNERS; corner++) {
    const angle = (2 * Math.PI * corner) / CORNERS;
    const [u, v] = [long * Math.cos(angle), short * Math.sin(angle)];
    const east = u * Math.cos(turn) - v * Math.sin(turn);
    const north = u * Math.sin(turn) + v * Math.cos(turn);
    ring.push([longitude + east / perDegreeEast, latitude + north / METRES_PER_DEGREE]);
  }
  return new Polygon([ring]);
}
