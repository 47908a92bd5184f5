// When a beacon is due to be heard again, by the transmission schedules of C/S T.001 2.2.1 and C/S T.018 2.2.1.
import type { Alert } from "./types";

export interface Due {
  /** seconds after the last burst between which the next one begins */
  from_s: number;
  to_s: number;
}

/** So long without a burst, and the beacon is taken for silent or out of sight: no further count. */
const GIVEN_UP_S = 600;

/**
 * The interval to the next burst. When a beacon was switched on is not known, only that it was before its first burst
 * heard: where the schedule has grown slower since, the longest interval that is possible stands in ``to_s``.
 */
export function due(alert: Alert): Due | null {
  if (alert.category === "self_test" || alert.category === "cancelled" || alert.state === "closed") return null;
  const heard_s = (Date.parse(alert.last_seen) - Date.parse(alert.first_seen)) / 1000;
  if (/^elt_dt$/i.test(alert.beacon_type ?? "")) {
    if (heard_s < 120) return { from_s: 4.8, to_s: 30 };
    return heard_s < 300 ? { from_s: 9.8, to_s: 30 } : { from_s: 27, to_s: 30 };
  }
  if (alert.generation === "SGB") {
    if (heard_s < 25) return { from_s: 4.8, to_s: 125 };
    return heard_s < 1800 ? { from_s: 25, to_s: 125 } : { from_s: 115, to_s: 125 };
  }
  return { from_s: 47.5, to_s: 52.5 };
}

/** The words for a list row or the summary; "" where nothing can be said. */
export function nextBurst(alert: Alert, now: number): string {
  const window = due(alert);
  if (!window) return "";
  const since_s = (now - Date.parse(alert.last_seen)) / 1000;
  if (!(since_s >= 0) || since_s > GIVEN_UP_S) return "";
  if (since_s < window.from_s) return `next in ${clock(window.from_s - since_s)}`;
  return since_s <= window.to_s ? "next due now" : `next overdue ${clock(since_s - window.to_s)}`;
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${String(Math.floor(whole / 60)).padStart(2, "0")}:${String(whole % 60).padStart(2, "0")}`;
}
