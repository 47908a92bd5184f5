// The help dialogue: keys, words, and what the page cannot do.
import { h } from "./dom";

const KEYS: [string, string][] = [
  ["j, k or arrows", "next, previous alert"],
  ["Enter", "open the alert"],
  ["Esc", "close the detail, leave the search"],
  ["/", "search"],
  ["z", "show the alert on the map"],
  ["0", "show all urgent alerts on the map"],
  ["m", "sound on or off"],
  ["a", "acknowledge the alarm"],
  ["h", "the past, and back to now"],
  ["t", "day or night colours"],
  ["c", "next form of coordinates"],
  ["d", "measure distances on the map"],
  ["p", "map in Mercator, about the North Pole, about the South Pole"],
  ["?", "this help"],
];

export function helpDialog(): HTMLDialogElement {
  const dialog = h("dialog", { class: "help", "aria-label": "Help" });
  dialog.append(
    h("h2", null, "Help"),
    h(
      "dl",
      { class: "pairs" },
      ...KEYS.flatMap(([key, what]) => [h("dt", null, h("kbd", null, key)), h("dd", null, what)]),
    ),
    h(
      "p",
      null,
      "All times are UTC. Ages count from the last burst, in minutes and seconds. The list shows distress first, then identities that are not reliable, then the rest; within a kind the latest activation first.",
    ),
    h(
      "p",
      null,
      "A circle on the map holds the beacon with 95 % probability, as far as its method knows. For an encoded position it is the size of the coding step only: how well the beacon's own receiver knew the place is not known here.",
    ),
    h("p", null, "The coast comes from a map of 1:10,000,000: it may be a mile wrong, and is not for navigation."),
    h(
      "p",
      null,
      "An alert that was closed a week ago leaves the list and the map. Search its ID, or go back to its day with Past: the journal keeps it.",
    ),
    h("p", null, "An alert marked unread has not been opened in this browser since its state last changed."),
    h("button", { class: "plain", onclick: () => dialog.close() }, "Close"),
  );
  return dialog;
}
