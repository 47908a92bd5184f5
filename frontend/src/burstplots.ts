// The samples of one burst, looked at: spectrogram, phase over the burst, constellation. Or why there are none.
import { ask } from "./ask";
import { h } from "./dom";
import { draw, spectrogram, unfolding, type Cells } from "./plots";
import type { Detection } from "./types";

interface Picture {
  state: "kept" | "none";
  why: string;
  generation: string;
  rate_hz: number;
  samples: number;
  duration_s: number;
  burst_s: number;
  cn0_dbhz?: number;
  spectrogram: Cells;
  phase?: { times_ms: number[]; phase_rad: number[]; model_rad: number[] };
  constellation?: { i: number[]; q: number[]; what: string };
}

/** by journal row: what was opened stays as it is while the list of bursts grows */
const boxes = new Map<number, HTMLElement>();
const KEPT = 200;

export function burstPlots(burst: Detection): HTMLElement {
  let box = boxes.get(burst.seq);
  if (!box) {
    box = unfolding("Plots of its samples", "burst", () => load(burst.seq));
    if (boxes.size >= KEPT) boxes.clear();
    boxes.set(burst.seq, box);
  }
  return box;
}

async function load(seq: number): Promise<(Node | null)[]> {
  const told = await ask<Picture>(`./api/bursts/${seq}`);
  if (told.state !== "kept") return [h("p", { class: "none why" }, `No plots: ${told.why}`)];
  return [
    waterfall(told),
    told.phase ? phase(told.phase) : null,
    told.constellation ? constellation(told.constellation) : null,
    told.why ? h("p", { class: "none why" }, `No modulation: ${told.why}`) : null,
    h(
      "p",
      { class: "note" },
      `${told.samples} samples at ${told.rate_hz / 1000} kHz. `,
      h("a", { href: `./api/bursts/${seq}/samples`, download: "" }, "SigMF archive"),
    ),
  ];
}

function waterfall(told: Picture): HTMLElement {
  const { spectrogram: cells } = told;
  const begins = Math.round(told.burst_s * 1000);
  return spectrogram(cells, {
    title: "Spectrogram",
    x: "ms",
    y: "kHz from the carrier",
    summary: `The burst begins at ${begins} ms; ${cells.range_db.toFixed(0)} dB from the quiet level to the loudest.`,
  });
}

function phase({ times_ms, phase_rad, model_rad }: NonNullable<Picture["phase"]>): HTMLElement {
  const away = phase_rad.map((value, index) => value - model_rad[index]);
  const rms = Math.sqrt(away.reduce((sum, value) => sum + value * value, 0) / Math.max(away.length, 1));
  return draw({
    title: "Phase over the burst",
    x: "ms past bit 1",
    y: "rad",
    spanY: [-2.2, 2.2],
    across: [1.0, 1.2, -1.0, -1.2],
    series: [
      { kind: "dots", tone: "data", name: "samples", x: times_ms, y: phase_rad.map(within) },
      { kind: "line", tone: "model", name: "fitted", x: times_ms, y: model_rad },
    ],
    summary: `The samples lie ${rms.toFixed(2)} rad (RMS) from the fitted phase; the limits of the deviation are dashed.`,
  });
}

/** What lies off the plot is drawn at its edge. */
function within(value: number): number {
  return Math.max(-2.2, Math.min(2.2, value));
}

function constellation({ i, q, what }: NonNullable<Picture["constellation"]>): HTMLElement {
  const size = what === "chips" ? 2 : 1.4;
  return draw({
    title: "Constellation",
    x: "I",
    y: "Q",
    square: true,
    spanY: [-size, size],
    series: [
      { kind: "dots", tone: "data", name: "", x: i, y: q },
      ...(what === "chips"
        ? [{ kind: "crosses" as const, tone: "bad" as const, name: "", x: [1, 1, -1, -1], y: [1, -1, 1, -1] }]
        : []),
    ],
    summary:
      what === "chips"
        ? `${i.length} chips after the matched filter; where they should lie is crossed.`
        : `${i.length} half bits: two clusters, one for each sign of the phase.`,
  });
}
