// Day and night: what the system says until somebody chooses.
import * as memory from "./memory";

export type Theme = "day" | "night";

const dark = matchMedia("(prefers-color-scheme: dark)");

export function current(): Theme {
  const chosen = memory.load<Theme | null>("theme", null);
  return chosen ?? (dark.matches ? "night" : "day");
}

export function apply(): void {
  document.documentElement.dataset.theme = current();
}

export function toggle(): void {
  memory.save("theme", current() === "day" ? "night" : "day");
  apply();
}

export function onSystemChange(listener: () => void): void {
  dark.addEventListener("change", listener);
}
