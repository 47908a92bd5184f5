// The message bit by bit, each field in its colour, corrected bits ringed.
import { h } from "./dom";
import { value, words } from "./format";
import type { Facts, Field } from "./types";

export const COLOURS = 8;

export interface Placed {
  name: string;
  field: Field;
  colour: number;
}

/** The fields of a message in the order of their bits. */
export function placed(facts: Facts): Placed[] {
  return Object.entries(facts.fields ?? {})
    .filter(([, field]) => Array.isArray(field?.bits))
    .sort(([, a], [, b]) => a.bits[0] - b.bits[0] || a.bits[1] - b.bits[1])
    .map(([name, field], index) => ({ name, field, colour: index % COLOURS }));
}

/** The zeros and ones of a field; "?" where the number is unknown. */
export function binary(field: Field): string {
  const width = field.bits[1] - field.bits[0] + 1;
  const { raw } = field;
  if (typeof raw === "string" && raw.length === width && /^[01]+$/.test(raw)) return raw;
  try {
    if (raw !== null && raw !== "") {
      const digits = BigInt(raw).toString(2).padStart(width, "0");
      if (digits.length === width && !digits.startsWith("-")) return digits;
    }
  } catch {
    // a number that is no whole number: shown as unknown below
  }
  return "?".repeat(width);
}

export function bitMap(facts: Facts): HTMLElement {
  const corrected = new Set(facts.corrected_bits ?? []);
  const cells: HTMLElement[] = [];
  for (const { name, field, colour } of placed(facts)) {
    const digits = binary(field);
    const title = `${words(name, field.unit)}, ${bitRange(field)}: ${value(field.value)}`;
    for (let index = 0; index < digits.length; index++) {
      const bit = field.bits[0] + index;
      const fixed = corrected.has(bit);
      cells.push(
        h(
          "span",
          {
            class: "bit",
            title: `Bit ${bit}${fixed ? " (corrected)" : ""}. ${title}`,
            data: { field: name, colour, fixed, ten: bit % 10 === 0 ? bit : "" },
          },
          digits[index],
        ),
      );
    }
  }
  const count = corrected.size === 1 ? "1 bit was corrected" : `${corrected.size} bits were corrected`;
  return h(
    "div",
    { class: "bits-box" },
    h("div", { class: "bits", role: "img", "aria-label": "Bits of the message, coloured by field" }, ...cells),
    h(
      "p",
      { class: "note" },
      corrected.size
        ? `${count}: ${[...corrected].join(", ")} (ringed).`
        : "Colours as in the table below; every tenth bit is numbered.",
    ),
  );
}

export function bitRange(field: Field): string {
  const [first, last] = field.bits;
  return first === last ? `bit ${first}` : `bits ${first}-${last}`;
}

/** The hex digits of a burst, those that hold a corrected bit marked. */
export function markedHex(hex: string, corrected: readonly number[]): HTMLElement {
  const lead = firstBit(hex);
  const marked = new Set(corrected.map((bit) => Math.floor((bit - lead) / 4)).filter((digit) => digit >= 0));
  const element = h("code", { class: "hexline" });
  let plain = "";
  for (let index = 0; index < hex.length; index++) {
    if (marked.has(index)) {
      if (plain) element.append(plain);
      plain = "";
      element.append(h("mark", { title: "This digit holds a corrected bit" }, hex[index]));
    } else {
      plain += hex[index];
    }
  }
  element.append(plain);
  return element;
}

/** Number of the bit that the first hex digit begins with: a ground-segment SGB message has two leading bits. */
function firstBit(hex: string): number {
  if (hex.length === 63 || hex.length === 51) return -1;
  if (hex.length === 30 || hex.length === 22) return 25;
  return 1;
}
