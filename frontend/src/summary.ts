// The summary of an alert: when it was heard and by whom, and what the beacon says it is.
import { append, data, h } from "./dom";
import * as f from "./format";
import { beaconType, bursts } from "./list";
import type { Host } from "./sections";
import type { Dossier, Facts } from "./types";

export function summaryOf(d: Dossier): unknown {
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

export function pair(name: string, ...content: (Node | string | null)[]): Node[] {
  const cell = h("dd");
  append(cell, content);
  return [h("dt", null, name), cell];
}

export function summary(d: Dossier, host: Host): Node[] {
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
export function heardBy(d: Dossier): string[] {
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
