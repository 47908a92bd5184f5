// Probability by H3 cells, where no ellipse says rightly where a beacon may be. Loaded when the first such alert opens.
import { cellToBoundary, isValidCell } from "h3-js";

export interface Cell {
  /** longitude and latitude of its corners, closed; across the date line the longitudes go on */
  ring: [number, number][];
  probability: number;
}

/** The cells as rings; a name that is no cell is left out. */
export function rings(cells: Record<string, number>): Cell[] {
  return Object.entries(cells)
    .filter(([name]) => isValidCell(name))
    .map(([name, probability]) => ({ ring: unwrapped(cellToBoundary(name, true)), probability }));
}

function unwrapped(ring: [number, number][]): [number, number][] {
  const [first] = ring[0];
  return ring.map(([longitude, latitude]) => [
    longitude - first > 180 ? longitude - 360 : longitude - first < -180 ? longitude + 360 : longitude,
    latitude,
  ]);
}
