// Makes the land layers of the map from Natural Earth (public domain, npm package world-atlas, ISC).
//
// world-atlas cuts nothing at the antimeridian: drawn on a flat map, Russia and Fiji become bands across the world.
// d3's equirectangular projection with a scale of one degree clips every shape there. Coordinates become whole
// tenths (1:110 million), hundredths (1:50 million) or five-hundredths (1:10 million) of a degree, each point as the
// step from the one before.
import { readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { geoArea, geoEquirectangular } from "d3-geo";
import { geoProject } from "d3-geo-projection";
import { feature, mesh } from "topojson-client";

const flat = geoEquirectangular()
  .scale(180 / Math.PI)
  .translate([0, 0])
  .reflectY(true)
  .precision(0);

function steps(points, scale, closed) {
  const out = [];
  let [x, y] = [0, 0];
  for (const [lon, lat] of points) {
    const [X, Y] = [Math.round(lon * scale), Math.round(lat * scale)];
    if (out.length && X === x && Y === y) continue;
    out.push(X - x, Y - y);
    [x, y] = [X, Y];
  }
  return out.length >= (closed ? 8 : 4) ? out : null;
}

function rings(geometry) {
  if (!geometry) return [];
  if (geometry.type === "Polygon") return [geometry.coordinates];
  if (geometry.type === "MultiPolygon") return geometry.coordinates;
  if (geometry.type === "GeometryCollection") return geometry.geometries.flatMap(rings);
  return [];
}

/** A polygon that holds less than half of the globe: rounding turns some islets inside out, and they become the sea. */
function upright(coordinates) {
  const polygon = { type: "Polygon", coordinates };
  if (geoArea(polygon) < 2 * Math.PI) return polygon;
  return { type: "Polygon", coordinates: coordinates.map((ring) => [...ring].reverse()) };
}

function lines(geometry) {
  if (!geometry) return [];
  if (geometry.type === "LineString") return [geometry.coordinates];
  if (geometry.type === "MultiLineString") return geometry.coordinates;
  return [];
}

function labels(countries) {
  // a country's name stands in the middle of its largest part, and small countries are named later, on zooming in
  return countries.features
    .map((country) => {
      const parts = rings(country.geometry).map((coordinates) => ({ type: "Polygon", coordinates }));
      const part = parts.sort((a, b) => geoArea(b) - geoArea(a))[0];
      const shown = rings(geoProject(part, flat)).sort((a, b) => b[0].length - a[0].length)[0];
      const [lons, lats] = [0, 1].map((axis) => shown[0].map((point) => point[axis]));
      const middle = (values) => Math.round(((Math.min(...values) + Math.max(...values)) / 2) * 100) / 100;
      const area = Math.round(geoArea(part) * 1e5) / 10;
      return [country.properties.name, middle(lons), middle(lats), area];
    })
    .sort((a, b) => b[3] - a[3] || (a[0] < b[0] ? -1 : 1));
}

mkdirSync("public", { recursive: true });
const atlas = readFileSync("node_modules/world-atlas/LICENSE", "utf8");
writeFileSync(
  "public/land-licence.txt",
  `Land, borders and names: Natural Earth, in the public domain, by way of the package world-atlas:\n\n${atlas}`,
);
for (const [resolution, scale] of [
  ["110m", 10],
  ["50m", 100],
  ["10m", 500],
]) {
  const read = (name) => JSON.parse(readFileSync(`node_modules/world-atlas/${name}-${resolution}.json`, "utf8"));
  const [land, world] = [read("land"), read("countries")];
  const polygons = feature(land, land.objects.land)
    .features.flatMap((shape) => rings(shape.geometry).map(upright))
    .flatMap((shape) => rings(geoProject(shape, flat)))
    .map((polygon) => polygon.map((ring) => steps(ring, scale, true)).filter(Boolean))
    .filter((polygon) => polygon.length);
  const between = mesh(world, world.objects.countries, (a, b) => a !== b);
  const borders = lines(geoProject(between, flat))
    .map((line) => steps(line, scale, false))
    .filter(Boolean);
  const layer = { scale, polygons, borders };
  if (resolution === "110m") layer.labels = labels(feature(world, world.objects.countries));
  const text = JSON.stringify(layer);
  const packed = gzipSync(text, { level: 9 });
  packed[9] = 255; // the operating system, which is nobody's business
  writeFileSync(`public/land-${resolution}.json.gz`, packed);
  console.log(`land-${resolution}.json: ${text.length} bytes, ${packed.length} compressed`);
}
