// The audible alarm: off until it is switched on, repeated until somebody opens the alert.
import * as memory from "./memory";

const REPEAT_MS = 20_000;

export class Sound {
  on = memory.load("sound", false);
  private context: AudioContext | null = null;
  private last = 0;

  constructor(
    private readonly pending: () => boolean,
    private readonly changed: () => void,
  ) {
    setInterval(() => this.pending() && Date.now() - this.last >= REPEAT_MS && this.alarm(), 1000);
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

  toggle(): void {
    this.on = !this.on;
    memory.save("sound", this.on);
    if (this.on) this.test();
    this.changed();
  }

  test(): void {
    void this.ensure()
      .resume()
      .then(() => {
        this.beep();
        this.changed();
      });
  }

  alarm(): void {
    if (!this.on || this.blocked) return;
    this.last = Date.now();
    this.beep();
  }

  private ensure(): AudioContext {
    this.context ??= new AudioContext();
    return this.context;
  }

  private beep(): void {
    const context = this.ensure();
    const start = context.currentTime + 0.02;
    for (const [index, pitch] of [880, 660, 880, 660].entries()) {
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
