// Places and errors as shapes on the map: Mercator coordinates of degrees and metres.
import Polygon, { circular } from "ol/geom/Polygon";
import { fromLonLat } from "ol/proj";
import type { Solution } from "./types";

/** Mercator ends here. */
const TOP = 85.05;
const METRES_PER_DEGREE = 111_195;
/** two degrees of freedom, 95 % */
const CHI2 = 5.991;
const CORNERS = 72;

function clamp(latitude: number): number {
  return Math.max(-TOP, Math.min(TOP, latitude));
}

export function point(longitude: number, latitude: number): number[] {
  return fromLonLat([longitude, clamp(latitude)]);
}

/** A circle of this radius on the ground. */
export function around(longitude: number, latitude: number, metres: number): Polygon {
  return circular([longitude, clamp(latitude)], metres, CORNERS).transform("EPSG:4326", "EPSG:3857") as Polygon;
}

/** How sure a solution is, on the map: its 95 % ellipse or circle; null where nothing is known. */
export function area(solution: Solution): Polygon | null {
  const { latitude, longitude, ehe_m } = solution;
  if (Math.abs(latitude) > TOP) return ehe_m ? around(longitude, latitude, ehe_m) : null;
  return (outline(solution)?.transform("EPSG:4326", "EPSG:3857") as Polygon | undefined) ?? null;
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
