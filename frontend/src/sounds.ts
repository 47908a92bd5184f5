// The dialogue of sounds: each stage can be heard, and left out.
import { h } from "./dom";
import { TUNES, type Sound } from "./sound";

export function soundDialog(sound: Sound): HTMLDialogElement {
  const dialog = h("dialog", { class: "sounds", "aria-label": "Sounds" });
  dialog.append(
    h("h2", null, "Sounds"),
    h(
      "ul",
      null,
      ...TUNES.map(({ stage, label }) => {
        const box = h("input", { type: "checkbox" });
        box.checked = sound.sounds(stage);
        box.addEventListener("change", () => sound.choose(stage, box.checked));
        return h(
          "li",
          { data: { stage } },
          h("label", null, box, label),
          h("button", { class: "plain", onclick: () => sound.test(stage) }, "Test"),
        );
      }),
    ),
    h(
      "p",
      { class: "note" },
      "An alarm is repeated every 20 s until the alert is opened or the alarm is acknowledged. What is acknowledged stays unread.",
    ),
    h("button", { class: "plain", onclick: () => dialog.close() }, "Close"),
  );
  return dialog;
}
