// What the map shows of the alert that is open: all its positions with their areas and probabilities, and the reference.
import Feature from "ol/Feature";
import Point from "ol/geom/Point";
import Polygon from "ol/geom/Polygon";
import VectorLayer from "ol/layer/Vector";
import VectorSource from "ol/source/Vector";
import { kindOf } from "./categories";
import type { Cell } from "./cells";
import { method } from "./format";
import { translated } from "./language";
import type { Marks } from "./marks";
import { percent, placeOf } from "./place";
import { area, point } from "./shapes";
import type { State } from "./state";
import type { Alert, Solution } from "./types";

export class Chosen {
  private readonly source = new VectorSource();
  readonly layer: VectorLayer;
  private solutions: { id: string; list: Solution[] } = { id: "", list: [] };
  /** what its probability cells were read from, and the cells */
  private cells: { of: string; rings: Cell[] } = { of: "", rings: [] };

  constructor(
    private readonly state: State,
    private readonly marks: () => Marks,
    private readonly drawn: (roles: string, names: string) => void,
  ) {
    this.layer = new VectorLayer({
      source: this.source,
      style: (feature) => this.marks().chosen(feature as Feature),
    });
  }

  /** The solutions of the alert that was opened: all of them are drawn, with their probabilities. */
  setSolutions(id: string, list: Solution[]): void {
    this.solutions = { id, list };
    this.draw();
  }

  draw(): void {
    const id = this.state.selected;
    const alert = id === null ? undefined : this.state.shown.get(id);
    this.source.clear(true);
    this.source.addFeatures(alert ? this.features(alert) : []);
    this.source.changed();
    const told = (name: string) => this.source.getFeatures().map((feature) => String(feature.get(name) ?? ""));
    this.drawn(told("role").join(" "), told("label").filter(Boolean).join("; "));
  }

  /** Read the cells of the alert that is open; what reads them is loaded with the first. */
  private async readCells(alert: Alert, list: Solution[]): Promise<void> {
    const told: Record<string, number> = Object.assign({}, ...list.map((solution) => solution.cells ?? {}));
    const of = JSON.stringify([alert.id, told]);
    if (of === this.cells.of) return;
    this.cells = { of, rings: [] };
    if (Object.keys(told).length === 0) return;
    const { rings } = await import("./cells");
    if (this.cells.of !== of) return;
    this.cells.rings = rings(told);
    this.draw();
  }

  private features(alert: Alert): Feature[] {
    const kind = kindOf(alert);
    const list = this.solutions.id === alert.id ? this.solutions.list : (alert.solutions ?? []);
    void this.readCells(alert, list);
    const several = list.length + (alert.reference ? 1 : 0) > 1;
    const most = Math.max(...this.cells.rings.map((cell) => cell.probability));
    const made: Feature[] = this.cells.rings.map((cell) => {
      const geometry = new Polygon([cell.ring.map(([longitude, latitude]) => point(longitude, latitude))]);
      return new Feature({ geometry, kind, role: "cell", share: cell.probability / most });
    });
    const named = several ? names(list) : new Map<Solution, { label: string; row: number }>();
    for (const solution of [...list].reverse()) {
      const shape = area(solution);
      if (shape) made.push(new Feature({ geometry: shape, kind, role: "area" }));
      const at = new Point(point(solution.longitude, solution.latitude));
      const { label, row } = named.get(solution) ?? { label: "", row: 0 };
      made.push(new Feature({ geometry: at, kind, label, row, role: "solution", method: solution.method }));
    }
    if (alert.reference) {
      const at = new Point(point(alert.reference.longitude, alert.reference.latitude));
      made.push(new Feature({ geometry: at, kind, label: translated("MCC reference"), role: "reference" }));
    }
    const place = placeOf(alert);
    if (place) {
      const at = new Point(point(place.longitude, place.latitude));
      const label = alert.hex_id ?? translated("no trusted ID");
      made.push(new Feature({ geometry: at, kind, label, role: "ring" }));
    }
    return made;
  }
}

const NEAR_DEG = 0.2;

/** What stands beside each position, newest first: the method where it is the newest, the time where it is an earlier
 *  one, so that a track can be read; nothing where the name of the same method stands already. */
function names(list: Solution[]): Map<Solution, { label: string; row: number }> {
  const made = new Map<Solution, { label: string; row: number }>();
  for (const solution of list) {
    const named = [...made.keys()];
    const newer = named.filter((other) => other.method === solution.method && other.end !== solution.end);
    if (newer.some((other) => beside(other, solution))) continue;
    const chance = (solution.probability ?? 1) < 0.9995 ? ` ${percent(solution.probability)}` : "";
    const what = [translated(method(solution.method)), newer.length ? clock(solution.end, list[0].end) : ""]
      .join(" ")
      .trim();
    // names of positions that lie together stand under one another
    const row = named.filter((other) => beside(other, solution)).length;
    made.set(solution, { label: `${what}${chance}`, row });
  }
  return made;
}

function beside(one: Solution, other: Solution): boolean {
  return Math.abs(one.latitude - other.latitude) < NEAR_DEG && Math.abs(one.longitude - other.longitude) < NEAR_DEG;
}

/** Time of day of an earlier position, with its date when that is another than the newest one's. */
function clock(time?: string | null, newest?: string | null): string {
  if (!time) return "";
  return time.slice(0, 10) === newest?.slice(0, 10) ? time.slice(11, 16) : time.slice(0, 16).replace("T", " ");
}
