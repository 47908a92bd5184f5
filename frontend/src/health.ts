// Whether the service hears anything, and whether what it hears gets on: asked every few seconds.

interface Part {
  name: string;
  state?: string;
  error?: string | null;
  waiting?: number;
  spool_full?: boolean;
  spool_fault?: string | null;
}

interface Told {
  sources?: Part[];
  outputs?: Part[];
  links?: Part[];
  exchanges?: Part[];
  brokers?: Part[];
  store?: { fault?: string | null; waiting?: number };
}

const EVERY_MS = 10_000;
const FAILING = new Set(["failing", "failed"]);
/** what is said of a source that does not receive, though it should */
const SOURCE: Record<string, string> = {
  failed: "has failed",
  lost: "is lost",
  silent: "is silent",
};

export class Health {
  private timer: number | undefined;

  constructor(private readonly told: (words: string, fault: boolean, banner: string[]) => void) {}

  /** Ask now and keep asking; stop while there is no link, which is said elsewhere. */
  look(live: boolean): void {
    clearTimeout(this.timer);
    if (live) void this.ask();
    else this.told("", false, []);
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
    const faults = [...storeFaults(told), ...sources.flatMap(sourceFault), ...partFaults(told)];
    this.told(
      sourceWords(sources),
      sources.some((source) => (source.state ?? "") in SOURCE),
      faults,
    );
  }
}

function storeFaults({ store }: Told): string[] {
  if (!store?.fault) return [];
  const waiting = store.waiting ? [`${store.waiting} records wait in memory.`] : [];
  return [`The journal cannot be written: ${store.fault}.`, ...waiting];
}

function sourceFault(source: Part): string[] {
  const words = SOURCE[source.state ?? ""];
  return words ? [`Source ${source.name} ${words}: ${bare(source.error) || "no reason given"}.`] : [];
}

function partFaults(told: Told): string[] {
  const kinds: [string, Part[] | undefined][] = [
    ["Output", told.outputs],
    ["Link", told.links],
    ["Exchange", told.exchanges],
    ["Broker", told.brokers],
  ];
  return kinds.flatMap(([kind, parts]) => (parts ?? []).flatMap((part) => partFault(kind, part)));
}

function partFault(kind: string, part: Part): string[] {
  const said: string[] = [];
  if (FAILING.has(part.state ?? "")) {
    said.push(`${kind} ${part.name} fails: ${bare(part.error) || "no reason given"}.`);
    if (part.waiting) said.push(`${part.waiting} rows wait for link ${part.name}.`);
  }
  if (part.spool_full) said.push(`The spool of link ${part.name} is full.`);
  if (part.spool_fault) said.push(`The spool of link ${part.name} cannot be written: ${bare(part.spool_fault)}.`);
  return said;
}

/** The sources in the header: how many receive, and by name those that do not. */
function sourceWords(sources: Part[]): string {
  if (sources.length === 0) return "";
  if (sources.length === 1) return `source ${sources[0].name}: ${sources[0].state ?? "heard"}`;
  const heard = sources.filter((source) => source.state === "receiving" || source.state === undefined);
  const words = `${heard.length} of ${sources.length} sources receiving`;
  const connecting = sources.filter((source) => source.state === "connecting").map((source) => source.name);
  return connecting.length ? `${words}, connecting: ${connecting.join(", ")}` : words;
}

function bare(reason: string | null | undefined): string {
  return (reason ?? "").replace(/\.$/, "");
}
