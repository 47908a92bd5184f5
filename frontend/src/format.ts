// Numbers and times as a duty officer reads them. Unknown is "unknown", never 0.

export const UNKNOWN = "unknown";

export function known(value: unknown): value is string | number | boolean | object {
  return value !== null && value !== undefined && value !== "";
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}

export function degrees(latitude: number, longitude: number, digits = 4): string {
  const one = (value: number, plus: string, minus: string, width: number) =>
    `${Math.abs(value)
      .toFixed(digits)
      .padStart(width + 1 + digits, "0")}° ${value < 0 ? minus : plus}`;
  return `${one(latitude, "N", "S", 2)}  ${one(longitude, "E", "W", 3)}`;
}

export function sexagesimal(latitude: number, longitude: number): string {
  const one = (value: number, plus: string, minus: string, width: number) => {
    const tenths = Math.round(Math.abs(value) * 36000);
    const [deg, rest] = [Math.floor(tenths / 36000), tenths % 36000];
    const [min, sec] = [Math.floor(rest / 600), rest % 600];
    return `${pad(deg, width)}° ${pad(min, 2)}′ ${(sec / 10).toFixed(1).padStart(4, "0")}″ ${value < 0 ? minus : plus}`;
  };
  return `${one(latitude, "N", "S", 2)}  ${one(longitude, "E", "W", 3)}`;
}

/** Minutes and seconds that count up; hours and days once there are any. */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3600), Math.floor(seconds / 86400)];
  if (days >= 100) return `${days} d`;
  if (days) return `${days} d ${pad(hours % 24, 2)} h`;
  if (hours) return `${hours}:${pad(minutes % 60, 2)}:${pad(seconds % 60, 2)}`;
  return `${pad(minutes, 2)}:${pad(seconds % 60, 2)}`;
}

/** Date and time to the second, UTC. */
export function instant(iso: string | null | undefined): string {
  return iso ? `${iso.slice(0, 10)} ${iso.slice(11, 19)}` : UNKNOWN;
}

/** Time of day to the millisecond, UTC. */
export function timeOfDay(iso: string | null | undefined): string {
  return iso ? iso.slice(11, 23).replace("Z", "") : UNKNOWN;
}

export function distance(metres: number | null | undefined): string {
  if (metres === null || metres === undefined) return UNKNOWN;
  const miles = metres / 1852;
  if (metres < 1000) return `${Math.round(metres)} m`;
  return `${(metres / 1000).toFixed(metres < 10000 ? 1 : 0)} km (${miles.toFixed(miles < 10 ? 1 : 0)} NM)`;
}

export function megahertz(hertz: number | null | undefined): string {
  return hertz === null || hertz === undefined ? UNKNOWN : `${(hertz / 1e6).toFixed(6)} MHz`;
}

const WORDS: Record<string, string> = {
  bch: "BCH",
  bch1: "BCH-1",
  bch2: "BCH-2",
  csta: "C/S TA",
  crc: "CRC",
  doa: "DOA",
  ehe: "EHE",
  elt: "ELT",
  epirb: "EPIRB",
  gnss: "GNSS",
  hex: "hex",
  id: "ID",
  mid: "MID",
  mmsi: "MMSI",
  pdf1: "PDF-1",
  pdf2: "PDF-2",
  plb: "PLB",
  rls: "RLS",
  rlm: "RLM",
  nat: "national",
  std: "standard",
  tac: "TAC",
  utc: "UTC",
  "121": "121.5 MHz",
  "24bit": "24-bit",
  "3ld": "3LD",
};

/** A name of the JSON in words: ``country_code`` is "Country code". A unit that is shown anyway is left out. */
export function words(name: string, unit?: string | null): string {
  let parts = name.split("_");
  if (unit && parts.length > 1 && parts[parts.length - 1] === unit) parts = parts.slice(0, -1);
  const text = parts.map((part) => WORDS[part] ?? part).join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function value(item: unknown): string {
  if (!known(item)) return UNKNOWN;
  if (item === true) return "yes";
  if (item === false) return "no";
  if (Array.isArray(item)) return item.map(value).join(", ");
  if (typeof item === "object")
    return Object.entries(item)
      .map(([name, part]) => `${words(name)}: ${value(part)}`)
      .join(", ");
  return String(item);
}

/** ``user_serial_elt`` as people say it. */
export function plainName(name: string | null | undefined): string {
  if (!name) return UNKNOWN;
  return /^elt_dt$/i.test(name) ? "ELT(DT)" : words(name);
}

/** How a position was found, within a sentence. */
export function method(name: string): string {
  return name === "doa" ? "DOA" : name;
}
