// Behind a computed position: what each satellite received against what the place foretells, and what is left.
import { ask } from "./ask";
import { h } from "./dom";
import { instant } from "./format";
import { draw, unfolding, type Series } from "./plots";
import type { Solution } from "./types";

interface Reception {
  satellite: string;
  time: string;
  received_hz: number | null;
  foretold_hz: number | null;
  left_hz: number | null;
  late_us: number | null;
  fitted: boolean;
}

interface Side {
  latitude: number;
  longitude: number;
  probability: number;
  frequency_hz: number;
  drift_hz_per_s: number;
  left_rms_hz: number | null;
  receptions: Reception[];
  foretold: { satellite: string; times: string[]; hz: (number | null)[] }[];
}

interface Curve {
  state: "kept" | "none";
  why: string;
  start: string;
  end: string;
  sides: Side[];
}

const boxes = new Map<string, HTMLElement>();
const KEPT = 50;

/** The curve behind one position; the same box as long as the position is the same. */
export function curvePlots(alert: string, solution: Solution): HTMLElement | null {
  if (solution.method === "encoded" || !solution.end) return null;
  const key = [alert, solution.method, solution.end, solution.latitude, solution.longitude].join(" ");
  let box = boxes.get(key);
  if (!box) {
    box = unfolding("Doppler curve and residuals", "curve", () => load(alert, solution));
    if (boxes.size >= KEPT) boxes.clear();
    boxes.set(key, box);
  }
  return box;
}

async function load(alert: string, solution: Solution): Promise<(Node | null)[]> {
  const query = `end=${encodeURIComponent(solution.end!)}&method=${encodeURIComponent(solution.method)}`;
  const told = await ask<Curve>(`./api/alerts/${encodeURIComponent(alert)}/curve?${query}`);
  if (told.state !== "kept") return [h("p", { class: "none why" }, `No curve: ${told.why}`)];
  const mine = told.sides.find((side) => near(side, solution)) ?? told.sides[0];
  const others = told.sides.filter((side) => side !== mine);
  return [
    curve(mine, others),
    left(mine, "left_hz", "What is left of the frequency", "Hz", `${mine.left_rms_hz ?? "?"} Hz (RMS) are left.`),
    late(mine),
    h(
      "p",
      { class: "note" },
      `Computed anew from ${mine.receptions.length} bursts of the journal and the orbits held now, with the frequency that fits best: ${(mine.frequency_hz / 1e6).toFixed(6)} MHz.`,
    ),
  ];
}

function near(side: Side, { latitude, longitude }: Solution): boolean {
  return Math.abs(side.latitude - latitude) < 1e-6 && Math.abs(side.longitude - longitude) < 1e-6;
}

function satellites(side: Side): string[] {
  return side.receptions.map((one) => one.satellite);
}

function seconds(iso: string): number {
  return Date.parse(iso) / 1000;
}

function clock(value: number): string {
  return instant(new Date(value * 1000).toISOString()).slice(11);
}

function curve(mine: Side, others: Side[]): HTMLElement {
  const foretold = (side: Side, tone: Series["tone"], name: string): Series[] =>
    side.foretold.map((line, index) => ({
      kind: "line",
      tone,
      name: index === 0 ? name : "",
      x: line.times.map(seconds),
      y: line.hz,
    }));
  const fitted = mine.receptions.filter((one) => one.fitted);
  const rest = mine.receptions.filter((one) => !one.fitted);
  const heard = [...new Set(satellites(mine))];
  const of = (rows: Reception[], kind: Series["kind"], tone: Series["tone"], name: string): Series => ({
    kind,
    tone,
    name,
    x: rows.map((one) => seconds(one.time)),
    y: rows.map((one) => one.received_hz),
  });
  const odd = rest.length ? ` ${rest.length} that no place explains are crossed.` : "";
  return draw({
    title: "Received less nominal",
    x: "UTC",
    y: "Hz",
    wordX: clock,
    series: [
      of(fitted, "dots", "data", "received"),
      ...foretold(mine, "model", "foretold from here"),
      ...others.flatMap((side) => foretold(side, "other", "foretold from the other side")),
      ...(rest.length ? [of(rest, "crosses", "bad", "left out")] : []),
    ],
    summary: `${mine.receptions.length} receptions by ${heard.length === 1 ? `satellite ${heard[0]}` : `${heard.length} satellites`}.${odd}`,
  });
}

function left(side: Side, key: "left_hz" | "late_us", title: string, unit: string, summary: string): HTMLElement {
  const of = (fitted: boolean, kind: Series["kind"], tone: Series["tone"], name: string): Series => {
    const rows = side.receptions.filter((one) => one.fitted === fitted);
    return { kind, tone, name, x: rows.map((one) => seconds(one.time)), y: rows.map((one) => one[key]) };
  };
  const good = side.receptions.filter((one) => one.fitted).map((one) => one[key] ?? 0);
  const reach = Math.max(...good.map(Math.abs), 1e-3) * 1.4;
  const odd = of(false, "crosses", "bad", "left out");
  odd.y = odd.y.map((value) => (value === null ? null : Math.max(-reach, Math.min(reach, value))));
  return draw({
    title,
    x: "UTC",
    y: unit,
    wordX: clock,
    spanY: [-reach, reach],
    across: [0],
    series: [of(true, "dots", "data", "received"), ...(odd.x.length ? [odd] : [])],
    summary,
  });
}

/** Times are told where several satellites heard one burst: a burst's own mean is taken off. */
function late(side: Side): HTMLElement | null {
  const told = side.receptions.filter((one) => one.fitted && one.late_us !== null).map((one) => one.late_us!);
  if (told.length < 2 || told.every((value) => Math.abs(value) < 1e-3)) return null;
  const rms = Math.sqrt(told.reduce((sum, value) => sum + value * value, 0) / told.length);
  return left(side, "late_us", "What is left of the times", "µs", `${rms.toFixed(1)} µs (RMS) are left.`);
}
