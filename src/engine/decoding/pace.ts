// How many decoding steps go to the device at a time.

/** Time between two readbacks that decoding aims at, of which two may be under way: Stop reacts within twice of it. */
const readMs = 40;
/** Most steps between two readbacks. */
const mostSteps = 16;

/** How many steps go between two readbacks: as many as fit `readMs`, so that Stop and streaming are prompt and the device has work. */
export class Pace {
  #steps = 0;
  #since: number;

  /** @param fixed Steps to take every time, whatever they take. */
  constructor(
    private readonly fixed: number | undefined,
    private readonly now = () => performance.now(),
  ) {
    this.#since = now();
  }

  /** Whether several steps go between two readbacks: then two readbacks may be under way, and Stop still reacts within 100 ms. */
  get isQuick(): boolean {
    return (this.fixed ?? this.#steps) > 1;
  }

  /** Steps to take next, by the time that the last ones took. */
  next(): number {
    if (this.fixed !== undefined) return this.fixed;
    const now = this.now();
    // The first time is the prompt's and the second the recording's.
    const perStep = (now - this.#since) / Math.max(1, this.#steps);
    this.#since = now;
    this.#steps = this.#steps === 0 ? 1 : Math.min(mostSteps, 2 * this.#steps, Math.max(1, Math.floor(readMs / perStep)));
    return this.#steps;
  }
}
