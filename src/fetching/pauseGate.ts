// The switch behind "pause": whoever reads the network passes through it before every read.

/** What a reader needs of the switch. */
export interface Gate {
  readonly paused: boolean;
  /** Resolves when reading may go on; rejects with the signal's reason when that aborts first. */
  wait(signal?: AbortSignal): Promise<void>;
}

/** A gate with its handle. */
export class PauseGate implements Gate {
  private open: (() => void) | undefined;
  private opened: Promise<void> = Promise.resolve();

  get paused(): boolean {
    return this.open !== undefined;
  }

  /** Readers stop at their next read and close their connection. */
  pause(): void {
    if (this.open) return;
    this.opened = new Promise((resolve) => {
      this.open = resolve;
    });
  }

  /** Readers go on where they stopped. */
  resume(): void {
    this.open?.();
    this.open = undefined;
  }

  async wait(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (!this.paused) return;
    if (!signal) return this.opened;
    let stop = () => {};
    const aborted = new Promise<never>((_, reject) => {
      stop = () => reject(signal.reason);
      signal.addEventListener("abort", stop, { once: true });
    });
    try {
      await Promise.race([this.opened, aborted]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }
}
