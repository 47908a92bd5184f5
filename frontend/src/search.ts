// What is searched for: words, any form of an ID, a part of the map, a span of time.
import { badge } from "./categories";
import { placeOf, placeWords } from "./place";
import type { Alert, Facts } from "./types";

export interface Area {
  west: number;
  south: number;
  east: number;
  north: number;
}

export interface Search {
  text: string;
  /** the beacon that the text names, where it is a whole ID or message in another form; asked of the service */
  hexId: string | null;
  area: Area | null;
  /** first and last moment of hearing, ms; null: open */
  from: number | null;
  to: number | null;
}

const NAMES = ["mmsi", "callsign", "aircraft_24bit", "aircraft_registration", "aircraft_operator_3ld", "hex_id_15"];
/** digits of the forms of IDs and messages that name a beacon though they do not begin with its ID */
const FORMS = new Set([15, 22, 23, 28, 30, 36, 51, 63]);

export function isEmpty(search: Search): boolean {
  return !search.text.trim() && !search.area && search.from === null && search.to === null;
}

/** The hex digits of a search that may name a beacon in another form than the list shows; null for anything else. */
export function hexForm(text: string): string | null {
  const digits = text.replace(/\s+/g, "").toUpperCase();
  return /^[0-9A-F]+$/.test(digits) && FORMS.has(digits.length) ? digits : null;
}

/** A test of alerts against what is searched for. */
export function sought(search: Search): (alert: Alert) => boolean {
  const words = search.text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const digits = hexForm(search.text);
  return (alert) =>
    (words.length === 0 || named(alert, words, digits, search.hexId)) && inTime(alert, search) && inArea(alert, search);
}

function named(alert: Alert, words: string[], digits: string | null, hexId: string | null): boolean {
  if (hexId !== null && alert.hex_id && sameBeacon(alert.hex_id, hexId)) return true;
  // an ID of 23 digits begins with the 15 of the same beacon
  if (digits !== null && alert.hex_id && sameBeacon(alert.hex_id, digits)) return true;
  const text = searchText(alert);
  return words.every((word) => text.includes(word));
}

function sameBeacon(one: string, other: string): boolean {
  return one === other || (one.length !== other.length && one.slice(0, 15) === other.slice(0, 15));
}

function inTime(alert: Alert, { from, to }: Search): boolean {
  if (from !== null && Date.parse(alert.last_seen) < from) return false;
  return to === null || Date.parse(alert.first_seen) <= to;
}

/** Any position inside counts, not the likeliest alone. */
function inArea(alert: Alert, { area }: Search): boolean {
  if (!area) return true;
  const place = placeOf(alert);
  const places = [...(place ? [place] : []), ...(alert.solutions ?? [])];
  return places.some(({ latitude, longitude }) => {
    const east = (((longitude - area.west) % 360) + 360) % 360;
    return latitude >= area.south && latitude <= area.north && east <= area.east - area.west;
  });
}

/** Names people know a beacon by: call sign, MMSI, aircraft address. */
export function namesOf(alert: Alert): string[] {
  if (alert.names) return alert.names;
  const facts: Facts = alert.facts ?? {};
  return NAMES.map((name) => facts[name])
    .filter(Boolean)
    .map(String);
}

function searchText(alert: Alert): string {
  return [
    alert.id,
    ...namesOf(alert),
    badge(alert),
    alert.state_words,
    alert.country ?? "",
    alert.country_code ?? "",
    alert.beacon_type ?? "",
    (alert.protocol ?? "").replaceAll("_", " "),
    placeWords(alert, 4),
  ]
    .join(" ")
    .toLowerCase();
}
