// The message itself: in sentences, bit by bit, field by field.
import { binary, bitMap, bitRange, placed } from "./bits";
import { data, h } from "./dom";
import * as f from "./format";
import type { Dossier, Facts } from "./types";

export function hasFields(facts: Facts | undefined): boolean {
  return !!facts?.fields && Object.keys(facts.fields).length > 0;
}

export function description(d: Dossier): Node[] | null {
  const sentences = d.facts?.description;
  if (!sentences?.length) return null;
  const doubt = d.facts?.verdict === "unreliable";
  return [
    doubt &&
      h("p", { class: "reason strong" }, "From bits that the error code could not mend: any of this may be wrong."),
    h("ul", { class: "sentences" }, ...sentences.map((text) => h("li", null, text))),
  ].filter((part) => part !== false);
}

export function bits(d: Dossier): Node[] | null {
  return d.facts && hasFields(d.facts) ? [bitMap(d.facts)] : null;
}

export function fields(d: Dossier): Node[] | null {
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
