// The page in another language. English is the language of the code and of the service; the catalogue gives each of
// their sentences in French. What is put on the page passes through here, except what a beacon or a station says.
import * as memory from "./memory";

export type Language = "en" | "fr";

export const NAMES: Record<Language, string> = { en: "English", fr: "Français" };

interface Pattern {
  find: RegExp;
  /** what stands in the places of the sentence, and whether it is itself in the catalogue */
  places: { name: string; words: boolean }[];
  into: string;
  /** it has words of its own, not only places and commas */
  telling: boolean;
}

const KEPT = 5000;

let language: Language = "en";
let exact: Record<string, string> = {};
let patterns: Pattern[] = [];
const known = new Map<string, string>();

export function current(): Language {
  return language;
}

/** Load the catalogue of the language that was chosen, or that the browser asks for. */
export async function load(): Promise<void> {
  const asked = navigator.language.toLowerCase().startsWith("fr") ? "fr" : "en";
  language = memory.load<Language>("language", asked) === "fr" ? "fr" : "en";
  document.documentElement.lang = language;
  if (language === "fr") use((await import("./fr.json")).default);
}

/** The other language, from the next drawing of the page on. */
export function change(): void {
  memory.save("language", language === "en" ? "fr" : "en");
  location.reload();
}

function use(catalogue: Record<string, string>): void {
  exact = catalogue;
  // the sentence that says most by itself is tried first
  const own = (english: string) => english.replace(/\{.*?\}/g, "").length;
  patterns = Object.entries(catalogue)
    .filter(([english]) => english.includes("{"))
    .sort(([a], [b]) => own(b) - own(a))
    .map(([english, into]) => {
      const places: Pattern["places"] = [];
      const source = english
        .split(/(\{=?\w+\})/)
        .map((part) => {
          const place = /^\{(=?)(\w+)\}$/.exec(part);
          if (!place) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
          places.push({ name: place[2], words: place[1] === "=" });
          return "(.+?)";
        })
        .join("");
      return {
        find: new RegExp(`^${source}$`, "s"),
        places,
        into,
        telling: /\p{L}{3}/u.test(english.replace(/\{.*?\}/g, "")),
      };
    });
}

/** A text of the page in its language; what the catalogue does not hold stays as it is. */
export function translated(text: string): string {
  if (language === "en" || !/\p{L}{2}/u.test(text)) return text;
  const bare = text.trim();
  if (bare !== text) return text.replace(bare, () => translated(bare));
  let found = known.get(text);
  if (found === undefined) {
    found = sought(text);
    if (known.size >= KEPT) known.clear();
    known.set(text, found);
  }
  return found;
}

/** A reason may be several sentences, each in the catalogue by itself: patterns that say little come after them. */
function sought(text: string): string {
  if (Object.hasOwn(exact, text) && !text.includes("{")) return exact[text];
  const said = filled(text, true);
  if (said !== null) return said;
  const sentences = text.split(/(?<=\.) (?=\p{Lu})/u);
  if (sentences.length > 1) return sentences.map(translated).join(" ");
  return filled(text, false) ?? text;
}

function filled(text: string, telling: boolean): string | null {
  for (const pattern of patterns) {
    const match = pattern.telling === telling && pattern.find.exec(text);
    if (!match) continue;
    const given = new Map(
      pattern.places.map(({ name, words }, index) => [name, words ? translated(match[index + 1]) : match[index + 1]]),
    );
    return pattern.into.replace(/\{(\w+)\}/g, (_, name: string) => given.get(name) ?? "");
  }
  return null;
}
