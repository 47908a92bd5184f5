// What the page knows: alerts, which of them were read, what is filtered and chosen. It draws nothing.
import { badge, kindOf, rank, rowOf, type Kind } from "./categories";
import * as memory from "./memory";
import { placeWords } from "./place";
import type { Alert } from "./types";

export type Change = "alerts" | "selection" | "filter" | "link";
export type News = "new" | "changed" | "same";

const READ_KEPT = 5000;

export class State {
  readonly alerts = new Map<string, Alert>();
  selected: string | null = null;
  /** the row that the keyboard stands on */
  cursor: string | null = null;
  readonly kinds = new Set<Kind>();
  search = "";
  /** server's clock less ours, ms */
  offset = 0;
  private read = new Map<string, string>(memory.load<[string, string][]>("read", []));
  private listeners: ((change: Change) => void)[] = [];
  private ordered: Alert[] | null = null;

  on(listener: (change: Change) => void): void {
    this.listeners.push(listener);
  }

  emit(change: Change): void {
    if (change === "alerts" || change === "filter") this.ordered = null;
    for (const listener of this.listeners) listener(change);
  }

  now(): number {
    return Date.now() + this.offset;
  }

  /** Take an alert in; an older picture of it than the one known is ignored. */
  take(alert: Alert): News {
    const old = this.alerts.get(alert.id);
    if (old && old.seq >= alert.seq) return "same";
    this.alerts.set(alert.id, alert);
    if (!old) return "new";
    return stamp(old) === stamp(alert) ? "same" : "changed";
  }

  /** The rows to show: filtered, the most urgent first, within one kind the latest begun first. */
  list(): Alert[] {
    if (this.ordered) return this.ordered;
    const wanted = this.search.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const rows = [...this.alerts.values()].filter(
      (alert) =>
        (this.kinds.size === 0 || this.kinds.has(kindOf(alert))) &&
        (wanted.length === 0 || matches(searchText(alert), wanted)),
    );
    rows.sort(
      (a, b) =>
        rank(a) - rank(b) ||
        (a.first_seen < b.first_seen ? 1 : a.first_seen > b.first_seen ? -1 : 0) ||
        (a.id < b.id ? -1 : 1),
    );
    this.ordered = rows;
    return rows;
  }

  counts(): Map<Kind, number> {
    const counts = new Map<Kind, number>();
    for (const alert of this.alerts.values()) {
      const kind = kindOf(alert);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    return counts;
  }

  /** Urgent alerts that the filter or the search hides. */
  hiddenUrgent(): number {
    const shown = new Set(this.list().map((alert) => alert.id));
    let hidden = 0;
    for (const alert of this.alerts.values()) if (rowOf(alert).urgent && !shown.has(alert.id)) hidden++;
    return hidden;
  }

  isUnread(alert: Alert): boolean {
    return this.read.get(alert.id) !== stamp(alert);
  }

  /** Live distress traffic that nobody has opened yet. */
  unreadUrgent(): Alert[] {
    return [...this.alerts.values()].filter((alert) => rowOf(alert).urgent && this.isUnread(alert));
  }

  markRead(alert: Alert): void {
    if (!this.isUnread(alert)) return;
    this.read.delete(alert.id);
    this.read.set(alert.id, stamp(alert));
    const kept = [...this.read].slice(-READ_KEPT);
    if (kept.length < this.read.size) this.read = new Map(kept);
    memory.save("read", kept);
  }
}

/** What makes an alert worth reading again: not each burst, but another kind, state or the first position. */
function stamp(alert: Alert): string {
  return `${kindOf(alert)}/${alert.category}/${alert.state}/${alert.position ? "placed" : ""}`;
}

function matches(text: string, wanted: string[]): boolean {
  return wanted.every((word) => text.includes(word));
}

function searchText(alert: Alert): string {
  return [
    alert.id,
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
