// The register's entry of a beacon: owner, telephone numbers, vessel. It tells of people, so each look is audited.
import { ask } from "./ask";
import { data, h } from "./dom";
import { words } from "./format";
import { unfolding } from "./plots";
import type { Dossier } from "./types";

interface Told {
  state: "found" | "not_found" | "unreachable" | "none";
  why: string;
  source: string;
  fields: Record<string, string>;
}

const boxes = new Map<string, HTMLElement>();

export function register(d: Dossier): Node[] | null {
  if (!d.hex_id) return null;
  let box = boxes.get(d.hex_id);
  if (!box) {
    const id = d.hex_id;
    box = unfolding("Look up the owner and the contacts", "register", () => load(id));
    boxes.clear();
    boxes.set(id, box);
  }
  return [box];
}

async function load(hexId: string): Promise<(Node | null)[]> {
  const told = await ask<Told>(`./api/register/${encodeURIComponent(hexId)}`);
  if (told.state === "found") {
    const pairs = Object.entries(told.fields).flatMap(([name, value]) => [
      h("dt", null, data(words(name))),
      h("dd", null, data(value)),
    ]);
    return [
      h("dl", { class: "pairs entry", lang: "en" }, ...pairs),
      h("p", { class: "note" }, `Source: ${told.source}`),
    ];
  }
  if (told.state === "not_found") return [h("p", { class: "none" }, "The register has no entry for this beacon.")];
  return [h("p", { class: "none why" }, told.why)];
}
