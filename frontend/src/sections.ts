// The sections of the detail: what is known of an alert, from the summary down to the single bit.
import { binary, bitMap, bitRange, markedHex, placed } from "./bits";
import { FORMS, form, written } from "./coordinates";
import { append, data, h } from "./dom";
import * as f from "./format";
import { beaconType, bursts } from "./list";
import { candidates, percent } from "./place";
import { remarks, returnLink, told } from "./telling";
import type { Detection, Dossier, Facts, Reference, Solution } from "./types";

/** What a section asks of the panel it stands in. */
export interface Host {
  /** a counting age since this instant */
  ageOf(iso: string): HTMLElement;
  /** when the next burst is due, counting */
  nextOf(alert: Dossier): HTMLElement;
  zoom(solution: Solution): void;
  showAllBursts(): void;
}

export interface Section {
  name: string;
  title: string;
  open: boolean;
  /** null hides the section */
  draw(dossier: Dossier): (Node | string)[] | null;
  /** what the section depends on */
  of(dossier: Dossier): unknown;
}

export function sections(host: Host): Section[] {
  return [
    { name: "facts", title: "Summary", open: true, draw: (d) => summary(d, host), of: (d) => summaryOf(d) },
    {
      name: "positions",
      title: "Positions",
      open: true,
      draw: (d) => positions(d, host),
      of: (d) => [d.solutions, d.position, d.reference, form()],
    },
    { name: "remarks", title: "Warnings for every message", open: true, draw: remarks, of: (d) => d.remarks },
    {
      name: "told",
      title: "Destinations and messages",
      open: true,
      draw: told,
      of: (d) => [d.to, d.told, d.notices, d.messages, d.messages_total],
    },
    { name: "link", title: "Return link", open: true, draw: returnLink, of: (d) => d.return_link },
    { name: "words", title: "What the message says", open: true, draw: description, of: (d) => d.facts?.description },
    {
      name: "bits",
      title: "Bits of the message",
      open: true,
      draw: bits,
      of: (d) => [d.facts?.fields, d.facts?.corrected_bits],
    },
    { name: "fields", title: "Every field", open: true, draw: fields, of: (d) => d.facts?.fields },
    {
      name: "bursts",
      title: "Bursts received",
      open: true,
      draw: (d) => burstTable(d, host),
      of: (d) => [d.detections, d.detections_total],
    },
    { name: "line", title: "Time line", open: true, draw: timeLine, of: (d) => d.journal },
  ];
}

function summaryOf(d: Dossier): unknown {
  return [
    d.id,
    d.country,
    d.country_code,
    d.beacon_type,
    d.protocol,
    d.position,
    d.first_seen,
    d.last_seen,
    d.bursts,
    d.facts,
    d.exercise,
    d.site,
    d.until,
    d.state,
    heardBy(d),
  ];
}

export function hasFields(facts: Facts | undefined): boolean {
  return !!facts?.fields && Object.keys(facts.fields).length > 0;
}

export function pair(name: string, ...content: (Node | string | null)[]): Node[] {
  const cell = h("dd");
  append(cell, content);
  return [h("dt", null, name), cell];
}

function summary(d: Dossier, host: Host): Node[] {
  const country = f.known(d.country) ? String(d.country) : f.UNKNOWN;
  const code = f.known(d.country_code) ? ` (${d.country_code})` : "";
  return [
    h(
      "dl",
      { class: "pairs" },
      ...pair("Last burst", `${f.instant(d.last_seen)} UTC, `, host.ageOf(d.last_seen), " ago"),
      ...pair("Next burst", host.nextOf(d)),
      ...pair("First burst", `${f.instant(d.first_seen)} UTC`),
      ...pair("Bursts", bursts(d)),
      ...((d.site ?? 1) > 1 ? pair("Activation", `number ${d.site} of this beacon: the earlier ones are closed`) : []),
      ...(f.known(d.until) ? pair("Closes", `${f.instant(d.until)} UTC unless the beacon is heard again`) : []),
      ...(heardBy(d).length ? pair("Heard by", data(heardBy(d).join(", "))) : []),
      ...pair("Country", country + code),
      ...pair("Beacon", beaconType(d)),
      ...pair("Protocol", f.plainName(d.protocol)),
      ...pair("Message check", verdict(d.facts)),
    ),
  ];
}

/** The satellites of its bursts and positions, and the stations. */
function heardBy(d: Dossier): string[] {
  const found = [
    ...(d.solutions ?? []).flatMap((solution) => solution.satellites ?? []),
    ...d.detections.flatMap((burst) => [burst.satellite, burst.source]),
    ...(d.solutions ?? []).map((solution) => solution.source),
  ];
  return [...new Set(found.filter((name) => f.known(name)))] as string[];
}

function verdict(facts: Facts | undefined): Node {
  const word = facts?.verdict ?? null;
  const words: Record<string, string> = {
    ok: "ok, no error found",
    corrected: "corrected by its error code",
    unreliable: "unreliable, the error code could not mend it",
  };
  const parts = [word === null ? f.UNKNOWN : (words[word] ?? word)];
  for (const [name, label] of [
    ["bch1_errors", "BCH-1"],
    ["bch2_errors", "BCH-2"],
    ["bch_errors", "BCH"],
  ]) {
    if (!facts || !(name in facts)) continue;
    const count = facts[name];
    parts.push(count === null ? `${label}: uncorrectable or absent` : `${label}: ${count} corrected`);
  }
  return h("span", { class: "verdict", data: { verdict: word ?? "" } }, parts.join("; "));
}

function positions(d: Dossier, host: Host): Node[] {
  const agreed = d.reference ? [reference(d.reference)] : [];
  if (!d.solutions?.length && !agreed.length) {
    return [h("p", { class: "none" }, d.position ? "" : "No position: the beacon sent none, and none was computed.")];
  }
  const open = candidates(d);
  const ordered = [...open, ...(d.solutions ?? []).filter((solution) => !open.includes(solution))];
  const measured = ordered.map((solution) => {
    const head = [f.plainName(solution.method)];
    if ((solution.probability ?? 1) < 0.9995) head.push(`probability ${percent(solution.probability)}`);
    return h(
      "div",
      { class: "position" },
      h(
        "div",
        { class: "line" },
        h("strong", null, head.join(", ")),
        h("button", { class: "plain", onclick: () => host.zoom(solution) }, "Show"),
      ),
      ...coordinates(solution),
      h(
        "div",
        { class: "note" },
        accuracy(solution),
        f.known(solution.alt_m) ? `, height ${Math.round(solution.alt_m!)} m` : "",
        f.known(solution.end) ? `, ${interval(solution)}` : "",
      ),
      f.known(solution.velocity_mps) && h("div", { class: "note moving" }, moving(solution.velocity_mps!)),
      heard(solution),
      solution.outside?.length
        ? h("div", { class: "note doubt" }, `Suspect: outside the footprint of ${solution.outside.join(", ")}`)
        : null,
      Object.keys(solution.cells ?? {}).length > 0 && h("div", { class: "note" }, shares(solution.cells!)),
    );
  });
  return [...agreed, ...measured];
}

/** The centre's estimate, said to be one: it stands first, because it is what the messages give. */
function reference(place: Reference): HTMLElement {
  return h(
    "div",
    { class: "position reference" },
    h("div", { class: "line" }, h("strong", null, "MCC reference position")),
    ...coordinates(place),
    h(
      "div",
      { class: "note" },
      `The centre's estimate from ${place.used} positions that agree, the last at ${f.instant(place.end)} UTC: no measurement.`,
    ),
    place.renewed && h("div", { class: "note doubt" }, "Established anew: new positions contradicted the old one."),
  );
}

function moving([east, north]: [number, number]): string {
  const speed = Math.hypot(east, north);
  const course = ((Math.atan2(east, north) * 180) / Math.PI + 360) % 360;
  const knots = (speed * 3600) / 1852;
  const towards = String(Math.round(course) % 360).padStart(3, "0");
  return `Moving at ${speed.toFixed(1)} m/s (${knots.toFixed(1)} kn) towards ${towards}° true`;
}

function heard(solution: Solution): HTMLElement | null {
  const by = solution.satellites?.join(", ") ?? "";
  if (!by && !solution.source) return null;
  const station = solution.source ? `found by ${solution.source}` : "";
  const satellites = by ? `satellites ${by}` : "";
  return h("div", { class: "note" }, [satellites, station].filter(Boolean).join("; "));
}

function shares(cells: Record<string, number>): string {
  const chances = Object.values(cells);
  const most = percent(Math.max(...chances));
  return `The map shows its probability in ${chances.length} cells, ${most} in the likeliest: no ellipse says it rightly.`;
}

/** The place in the form that was chosen, then in the others, each to be copied. */
function coordinates({ latitude, longitude }: { latitude: number; longitude: number }): HTMLElement[] {
  const rest = FORMS.filter(([name]) => name !== form());
  return [
    h("div", { class: "coordinates chosen" }, written(latitude, longitude)),
    h(
      "dl",
      { class: "pairs other-forms" },
      ...rest.flatMap(([name, label]) => [
        h("dt", { title: label }, name),
        h("dd", { class: "coordinates" }, written(latitude, longitude, name)),
      ]),
    ),
  ];
}

function accuracy(solution: Solution): string {
  if (solution.ehe_m === null) return "Accuracy unknown";
  const size = f.distance(solution.ehe_m);
  return solution.method === "encoded"
    ? `Coding step ± ${size}, the beacon's own error unknown`
    : `Within ${size} (95 %)`;
}

function interval(solution: Solution): string {
  const [start, end] = [f.instant(solution.start), f.instant(solution.end)];
  return start === end || !solution.start ? `at ${end} UTC` : `from ${start} to ${end.slice(11)} UTC`;
}

function description(d: Dossier): Node[] | null {
  const sentences = d.facts?.description;
  if (!sentences?.length) return null;
  const doubt = d.facts?.verdict === "unreliable";
  return [
    doubt &&
      h("p", { class: "reason strong" }, "From bits that the error code could not mend: any of this may be wrong."),
    h("ul", { class: "sentences" }, ...sentences.map((text) => h("li", null, text))),
  ].filter((part) => part !== false);
}

function bits(d: Dossier): Node[] | null {
  return d.facts && hasFields(d.facts) ? [bitMap(d.facts)] : null;
}

function fields(d: Dossier): Node[] | null {
  const rows = d.facts ? placed(d.facts) : [];
  if (!rows.length) return null;
  return [
    h(
      "table",
      { class: "fields" },
      h(
        "thead",
        null,
        h("tr", null, ...["Field", "Bits", "Raw", "Value"].map((name) => h("th", { scope: "col" }, name))),
      ),
      h(
        "tbody",
        null,
        ...rows.map(({ name, field, colour }) => {
          const unit = f.known(field.unit) && f.known(field.value) ? ` ${field.unit}` : "";
          const raw = binary(field);
          return h(
            "tr",
            { data: { field: name }, title: f.known(field.doc) ? String(field.doc) : null },
            h("th", { scope: "row" }, h("i", { class: "swatch", data: { colour } }), f.words(name, field.unit)),
            h("td", { class: "number" }, bitRange(field).replace(/^bits? /, "")),
            h("td", { class: "raw" }, raw.length > 16 ? `0x${hexOf(raw)}` : raw),
            h(
              "td",
              { class: "value" },
              field.value === raw ? h("span", { class: "muted" }, "as raw") : data(f.value(field.value) + unit),
            ),
          );
        }),
      ),
    ),
  ];
}

function hexOf(digits: string): string {
  const padded = digits.padStart(Math.ceil(digits.length / 4) * 4, "0");
  return padded.replace(/.{4}/g, (four) => (four.includes("?") ? "?" : parseInt(four, 2).toString(16).toUpperCase()));
}

function burstTable(d: Dossier, host: Host): Node[] {
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
  );
}

function timeLine(d: Dossier): Node[] {
  if (!d.journal.length) return [h("p", { class: "none" }, "Nothing yet.")];
  return [
    h(
      "ol",
      { class: "time-line" },
      ...[...d.journal]
        .reverse()
        .map((row) =>
          h(
            "li",
            { data: { kind: row.kind } },
            h("time", { datetime: row.time ?? "" }, f.known(row.time) ? `${f.instant(row.time)} UTC` : "time unknown"),
            h("div", null, row.words),
          ),
        ),
    ),
  ];
}
