// The arithmetic of a loading display: bytes per file, speed over the last seconds, time left. Pure; the clock is passed in.

import type { FileProgress, LoadProgress } from "@/protocol/model";

const windowMs = 5000;
const sampleMs = 100;

interface Sample {
  readonly timeMs: number;
  /** Network bytes received until then. */
  readonly bytes: number;
}

/** Adds up what a load reports; `progress()` is what the page shows. */
export class TransferMeter {
  private readonly files = new Map<string, FileProgress>();
  private samples: Sample[] = [];
  private networkBytes = 0;
  private doneBytes = 0;
  private cachedBytes = 0;
  private paused = false;
  private waiting: string | undefined;

  /**
   * @param totalBytes Weights to load, in bytes of the files; what `done` adds up to.
   * @param now Milliseconds of any steady clock.
   */
  constructor(
    private totalBytes: number,
    private readonly now: () => number,
  ) {}

  /** The figure is known better now. */
  setTotal(totalBytes: number): void {
    this.totalBytes = totalBytes;
  }

  /** A file of the load; its first mention gives its place in the list. */
  file(name: string, loadedBytes: number, totalBytes: number): void {
    this.files.set(name, { name, loadedBytes, totalBytes });
  }

  /** The `onBytes` of a download. */
  readonly received = (name: string, position: number, sizeBytes: number, networkBytes: number): void => {
    const before = this.files.get(name)?.loadedBytes ?? 0;
    // A file's header may be read again after its tensors: loaded bytes never go back.
    this.file(name, Math.max(before, position), sizeBytes);
    const timeMs = this.now();
    if (this.samples.length === 0) this.samples.push({ timeMs, bytes: this.networkBytes });
    this.networkBytes += networkBytes;
    const last = this.samples.at(-2);
    const sample = { timeMs, bytes: this.networkBytes };
    if (last && timeMs - last.timeMs < sampleMs) this.samples[this.samples.length - 1] = sample;
    else this.samples.push(sample);
    while (this.samples.length > 2 && (this.samples[1]?.timeMs ?? 0) < timeMs - windowMs) this.samples.shift();
  };

  /** The `onWaiting` of a download. */
  readonly wait = (text: string | undefined): void => {
    this.waiting = text;
  };

  /** Weights of so many file bytes are on the device. */
  done(bytes: number, from: "network" | "cache"): void {
    this.doneBytes += bytes;
    if (from === "cache") this.cachedBytes += bytes;
  }

  /** A pause begins or ends: speed is measured anew. */
  setPaused(paused: boolean): void {
    this.paused = paused;
    this.samples = [];
  }

  /** Where loading stands now. */
  progress(): LoadProgress {
    const bytesPerSecond = this.paused ? 0 : this.speed();
    const left = Math.max(0, this.totalBytes - this.doneBytes);
    return {
      files: [...this.files.values()],
      doneBytes: this.doneBytes,
      totalBytes: this.totalBytes,
      cachedBytes: this.cachedBytes,
      bytesPerSecond,
      ...(bytesPerSecond > 0 && { secondsLeft: left / bytesPerSecond }),
      paused: this.paused,
      ...(this.waiting !== undefined && { waiting: this.waiting }),
    };
  }

  /** Network bytes per second over the last seconds, up to now: it falls while nothing arrives. */
  private speed(): number {
    const timeMs = this.now();
    const first = this.samples.findLast((sample) => sample.timeMs <= timeMs - windowMs) ?? this.samples[0];
    if (!first || timeMs <= first.timeMs) return 0;
    return ((this.networkBytes - first.bytes) * 1000) / (timeMs - first.timeMs);
  }
}
