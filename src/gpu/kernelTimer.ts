// Times of kernels by timestamp queries: while it is on, every dispatch gets a pass of its own with a time at its begin and its end,
// which are read back beside the work. Off, it costs a test per dispatch. It sees names only, no shapes; results are the same bits.

/** What the calls of a kernel took in a phase. */
export interface KernelTime {
  /** What was going on: the timer's `scope` when the kernel was encoded. */
  readonly phase: string;
  readonly name: string;
  readonly calls: number;
  readonly ms: number;
}

/** What was measured between two calls of `take`. */
export interface KernelTimes {
  /** Longest first. */
  readonly kernels: readonly KernelTime[];
  /** Smallest difference between two times that was seen, in ns: browsers round them; 0 before any. */
  readonly stepNs: number;
  /** Dispatches that no query was left for. */
  readonly untimed: number;
}

interface Slot {
  readonly phase: string;
  readonly name: string;
}

interface Batch {
  readonly totals: Map<string, { readonly slot: Slot; calls: number; ns: number }>;
  stepNs: number;
  untimed: number;
}

const newBatch = (): Batch => ({ totals: new Map(), stepNs: 0, untimed: 0 });

/** Dispatches between two submits that are timed: WebGPU allows 4096 queries in a set, and each takes two. */
const slotsPerSubmit = 2048;

/** Times kernels of one device. */
export class KernelTimer {
  /** Written to the kernels that are encoded from now on. */
  scope = "";
  readonly isSupported: boolean;
  #isOn = false;
  #queries: GPUQuerySet | null = null;
  #resolved: GPUBuffer | null = null;
  #slots: Slot[] = [];
  #staging: GPUBuffer | null = null;
  readonly #pending = new Set<Promise<void>>();
  #batch = newBatch();

  constructor(private readonly device: GPUDevice) {
    this.isSupported = device.features.has("timestamp-query");
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Switches timing; stays off where the device has no timestamps. */
  set(on: boolean): void {
    this.#isOn = on && this.isSupported;
  }

  /** A pass for one dispatch of that name; the caller ends it. */
  open(encoder: GPUCommandEncoder, name: string): GPUComputePassEncoder {
    if (this.#slots.length === slotsPerSubmit) {
      this.#batch.untimed++;
      return encoder.beginComputePass({ label: "vppo" });
    }
    this.#queries ??= this.device.createQuerySet({ type: "timestamp", count: slotsPerSubmit * 2 });
    const index = this.#slots.push({ phase: this.scope, name }) - 1;
    const timestampWrites = {
      querySet: this.#queries,
      beginningOfPassWriteIndex: index * 2,
      endOfPassWriteIndex: index * 2 + 1,
    };
    return encoder.beginComputePass({ label: "vppo", timestampWrites });
  }

  /** Copies the times of what was encoded into a buffer that can be read; before the encoder is finished. */
  resolve(encoder: GPUCommandEncoder): void {
    if (this.#slots.length === 0 || !this.#queries) return;
    const count = this.#slots.length * 2;
    const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
    this.#resolved ??= this.device.createBuffer({ label: "times", size: slotsPerSubmit * 16, usage });
    this.#staging = this.device.createBuffer({
      label: "times",
      size: count * 8,
      usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
    });
    encoder.resolveQuerySet(this.#queries, 0, count, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#staging, 0, count * 8);
  }

  /** Reads them when the device is done; after the submit. */
  collect(): void {
    const staging = this.#staging;
    if (!staging) return;
    const slots = this.#slots;
    const batch = this.#batch;
    this.#staging = null;
    this.#slots = [];
    const read = staging
      .mapAsync(GPUMapMode.READ)
      .then(() => {
        add(batch, slots, new BigUint64Array(staging.getMappedRange()));
        staging.destroy();
      })
      // The device is gone, of which the job that ran tells.
      .catch(() => {});
    this.#pending.add(read);
    void read.finally(() => this.#pending.delete(read));
  }

  /** The times of everything submitted since the last call; what comes later counts for the next. */
  async take(): Promise<KernelTimes> {
    const batch = this.#batch;
    this.#batch = newBatch();
    await Promise.all(this.#pending);
    const kernels = [...batch.totals.values()].map(({ slot, calls, ns }) => ({ ...slot, calls, ms: ns / 1e6 }));
    return { kernels: kernels.toSorted((a, b) => b.ms - a.ms), stepNs: batch.stepNs, untimed: batch.untimed };
  }
}

function add(batch: Batch, slots: readonly Slot[], times: BigUint64Array): void {
  let last = times[0] ?? 0n;
  for (const time of times) {
    const step = Math.abs(Number(time - last));
    last = time;
    if (step > 0 && (batch.stepNs === 0 || step < batch.stepNs)) batch.stepNs = step;
  }
  slots.forEach((slot, i) => {
    const key = `${slot.phase}\n${slot.name}`;
    const total = batch.totals.get(key) ?? { slot, calls: 0, ns: 0 };
    total.calls++;
    // Clocks may be set back between two times; such a pass counts as too short to measure.
    total.ns += Math.max(0, Number((times[i * 2 + 1] ?? 0n) - (times[i * 2] ?? 0n)));
    batch.totals.set(key, total);
  });
}
