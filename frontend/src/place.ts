// Where an alert is shown: the likeliest of its newest positions.
import { degrees, distance, method, UNKNOWN } from "./format";
import type { Alert, Position, Solution } from "./types";

export interface Place extends Position {
  /** positions that one pass leaves open, 1 where there is no doubt */
  candidates: number;
  probability: number | null;
}

/** The positions of the newest pass: two where the Doppler effect cannot tell the sides apart, the likelier first. */
export function candidates(alert: Alert): Solution[] {
  const newest = alert.solutions?.[0];
  if (!newest) return [];
  return alert.solutions
    .filter((other) => other.method === newest.method && other.end === newest.end && (other.probability ?? 1) < 1)
    .sort((a, b) => (b.probability ?? 0) - (a.probability ?? 0));
}

export function placeOf(alert: Alert): Place | null {
  const open = candidates(alert);
  if (open.length > 1) {
    const { latitude, longitude, method, ehe_m, probability } = open[0];
    return { latitude, longitude, method, ehe_m, probability: probability ?? null, candidates: open.length };
  }
  return alert.position ? { ...alert.position, probability: null, candidates: 1 } : null;
}

/** Method, error and doubt in a few words. */
export function howSure(place: Place): string {
  const error = place.ehe_m === null ? `accuracy ${UNKNOWN}` : `± ${distance(place.ehe_m).replace(/ \(.*/, "")}`;
  const doubt = place.candidates > 1 ? ` ${percent(place.probability)} (1 of ${place.candidates})` : "";
  return `${method(place.method)}${doubt}, ${error}`;
}

export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return `probability ${UNKNOWN}`;
  return `${(share * 100).toFixed(share < 0.1 || share > 0.99 ? 1 : 0)} %`;
}

export function placeWords(alert: Alert, digits: number): string {
  const place = placeOf(alert);
  return place ? degrees(place.latitude, place.longitude, digits) : "no position";
}
