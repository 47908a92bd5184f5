// The shortest way between two places, as a line of the map.
import LatLonSphere from "geodesy/latlon-spherical.js";
import { point } from "./shapes";

const STEPS_DEG = 0.5;

/** In small steps; across the date line the line goes on. */
export function greatCircle(from: [number, number], to: [number, number]): number[][] {
  const [start, end] = [new LatLonSphere(from[1], from[0]), new LatLonSphere(to[1], to[0])];
  const count = Math.max(1, Math.ceil(start.distanceTo(end) / 111_195 / STEPS_DEG));
  let before = from[0];
  return Array.from({ length: count + 1 }, (_, index) => {
    const place = start.intermediatePointTo(end, index / count);
    let longitude = place.lon;
    while (longitude - before > 180) longitude -= 360;
    while (longitude - before < -180) longitude += 360;
    before = longitude;
    return point(longitude, place.lat);
  });
}
