// The JSON of the service, as docs/reference/api.md writes it down. Whatever is unknown is null.

export type Category = "distress" | "test" | "self_test" | "orbitography" | "national" | "cancelled" | "unreliable";

export interface Position {
  latitude: number;
  longitude: number;
  method: string;
  ehe_m: number | null;
}

export interface Solution extends Position {
  alt_m?: number | null;
  /** east-east, east-north, north-north */
  covariance_m2?: [number, number, number] | null;
  probability?: number | null;
  used?: number | null;
  start?: string | null;
  end?: string | null;
  /** east, north; null when the beacon is at rest, or that cannot be told */
  velocity_mps?: [number, number] | null;
  /** H3 cells with the probability of each, of all places of the beacon together */
  cells?: Record<string, number>;
  satellites?: string[];
  /** contributing satellites in whose footprint the place does not lie */
  outside?: string[];
  source?: string;
}

/** A message that the alert calls for: decided and numbered; what was written of it, when it was. */
export interface Notice {
  number: string;
  to: string;
  serial: number;
  title: string;
  why: string;
  source: string;
  inferred: boolean;
  buffers: string[];
}

export interface Message extends Notice {
  seq: number;
  time: string | null;
  text?: string | null;
}

/** The MCC reference position: no measurement. */
export interface Reference {
  latitude: number;
  longitude: number;
  start: string;
  end: string;
  used: number;
  renewed: boolean;
}

export interface ReturnLink {
  provider: string;
  state: "capable" | "owed" | "received" | "lost";
  since: string;
  automatic: boolean;
  manual: boolean;
}

export interface Field {
  bits: [number, number];
  raw: number | string | null;
  value: unknown;
  unit?: string | null;
  doc?: string | null;
}

export interface Facts {
  fields?: Record<string, Field>;
  description?: string[];
  bch1_errors?: number | null;
  bch2_errors?: number | null;
  bch_errors?: number | null;
  corrected_bits?: number[];
  verdict?: string | null;
  generation?: string | null;
  [name: string]: unknown;
}

export interface Alert {
  id: string;
  hex_id: string | null;
  state: string;
  state_words: string;
  reason: string;
  category: Category;
  category_words: string;
  exercise: boolean;
  first_seen: string;
  last_seen: string;
  changed: string | null;
  bursts: number;
  country: string | null;
  country_code: number | null;
  beacon_type: string | null;
  protocol: string | null;
  position: Position | null;
  solutions: Solution[];
  seq: number;
  facts?: Facts;
  verdict?: string | null;
  generation?: string | null;
  /** call sign, MMSI and the like, in short forms of an alert that leave out its facts */
  names?: string[];
  /** which activation of this beacon it is, counted from 1 */
  site?: number;
  to?: string[];
  told?: string[];
  notices?: Notice[];
  reference?: Reference | null;
  remarks?: string[];
  return_link?: ReturnLink | null;
  /** when it is closed unless the beacon is heard again */
  until?: string | null;
}

export interface Detection {
  seq: number;
  time: string | null;
  time_known?: boolean;
  generation: string;
  sync: string;
  frequency_hz: number | null;
  frequency_offset_hz: number | null;
  cn0_dbhz: number | null;
  hex: string | null;
  source: string | null;
  confidence: number | null;
  message?: Facts;
  satellite?: string;
  snippet?: string | null;
}

export interface TimeLineRow {
  seq: number;
  time: string | null;
  kind: string;
  words: string;
}

export interface Dossier extends Alert {
  detections: Detection[];
  detections_total: number;
  journal: TimeLineRow[];
  /** newest first */
  messages?: Message[];
  messages_total?: number;
}

export interface JournalRow {
  seq: number;
  time: string | null;
  kind: string;
  beacon: string | null;
  body: Record<string, unknown>;
}
