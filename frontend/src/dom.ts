// Elements. Text is only ever set as text: nothing that a beacon says can become markup. Texts are put on the page in its
// language; what a beacon or a station says is put there with ``data``, as it is.
import { translated } from "./language";

type Child = Node | string | null | undefined | false;
type Props = Record<string, unknown>;

/** attributes that people read */
const WORDS = new Set(["title", "aria-label", "placeholder"]);

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props | null = null,
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on") && typeof value === "function") {
      element.addEventListener(name.slice(2), value as EventListener);
    } else if (name === "class") {
      element.className = String(value);
    } else if (name === "data") {
      for (const [key, item] of Object.entries(value as Props)) element.dataset[key] = String(item);
    } else {
      const text = value === true ? "" : String(value);
      element.setAttribute(name, WORDS.has(name) ? translated(text) : text);
    }
  }
  append(element, children);
  return element;
}

export function append(element: Element, children: Child[]): void {
  for (const child of children) {
    if (typeof child === "string") element.append(translated(child));
    else if (child) element.append(child);
  }
}

/** A text that is nobody's words but the sender's. */
export function data(text: string): Text {
  return document.createTextNode(text);
}

export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren();
  append(element, children);
}

/** Set a text only when it differs: no needless layout, and no repeated announcement. */
export function say(element: Element, text: string): void {
  const words = translated(text);
  if (element.textContent !== words) element.textContent = words;
}

export function copyButton(text: string, label: string): HTMLElement {
  const button = h("button", { class: "plain" }, label);
  button.addEventListener("click", () => {
    const told = (words: string) => {
      say(button, words);
      setTimeout(() => say(button, label), 1500);
    };
    // the clipboard is there on loopback and https only
    if (!navigator.clipboard) return told("Not possible here");
    navigator.clipboard.writeText(text).then(
      () => told("Copied"),
      () => told("Not possible here"),
    );
    return undefined;
  });
  return button;
}
