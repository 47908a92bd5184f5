// Where the beacon may be: every position with its error, its doubts and what stands behind it.
import { FORMS, form, written } from "./coordinates";
import { curvePlots } from "./curveplots";
import { h } from "./dom";
import * as f from "./format";
import { candidates, percent } from "./place";
import type { Host } from "./sections";
import type { Dossier, Reference, Solution } from "./types";

export function positions(d: Dossier, host: Host): Node[] {
  const agreed = d.reference ? [reference(d.reference)] : [];
  if (!d.solutions?.length && !agreed.length) {
    return [h("p", { class: "none" }, d.position ? "" : "No position: the beacon sent none, and none was computed.")];
  }
  const open = candidates(d);
  const ordered = [...open, ...likelierFirst((d.solutions ?? []).filter((solution) => !open.includes(solution)))];
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
      curvePlots(d.id, solution),
    );
  });
  return [...agreed, ...measured];
}

/** The sides of one pass stand together, the likelier first; else in the order given. */
function likelierFirst(list: Solution[]): Solution[] {
  const first = (one: Solution) => list.findIndex((other) => other.method === one.method && other.end === one.end);
  return [...list].sort((a, b) => first(a) - first(b) || (b.probability ?? 1) - (a.probability ?? 1));
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
