// A place written in the form that the officer's charts, aircraft or ground teams use.
import Mgrs, { LatLon } from "geodesy/mgrs.js";
import { degrees, sexagesimal } from "./format";
import * as memory from "./memory";

export type Form = "DD" | "DMM" | "DMS" | "UTM" | "MGRS";

export const FORMS: [Form, string][] = [
  ["DD", "Decimal degrees"],
  ["DMM", "Degrees, decimal minutes"],
  ["DMS", "Degrees, minutes, seconds"],
  ["UTM", "UTM"],
  ["MGRS", "MGRS"],
];

const NAMES = FORMS.map(([form]) => form);
let chosen: Form = memory.load<Form>("coordinates", "DD");
if (!NAMES.includes(chosen)) chosen = "DD";

export function form(): Form {
  return chosen;
}

export function choose(next: Form): void {
  chosen = next;
  memory.save("coordinates", next);
}

/** The form after this one, for the keyboard. */
export function following(): Form {
  return NAMES[(NAMES.indexOf(chosen) + 1) % NAMES.length];
}

/** A place in one form; ``digits`` of a degree where degrees are decimal. Beyond 84 N and 80 S there is no grid. */
export function written(latitude: number, longitude: number, as: Form = chosen, digits = 5): string {
  switch (as) {
    case "DD":
      return degrees(latitude, longitude, digits);
    case "DMM":
      return minutes(latitude, longitude);
    case "DMS":
      return sexagesimal(latitude, longitude);
    default:
      return grid(latitude, longitude, as) ?? `${degrees(latitude, longitude, digits)} (no ${as} here)`;
  }
}

function minutes(latitude: number, longitude: number): string {
  const one = (value: number, plus: string, minus: string, width: number) => {
    const thousandths = Math.round(Math.abs(value) * 60000);
    const [whole, rest] = [Math.floor(thousandths / 60000), (thousandths % 60000) / 1000];
    const letter = value < 0 ? minus : plus;
    return `${String(whole).padStart(width, "0")}° ${rest.toFixed(3).padStart(6, "0")}′ ${letter}`;
  };
  return `${one(latitude, "N", "S", 2)}  ${one(longitude, "E", "W", 3)}`;
}

function grid(latitude: number, longitude: number, as: "UTM" | "MGRS"): string | null {
  if (latitude > 84 || latitude < -80) return null;
  const utm = new LatLon(latitude, longitude >= 180 ? longitude - 360 : longitude).toUtm();
  if (as === "MGRS") return (utm.toMgrs() as Mgrs).toString(10);
  return `${utm.zone}${utm.hemisphere} ${Math.round(utm.easting)} E ${Math.round(utm.northing)} N`;
}
