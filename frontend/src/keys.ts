// The keyboard. Keys do nothing while somebody types, except Esc and Enter.

export interface Keys {
  move(step: number): void;
  enter(): void;
  escape(): void;
  search(): void;
  zoom(): void;
  fit(): void;
  sound(): void;
  theme(): void;
  coordinates(): void;
  measure(): void;
  projection(): void;
  history(): void;
  acknowledge(): void;
  help(): void;
}

export function listen(keys: Keys): void {
  const acts: Record<string, () => void> = {
    j: () => keys.move(1),
    k: () => keys.move(-1),
    "/": () => keys.search(),
    z: () => keys.zoom(),
    "0": () => keys.fit(),
    m: () => keys.sound(),
    t: () => keys.theme(),
    c: () => keys.coordinates(),
    d: () => keys.measure(),
    p: () => keys.projection(),
    h: () => keys.history(),
    a: () => keys.acknowledge(),
    "?": () => keys.help(),
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target as HTMLElement;
    // while a dialogue is open the page behind it does not listen
    if (event.key !== "Escape" && event.key !== "?" && document.querySelector("dialog[open]")) return;
    const typing = target.matches("input, textarea, select");
    let act: (() => void) | undefined;
    if (event.key === "Escape") act = () => keys.escape();
    else if (event.key === "Enter" && (typing || !target.matches("button, a, summary"))) {
      act = () => {
        if (typing) {
          target.blur();
          keys.move(1);
        } else keys.enter();
      };
    } else if (!typing && target.closest(".rows, body") && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      if (target.closest(".detail-body, .map")) return;
      act = () => keys.move(event.key === "ArrowDown" ? 1 : -1);
    } else if (!typing) act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
