// The bursts of an alert, newest first, each with its raw digits and what its samples show.
import { markedHex } from "./bits";
import { burstPlots } from "./burstplots";
import { h } from "./dom";
import * as f from "./format";
import type { Host } from "./sections";
import type { Detection, Dossier } from "./types";

export function burstTable(d: Dossier, host: Host): Node[] {
  if (!d.detections.length) return [h("p", { class: "none" }, "No burst in the journal.")];
  const more = d.detections_total - d.detections.length;
  return [
    h("div", { class: "bursts" }, ...d.detections.map(burst)),
    more > 0
      ? h(
          "p",
          { class: "note" },
          `The newest ${d.detections.length} of ${d.detections_total} bursts. `,
          h("button", { class: "plain", onclick: () => host.showAllBursts() }, "Show all"),
        )
      : h("p", { class: "note" }, `All ${d.detections_total} bursts received.`),
  ];
}

function burst(item: Detection): HTMLElement {
  const cn0 =
    item.cn0_dbhz === null || item.cn0_dbhz === undefined ? "C/N0 unknown" : `C/N0 ${item.cn0_dbhz.toFixed(1)} dBHz`;
  const frequency =
    item.frequency_hz !== null && item.frequency_hz !== undefined
      ? f.megahertz(item.frequency_hz)
      : f.known(item.frequency_offset_hz)
        ? `offset ${Math.round(item.frequency_offset_hz!)} Hz`
        : "frequency unknown";
  const guess = item.time_known === false ? " (time of reading: the source has none)" : "";
  const fixed = item.message?.corrected_bits ?? [];
  return h(
    "div",
    { class: "burst" },
    h(
      "div",
      { class: "line small" },
      h(
        "time",
        { datetime: item.time ?? "" },
        `${f.instant(item.time).slice(0, 10)} ${f.timeOfDay(item.time)} UTC${guess}`,
      ),
      item.sync === "self_test" ? h("span", { class: "tag" }, "self-test sync") : null,
      item.message?.verdict && item.message.verdict !== "ok" ? h("span", { class: "tag" }, item.message.verdict) : null,
    ),
    h("div", { class: "small muted" }, `${frequency}, ${cn0}, from ${item.source || "unnamed source"}`),
    item.satellite ? h("div", { class: "small muted" }, `by satellite ${item.satellite}`) : null,
    item.hex ? markedHex(item.hex, fixed) : h("span", { class: "none" }, "message not recovered"),
    burstPlots(item),
  );
}
