// Plots: axes with round steps, lines, points, a spectrogram. SVG and one canvas; each says in words what it shows, and
// the arrow keys read its points one by one.
import { fill, h, say } from "./dom";
import { translated } from "./language";

const [WIDTH, HEIGHT] = [440, 210];
const EDGE = { left: 64, right: 10, top: 10, bottom: 36 };
const SVG = "http://www.w3.org/2000/svg";

export type Tone = "data" | "model" | "bad" | "other";

export interface Series {
  kind: "line" | "dots" | "crosses";
  tone: Tone;
  /** in the legend; "" for none */
  name: string;
  x: number[];
  y: (number | null)[];
}

export interface Plot {
  title: string;
  x: string;
  y: string;
  series: Series[];
  /** what it shows, in a sentence: for who does not see it, and under it for everybody */
  summary: string;
  /** of the axes; from the data where there is none */
  spanX?: [number, number];
  spanY?: [number, number];
  /** dashed lines across */
  across?: number[];
  /** equal steps on both axes */
  square?: boolean;
  /** a value of x in words */
  wordX?: (value: number) => string;
}

interface Frame {
  svg: SVGElement;
  at(x: number, y: number): [number, number];
}

export function svg(tag: string, attributes: Record<string, string | number>, ...children: (Node | string)[]) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** About five round steps over a span. */
export function ticks([low, high]: [number, number], count = 5): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const found: number[] = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-9; value += step) {
    found.push(Math.abs(value) < step * 1e-9 ? 0 : value);
  }
  return found;
}

function short(value: number): string {
  return String(+value.toPrecision(6));
}

/** Axes, grid and names; ``at`` gives the place of a value. */
function frame(plot: Plot, spanX: [number, number], spanY: [number, number]): Frame {
  const [wide, high] = [WIDTH - EDGE.left - EDGE.right, HEIGHT - EDGE.top - EDGE.bottom];
  const at = (x: number, y: number): [number, number] => [
    EDGE.left + ((x - spanX[0]) / (spanX[1] - spanX[0])) * wide,
    EDGE.top + (1 - (y - spanY[0]) / (spanY[1] - spanY[0])) * high,
  ];
  const element = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "axes", "aria-hidden": "true" });
  for (const x of ticks(spanX)) {
    const [px] = at(x, 0);
    element.append(svg("line", { class: "grid", x1: px, x2: px, y1: EDGE.top, y2: EDGE.top + high }));
    const word = plot.wordX ? plot.wordX(x) : short(x);
    element.append(svg("text", { x: px, y: HEIGHT - 21, "text-anchor": "middle" }, word));
  }
  for (const y of ticks(spanY, 4)) {
    const [, py] = at(0, y);
    element.append(svg("line", { class: "grid", x1: EDGE.left, x2: EDGE.left + wide, y1: py, y2: py }));
    element.append(svg("text", { x: EDGE.left - 5, y: py + 3.5, "text-anchor": "end" }, short(y)));
  }
  element.append(
    svg("text", { x: EDGE.left + wide / 2, y: HEIGHT - 6, "text-anchor": "middle" }, translated(plot.x)),
    svg(
      "text",
      { x: 0, y: 0, "text-anchor": "middle", transform: `translate(11 ${EDGE.top + high / 2}) rotate(-90)` },
      translated(plot.y),
    ),
  );
  return { svg: element, at };
}

function span(given: [number, number] | undefined, values: (number | null)[]): [number, number] {
  if (given) return given;
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(low <= high)) return [0, 1];
  const room = high > low ? (high - low) * 0.06 : Math.max(Math.abs(high) * 0.01, 1);
  return [low - room, high + room];
}

/** The figure of one plot. */
export function draw(plot: Plot): HTMLElement {
  let spanX = span(
    plot.spanX,
    plot.series.flatMap((one) => one.x),
  );
  const spanY = span(
    plot.spanY,
    plot.series.flatMap((one) => one.y),
  );
  if (plot.square) {
    const half = (((spanY[1] - spanY[0]) / 2) * (WIDTH - EDGE.left - EDGE.right)) / (HEIGHT - EDGE.top - EDGE.bottom);
    spanX = [-half, half];
  }
  const made = frame(plot, spanX, spanY);
  for (const y of plot.across ?? []) {
    const [[x1, py], [x2]] = [made.at(spanX[0], y), made.at(spanX[1], y)];
    made.svg.append(svg("line", { class: "limit", x1, x2, y1: py, y2: py }));
  }
  // points lie over the lines that they are held against
  for (const line of [true, false]) {
    for (const one of plot.series) if ((one.kind === "line") === line) made.svg.append(shape(one, made.at));
  }
  return figure(plot, made);
}

function shape(one: Series, at: Frame["at"]): SVGElement {
  let path = "";
  let pen = false;
  one.x.forEach((x, index) => {
    const y = one.y[index];
    if (y === null) {
      pen = false;
      return;
    }
    const [px, py] = at(x, y).map((value) => value.toFixed(1));
    if (one.kind === "line") path += `${pen ? "L" : "M"}${px} ${py}`;
    else if (one.kind === "dots") path += `M${px} ${py}h0`;
    else path += `M${+px - 3.5} ${+py - 3.5}l7 7m0 -7l-7 7`;
    pen = true;
  });
  return svg("path", { d: path, class: `${one.kind} tone-${one.tone}` });
}

/** The plot, its legend and its words; the arrow keys move over the points of the first series. */
function figure(plot: Plot, made: Frame, under?: HTMLElement): HTMLElement {
  const told = h("div", { class: "visually-hidden", "aria-live": "polite" });
  const read = plot.series[0];
  const cursor = svg("circle", { r: 6, class: "cursor", visibility: "hidden" });
  made.svg.append(cursor);
  let index = -1;
  const canvas = h(
    "div",
    { class: "canvas", role: "img", tabindex: 0, "aria-label": `${plot.title}: ${plot.summary}` },
    under ?? null,
  );
  canvas.append(made.svg);
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!step || !read) return;
    event.preventDefault();
    event.stopPropagation();
    do index += step;
    while (index > 0 && index < read.x.length && read.y[index] === null);
    index = Math.max(0, Math.min(read.x.length - 1, index));
    const [x, y] = [read.x[index], read.y[index]];
    if (y === null) return;
    const [cx, cy] = made.at(x, y);
    for (const [name, value] of Object.entries({ cx, cy, visibility: "visible" })) {
      cursor.setAttribute(name, String(value));
    }
    say(told, `${plot.wordX ? plot.wordX(x) : short(x)}: ${short(y)}`);
  });
  canvas.addEventListener("blur", () => cursor.setAttribute("visibility", "hidden"));
  const names = plot.series.filter((one) => one.name);
  const element = h("figure", { class: "plot" }, h("div", { class: "plot-title" }, plot.title), canvas);
  if (names.length > 1) {
    element.append(
      h("div", { class: "legend" }, ...names.map((one) => h("span", { class: `key tone-${one.tone}` }, one.name))),
    );
  }
  element.append(h("figcaption", { class: "note" }, plot.summary), told);
  return element;
}

export interface Cells {
  columns: number;
  rows: number;
  step_s: number;
  low_hz: number;
  high_hz: number;
  range_db: number;
  /** base64, a byte a cell, column by column from the lowest frequency up */
  cells: string;
}

/** From the quiet level to the loudest: dark blue, green, yellow, as people without colour vision tell apart too. */
const COLOURS: [number, number, number][] = [
  [22, 18, 60],
  [46, 74, 128],
  [34, 137, 140],
  [86, 190, 98],
  [248, 229, 60],
];

/** A spectrogram: time to the right, frequency up. */
export function spectrogram(cells: Cells, plot: Omit<Plot, "series">): HTMLElement {
  const bytes = Uint8Array.from(atob(cells.cells), (letter) => letter.charCodeAt(0));
  const canvas = h("canvas", { class: "cells", width: cells.columns, height: cells.rows });
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(cells.columns, cells.rows);
  for (let column = 0; column < cells.columns; column++) {
    for (let row = 0; row < cells.rows; row++) {
      const level = (bytes[column * cells.rows + row] / 255) * (COLOURS.length - 1.001);
      const [from, to] = [COLOURS[Math.floor(level)], COLOURS[Math.floor(level) + 1]];
      const at = ((cells.rows - 1 - row) * cells.columns + column) * 4;
      for (let part = 0; part < 3; part++) {
        image.data[at + part] = from[part] + (to[part] - from[part]) * (level % 1);
      }
      image.data[at + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
  Object.assign(canvas.style, {
    left: `${(EDGE.left / WIDTH) * 100}%`,
    top: `${(EDGE.top / HEIGHT) * 100}%`,
    width: `${((WIDTH - EDGE.left - EDGE.right) / WIDTH) * 100}%`,
    height: `${((HEIGHT - EDGE.top - EDGE.bottom) / HEIGHT) * 100}%`,
  });
  const whole = { ...plot, series: [] };
  const made = frame(whole, [0, cells.columns * cells.step_s * 1000], [cells.low_hz / 1000, cells.high_hz / 1000]);
  for (const line of made.svg.querySelectorAll(".grid")) line.remove();
  return figure(whole, made, canvas);
}

/** A closed box that loads what it holds when it is opened, once. */
export function unfolding(title: string, name: string, load: () => Promise<(Node | null)[]>): HTMLElement {
  const inner = h("div", { class: "unfolded" }, h("p", { class: "note", role: "status" }, "Loading."));
  const box = h("details", { class: "unfolding", data: { plots: name } }, h("summary", null, title), inner);
  box.addEventListener("toggle", () => {
    if (!box.open || box.dataset.loaded) return;
    box.dataset.loaded = "true";
    load().then(
      (parts) => fill(inner, ...parts),
      (error: Error) => {
        delete box.dataset.loaded; // the next opening tries again
        fill(inner, h("p", { class: "none" }, `It could not be loaded: ${error.message}.`));
      },
    );
  });
  return box;
}
