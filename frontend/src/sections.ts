// The sections of the detail: what is known of an alert, from the summary down to the single bit.
import { burstTable } from "./bursts";
import { form } from "./coordinates";
import { h } from "./dom";
import * as f from "./format";
import { bits, description, fields } from "./message";
import { decide } from "./orders";
import { positions } from "./positions";
import { register } from "./register";
import { may } from "./session";
import { summary, summaryOf } from "./summary";
import { remarks, returnLink, told } from "./telling";
import type { Dossier, Solution } from "./types";

/** What a section asks of the panel it stands in. */
export interface Host {
  /** a counting age since this instant */
  ageOf(iso: string): HTMLElement;
  /** when the next burst is due, counting */
  nextOf(alert: Dossier): HTMLElement;
  zoom(solution: Solution): void;
  showAllBursts(): void;
  /** destinations that any alert names */
  destinations(): string[];
  /** the picture is one of the past */
  past(): boolean;
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
    {
      name: "decide",
      title: "Decisions",
      open: true,
      draw: (d) => decide(d, host.destinations(), host.past()),
      of: (d) => [d.state, d.to, d.told, d.messages?.length, may("act"), host.past(), host.destinations()],
    },
    { name: "link", title: "Return link", open: true, draw: returnLink, of: (d) => d.return_link },
    { name: "register", title: "Register", open: true, draw: register, of: (d) => d.hex_id },
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
