// Whether the service hears anything: its sources and its journal, asked every few seconds.

interface Source {
  name: string;
  state?: string;
  error?: string | null;
}

interface Told {
  sources?: Source[];
  store?: { fault?: string | null; waiting?: number };
}

const EVERY_MS = 10_000;

export class Health {
  private timer: number | undefined;

  constructor(private readonly told: (words: string, fault: boolean, banner: string) => void) {}

  /** Ask now and keep asking; stop while there is no link, which is said elsewhere. */
  look(live: boolean): void {
    clearTimeout(this.timer);
    if (live) void this.ask();
    else this.told("", false, "");
  }

  private async ask(): Promise<void> {
    this.timer = setTimeout(() => void this.ask(), EVERY_MS);
    try {
      const reply = await fetch("./healthz");
      if (reply.ok) this.tell((await reply.json()) as Told);
    } catch {
      // no link: the live connection notices it and says so
    }
  }

  private tell(told: Told): void {
    const sources = told.sources ?? [];
    const failed = sources.filter((source) => source.state === "failed");
    const heard = sources.filter((source) => source.state === "receiving" || source.state === undefined);
    const faults = failed.map((source) => `Source ${source.name} has failed: ${source.error ?? "no reason given"}.`);
    if (told.store?.fault) faults.unshift(`The journal cannot be written: ${told.store.fault}.`);
    let words = "";
    if (sources.length === 1) words = `source ${sources[0].name}: ${sources[0].state ?? "heard"}`;
    else if (sources.length) words = `${heard.length} of ${sources.length} sources receiving`;
    this.told(words, failed.length > 0, faults.join(" "));
  }
}
