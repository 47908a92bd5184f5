// The live link: WebSocket, picked up again where it broke. Silence counts as a break.
import { SIGN_IN, signIn } from "./session";
import type { Alert, JournalRow } from "./types";

export interface LinkEvents {
  snapshot(alerts: Alert[]): void;
  row(row: JournalRow): void;
  clock(serverTime: number): void;
  status(status: Status): void;
}

export interface Status {
  live: boolean;
  /** since when it has been so, ms of our clock */
  since: number;
  attempt: number;
  reason: string;
}

interface Message {
  type: "hello" | "snapshot" | "row" | "heartbeat";
  seq: number;
  time?: string;
  journal?: string;
  heartbeat_s?: number;
  alerts?: Alert[];
}

const FIRST_MS = 400;
const LONGEST_MS = 10_000;

export class Link {
  private socket: WebSocket | null = null;
  private after: number | null = null;
  private journal = "";
  private heard = 0;
  private silence = 12_000;
  private timer: number | undefined;
  /** a packed message that is being unpacked: what comes after it waits */
  private unpacking: Promise<void> | null = null;
  private status: Status = { live: false, since: Date.now(), attempt: 0, reason: "" };

  constructor(private readonly events: LinkEvents) {}

  start(): void {
    this.connect();
    setInterval(() => {
      if (this.socket && Date.now() - this.heard > this.silence) this.lost("the service has gone silent");
    }, 1000);
    addEventListener("online", () => this.hurry());
    addEventListener("pageshow", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.hurry());
  }

  /** Do not wait for the next attempt. */
  hurry(): void {
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    this.connect();
  }

  private connect(): void {
    this.timer = undefined;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const from = this.after === null ? "" : `&after=${this.after}&journal=${this.journal}`;
    const packed = "DecompressionStream" in window ? 1 : 0;
    const socket = new WebSocket(`${scheme}//${location.host}/ws?gzip=${packed}${from}`);
    this.unpacking = null;
    this.socket = socket;
    this.heard = Date.now();
    socket.onmessage = (event) => {
      if (this.socket === socket) this.take(socket, event.data as string | Blob);
    };
    socket.onclose = (event) => {
      if (event.code === SIGN_IN) signIn();
      if (this.socket === socket) this.lost(event.reason);
    };
  }

  /** In the order of coming: a packed message holds back those after it. */
  private take(socket: WebSocket, data: string | Blob): void {
    this.heard = Date.now();
    if (typeof data === "string" && !this.unpacking) {
      this.hear(JSON.parse(data) as Message);
      return;
    }
    const mine = (this.unpacking ?? Promise.resolve())
      .then(() => (typeof data === "string" ? data : unpacked(data)))
      .then((text) => {
        if (this.socket === socket) this.hear(JSON.parse(text) as Message);
      })
      .catch(() => this.socket === socket && this.lost("the service sent what cannot be read"))
      .then(() => {
        if (this.unpacking === mine) this.unpacking = null;
      });
    this.unpacking = mine;
  }

  private hear(message: Message): void {
    this.heard = Date.now();
    if (message.type === "row") {
      this.events.row(message as unknown as JournalRow);
      this.after = message.seq;
      return;
    }
    if (message.time) this.events.clock(Date.parse(message.time));
    if (message.type === "hello") {
      this.journal = message.journal ?? "";
      if (message.heartbeat_s) this.silence = message.heartbeat_s * 2500;
      this.set({ live: true, since: Date.now(), attempt: 0, reason: "" });
    } else if (message.type === "snapshot") {
      this.events.snapshot(message.alerts ?? []);
      this.after = message.seq;
    } else {
      this.after = message.seq;
    }
  }

  private lost(reason: string): void {
    const socket = this.socket;
    this.socket = null;
    if (socket) {
      socket.onclose = socket.onmessage = null;
      socket.close();
    }
    const attempt = this.status.live ? 1 : this.status.attempt + 1;
    const since = this.status.live ? Date.now() : this.status.since;
    this.set({ live: false, since, attempt, reason });
    const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1));
    this.timer = setTimeout(() => this.connect(), longest * (0.5 + Math.random() / 2));
  }

  private set(status: Status): void {
    this.status = status;
    this.events.status(status);
  }
}

function unpacked(data: Blob): Promise<string> {
  return new Response(data.stream().pipeThrough(new DecompressionStream("gzip"))).text();
}
