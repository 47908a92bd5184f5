// One alert as a file for other programs: its positions with what is known of their error, and where they come from.
import Feature from "ol/Feature";
import GeoJSON from "ol/format/GeoJSON";
import KML from "ol/format/KML";
import Point from "ol/geom/Point";
import { badge } from "./categories";
import { written } from "./coordinates";
import { howSure } from "./place";
import { outline } from "./shapes";
import type { Dossier, Solution } from "./types";

export type Kind = "geojson" | "kml";

const TYPES: Record<Kind, string> = {
  geojson: "application/geo+json",
  kml: "application/vnd.google-earth.kml+xml",
};

/** Offer a file of the alert for download. */
export function offer(alert: Dossier, kind: Kind): void {
  const features = alert.solutions.flatMap((solution) => featuresOf(alert, solution));
  const text =
    kind === "kml"
      ? new KML({ writeStyles: false }).writeFeatures(features)
      : new GeoJSON().writeFeatures(features, { decimals: 7 });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: TYPES[kind] }));
  link.download = `${alert.id.replace(/[^\w-]/g, "_")}.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function featuresOf(alert: Dossier, solution: Solution): Feature[] {
  const { latitude, longitude, method, ehe_m } = solution;
  const told = {
    name: `${alert.exercise ? "EXERCISE " : ""}${alert.hex_id ?? "no trusted ID"} ${method}`,
    description: `${badge(alert)}. ${alert.state_words}. ${written(latitude, longitude, "DMM")}, ${howSure({
      ...solution,
      probability: solution.probability ?? null,
      candidates: 1,
    })}. Not for navigation.`,
    alert: alert.id,
    hex_id: alert.hex_id,
    state: alert.state,
    category: alert.category,
    exercise: alert.exercise,
    method,
    probability: solution.probability ?? null,
    ehe_m,
    start: solution.start ?? null,
    end: solution.end ?? null,
  };
  const made: Feature[] = [new Feature({ geometry: new Point([longitude, latitude]), ...told })];
  const shape = outline(solution);
  if (shape) made.push(new Feature({ geometry: shape, ...told, name: `${told.name}, 95 % area` }));
  return made;
}
