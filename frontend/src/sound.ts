// The audible alarm: off until it is switched on, another tune for each stage, repeated until somebody opens the alert or
// acknowledges the alarm.
import { kindOf } from "./categories";
import * as memory from "./memory";
import type { Alert } from "./types";

const REPEAT_MS = 20_000;

export type Stage = "unlocated" | "located" | "confirmed" | "unreliable" | "cancelled" | "exercise";

export interface Tune {
  stage: Stage;
  label: string;
  /** Hz, one after another */
  pitches: number[];
}

/** The more is known, the calmer; told apart by their course, not by their pitch alone. */
export const TUNES: Tune[] = [
  { stage: "unlocated", label: "Distress without a position", pitches: [880, 660, 880, 660] },
  { stage: "located", label: "Distress with a position", pitches: [660, 880, 1100] },
  { stage: "confirmed", label: "Position confirmed", pitches: [880, 880, 1320] },
  { stage: "unreliable", label: "Identity not reliable", pitches: [520, 520, 520, 520] },
  { stage: "cancelled", label: "Cancelled", pitches: [880, 660, 440] },
  { stage: "exercise", label: "Exercise", pitches: [440, 440] },
];

/** The stage of an alert that has a sound; null for one that has none. */
export function stageOf(alert: Alert): Stage | null {
  const kind = kindOf(alert);
  if (kind === "exercise") return alert.category === "distress" ? "exercise" : null;
  if (kind === "unreliable" || kind === "cancelled") return kind;
  if (kind !== "distress" && kind !== "national") return null;
  if (alert.state.startsWith("confirmed")) return "confirmed";
  return alert.position ? "located" : "unlocated";
}

export class Sound {
  on = memory.load("sound", false);
  private silent = new Set<Stage>(memory.load<Stage[]>("silent", []));
  private context: AudioContext | null = null;
  private last = 0;

  constructor(
    private readonly pending: () => Alert[],
    private readonly changed: () => void,
  ) {
    setInterval(() => {
      const alert = this.pending().find((one) => this.sounds(stageOf(one)));
      if (alert && Date.now() - this.last >= REPEAT_MS) this.alarm(alert);
    }, 1000);
    // a page may sound only after somebody has touched it
    const wake = () => {
      if (this.on) void this.ensure().resume().then(this.changed);
    };
    for (const event of ["pointerdown", "keydown"]) addEventListener(event, wake, { once: true });
  }

  /** Switched on, but the browser keeps it silent until the page is touched. */
  get blocked(): boolean {
    return this.on && this.context?.state !== "running";
  }

  /** Whether a stage sounds when the sound is on. */
  sounds(stage: Stage | null): boolean {
    return stage !== null && !this.silent.has(stage);
  }

  choose(stage: Stage, sounds: boolean): void {
    if (sounds) this.silent.delete(stage);
    else this.silent.add(stage);
    memory.save("silent", [...this.silent]);
  }

  toggle(): void {
    this.on = !this.on;
    memory.save("sound", this.on);
    if (this.on) this.test("unlocated");
    this.changed();
  }

  test(stage: Stage): void {
    void this.ensure()
      .resume()
      .then(() => {
        this.play(stage);
        this.changed();
      });
  }

  alarm(alert: Alert): void {
    const stage = stageOf(alert);
    if (!this.on || this.blocked || stage === null || this.silent.has(stage)) return;
    this.last = Date.now();
    this.play(stage);
  }

  private ensure(): AudioContext {
    this.context ??= new AudioContext();
    return this.context;
  }

  private play(stage: Stage): void {
    const context = this.ensure();
    const start = context.currentTime + 0.02;
    for (const [index, pitch] of TUNES.find((tune) => tune.stage === stage)!.pitches.entries()) {
      const [tone, gain] = [context.createOscillator(), context.createGain()];
      const at = start + index * 0.24;
      tone.type = "triangle";
      tone.frequency.value = pitch;
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(0.35, at + 0.02);
      gain.gain.setValueAtTime(0.35, at + 0.17);
      gain.gain.linearRampToValueAtTime(0, at + 0.21);
      tone.connect(gain).connect(context.destination);
      tone.start(at);
      tone.stop(at + 0.22);
    }
  }
}
