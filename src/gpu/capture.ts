// Records a pass of our kernels as a list of (pipeline, bind group, grid) over buffers it owns, and replays it: no
// allocation, no bind group, no upload per replay. What changes between replays (ids, positions, lengths) lives in tensors
// that kernels read and advance on the GPU. Stock TF.js operations cannot be recorded: running one while recording throws.

import type { Dispatcher, RecordedDispatch } from "./dispatcher";

type RunProgram = (...args: unknown[]) => unknown;

/** A recorded pass and the buffers it needs. */
export class Capture {
  readonly #dispatches: RecordedDispatch[] = [];
  readonly #buffers: GPUBuffer[] = [];
  #isDisposed = false;

  private constructor(private readonly dispatcher: Dispatcher) {}

  /** Runs `pass` once, encoding it as usual, and records it for replay. */
  static record(dispatcher: Dispatcher, pass: () => void): Capture {
    if (dispatcher.capture) throw new Error("a pass is already being recorded");
    const capture = new Capture(dispatcher);
    const backend = dispatcher.backend as unknown as { runWebGPUProgram: RunProgram };
    const stock = backend.runWebGPUProgram;
    backend.runWebGPUProgram = (program) => {
      throw new Error(`a stock operation (${(program as object).constructor.name}) cannot be recorded`);
    };
    dispatcher.capture = capture;
    dispatcher.recordings++;
    try {
      pass();
    } catch (error) {
      capture[Symbol.dispose]();
      throw error;
    } finally {
      dispatcher.capture = null;
      backend.runWebGPUProgram = stock;
    }
    return capture;
  }

  get length(): number {
    return this.#dispatches.length;
  }

  get sizeBytes(): number {
    return this.#buffers.reduce((sum, buffer) => sum + buffer.size, 0);
  }

  record(dispatch: RecordedDispatch): void {
    this.#dispatches.push(dispatch);
  }

  /** A buffer that lives as long as the capture. */
  allocate(size: number): GPUBuffer {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = this.dispatcher.pool.acquireBuffer(size, usage, false, false, "step");
    this.#buffers.push(buffer);
    return buffer;
  }

  /** Encodes the whole pass again, in order with everything else. */
  replay(): void {
    this.dispatcher.encodeAll(this.#dispatches);
  }

  [Symbol.dispose](): void {
    if (!this.#isDisposed) this.dispatcher.recordings--;
    this.#isDisposed = true;
    for (const buffer of this.#buffers) this.dispatcher.pool.releaseBuffer(buffer, false);
    this.#buffers.length = 0;
    this.#dispatches.length = 0;
  }
}
