// The kinds of traffic: always a word, and a colour beside it. Distress stands first.
import type { Alert, Category } from "./types";

export type Kind = Category | "exercise" | "closed";

export interface KindRow {
  kind: Kind;
  /** on the badge of a row */
  badge: string;
  /** on the filter */
  label: string;
  /** its shape on the map, as a character */
  shape: string;
  /** one that must be looked at: it sounds, and stays marked until it was opened */
  urgent: boolean;
}

/** In the order of the list. */
export const KINDS: KindRow[] = [
  { kind: "distress", badge: "DISTRESS", label: "Distress", shape: "●", urgent: true },
  { kind: "unreliable", badge: "IDENTITY UNRELIABLE", label: "Unreliable", shape: "◆", urgent: true },
  { kind: "national", badge: "NATIONAL USE", label: "National", shape: "⬟", urgent: true },
  { kind: "cancelled", badge: "CANCELLED", label: "Cancelled", shape: "✦", urgent: false },
  { kind: "exercise", badge: "EXERCISE", label: "Exercise", shape: "■", urgent: false },
  { kind: "closed", badge: "CLOSED", label: "Closed", shape: "○", urgent: false },
  { kind: "test", badge: "TEST", label: "Test", shape: "▲", urgent: false },
  { kind: "self_test", badge: "SELF-TEST", label: "Self-test", shape: "▲", urgent: false },
  { kind: "orbitography", badge: "ORBITOGRAPHY", label: "Orbitography", shape: "•", urgent: false },
];

const RANK = new Map(KINDS.map((row, rank) => [row.kind, rank]));
const ROWS = new Map(KINDS.map((row) => [row.kind, row]));

/** An exercise is told apart from everything live, whatever its message says; what is closed from what is open. */
export function kindOf(alert: Alert): Kind {
  if (alert.exercise) return "exercise";
  if (isClosed(alert)) return "closed";
  return RANK.has(alert.category) ? alert.category : "unreliable";
}

export function isClosed(alert: Alert): boolean {
  return alert.state === "closed";
}

/**
 * Place in the list, the most urgent lowest; exercises stand together, and closed alerts: among them the same order
 * holds, a closed exercise behind the open ones.
 */
export function rank(alert: Alert): number {
  const kind = kindOf(alert);
  const grouped = kind === "exercise" || kind === "closed";
  const inner = grouped ? (RANK.get(alert.category) ?? 0) / 100 : 0;
  return RANK.get(kind)! + inner + (alert.exercise && isClosed(alert) ? 0.5 : 0);
}

export function rowOf(alert: Alert): KindRow {
  return ROWS.get(kindOf(alert))!;
}

export function badge(alert: Alert): string {
  const kind = kindOf(alert);
  if (kind !== "exercise" && kind !== "closed") return rowOf(alert).badge;
  const inner = (ROWS.get(alert.category)?.badge ?? alert.category).toLowerCase();
  if (kind === "closed") return `CLOSED - ${inner}`;
  return isClosed(alert) ? `EXERCISE - closed - ${inner}` : `EXERCISE - ${inner}`;
}

/** Calls for help, real or exercised: the map draws how sure their position is. */
export function mattersOnMap(alert: Alert): boolean {
  return Math.floor(rank(alert)) <= RANK.get("exercise")!;
}
