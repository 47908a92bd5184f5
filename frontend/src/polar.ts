// The polar views: where Mercator ends. Stereographic on WGS-84, as the charts of both polar regions are. Loaded when
// somebody asks for one.
import Feature from "ol/Feature";
import LineString from "ol/geom/LineString";
import Point from "ol/geom/Point";
import { get } from "ol/proj";
import { register } from "ol/proj/proj4";
import proj4 from "proj4";
import { point, type Pole } from "./shapes";

const CODES: Record<Pole, string> = { north: "EPSG:3995", south: "EPSG:3031" };
/** the largest distance from the pole that is shown, in degrees of latitude */
export const REACH_DEG = 60;

/** Let OpenLayers know a polar projection; its code. */
export function projection(pole: Pole): string {
  const code = CODES[pole];
  if (get(code)) return code;
  const [at, scale] = pole === "north" ? [90, 71] : [-90, -71];
  proj4.defs(code, `+proj=stere +lat_0=${at} +lat_ts=${scale} +lon_0=0 +datum=WGS84 +units=m +no_defs`);
  register(proj4);
  const made = get(code)!;
  const edge = proj4("EPSG:4326", code, [0, Math.sign(at) * (90 - REACH_DEG)]);
  const reach = Math.hypot(edge[0], edge[1]);
  made.setExtent([-reach, -reach, reach, reach]);
  const latitude = Math.sign(at) * (90 - REACH_DEG);
  made.setWorldExtent([-180, Math.min(at, latitude), 180, Math.max(at, latitude)]);
  return code;
}

/** Parallels and meridians, each with its name; in the projection that is in use. */
export function graticule(pole: Pole, meridian: (angle: number, plus: string, minus: string) => string): Feature[] {
  const sign = pole === "north" ? 1 : -1;
  const made: Feature[] = [];
  for (const latitude of [30, 40, 50, 60, 70, 80, 85]) {
    const ring = Array.from({ length: 181 }, (_, step) => point(step * 2 - 180, sign * latitude));
    made.push(new Feature({ geometry: new LineString(ring) }));
    made.push(
      new Feature({ geometry: new Point(point(0, sign * latitude)), name: meridian(sign * latitude, "N", "S") }),
    );
  }
  for (let longitude = -150; longitude <= 180; longitude += 30) {
    const line = [point(longitude, sign * (90 - REACH_DEG)), point(longitude, sign * 85)];
    made.push(new Feature({ geometry: new LineString(line) }));
    for (const latitude of [85, 75, 52]) {
      const at = new Point(point(longitude, sign * (latitude - 1)));
      if (longitude !== 0) made.push(new Feature({ geometry: at, name: meridian(longitude, "E", "W") }));
    }
  }
  return made;
}
