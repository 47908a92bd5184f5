// What the page knows: alerts, which of them were read, what is filtered and chosen. It draws nothing.
import { kindOf, rank, rowOf, type Kind } from "./categories";
import * as memory from "./memory";
import { sought, type Search } from "./search";
import type { Alert } from "./types";

export type Change = "alerts" | "selection" | "filter" | "link" | "past";
export interface Past {
  /** the moment, ISO 8601 */
  at: string;
  /** the last row of the journal that was there */
  seq: number;
  alerts: Map<string, Alert>;
}

export type News = "new" | "changed" | "same";

const READ_KEPT = 5000;

export class State {
  readonly alerts = new Map<string, Alert>();
  selected: string | null = null;
  /** the row that the keyboard stands on */
  cursor: string | null = null;
  readonly kinds = new Set<Kind>();
  readonly search: Search = { text: "", hexId: null, area: null, from: null, to: null };
  /** server's clock less ours, ms */
  offset = 0;
  /** a picture of the past that is looked at in place of the present; what is live goes on beside it */
  past: Past | null = null;
  /** by alert: what its alarm was acknowledged for */
  private acknowledged = new Map<string, string>();
  private read = new Map<string, string>(memory.load<[string, string][]>("read", []));
  private listeners: ((change: Change) => void)[] = [];
  private ordered: Alert[] | null = null;

  on(listener: (change: Change) => void): void {
    this.listeners.push(listener);
  }

  emit(change: Change): void {
    if (change !== "selection") this.ordered = null;
    for (const listener of this.listeners) listener(change);
  }

  /** The service's clock. */
  clock(): number {
    return Date.now() + this.offset;
  }

  /** The moment that the picture shows: now, or that of the past. */
  now(): number {
    return this.past ? Date.parse(this.past.at) : this.clock();
  }

  /** The alerts of the picture: those of now, or of the past. */
  get shown(): Map<string, Alert> {
    return this.past ? this.past.alerts : this.alerts;
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
    const fits = sought(this.search);
    const rows = [...this.shown.values()].filter(
      (alert) => (this.kinds.size === 0 || this.kinds.has(kindOf(alert))) && fits(alert),
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
    for (const alert of this.shown.values()) {
      const kind = kindOf(alert);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    return counts;
  }

  /** Urgent alerts that the filter or the search hides. */
  hiddenUrgent(): number {
    const shown = new Set(this.list().map((alert) => alert.id));
    let hidden = 0;
    for (const alert of this.shown.values()) if (rowOf(alert).urgent && !shown.has(alert.id)) hidden++;
    return hidden;
  }

  isUnread(alert: Alert): boolean {
    if (this.past && this.past.alerts.get(alert.id) === alert) return false;
    return this.read.get(alert.id) !== stamp(alert);
  }

  /** Live distress traffic that nobody has opened yet. */
  unreadUrgent(): Alert[] {
    return [...this.alerts.values()].filter((alert) => rowOf(alert).urgent && this.isUnread(alert));
  }

  /** Those whose alarm goes on: unread, and not acknowledged as they stand. */
  alarming(): Alert[] {
    return this.unreadUrgent().filter((alert) => this.acknowledged.get(alert.id) !== stamp(alert));
  }

  /** Somebody has heard the alarm: it rests until there is news. What is unread stays unread. */
  acknowledge(): void {
    this.acknowledged = new Map(this.unreadUrgent().map((alert) => [alert.id, stamp(alert)]));
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
