// The buffer pool behind every TF.js tensor on WebGPU. TF.js' own BufferManager keys buffers by exact size and never frees
// one, so growing shapes leak by design; this one has the same interface, drops the least recently used free buffers above
// a cap, and counts bytes, by what they are there for, for the leak test and the System panel. Replaces `backend.bufferManager`
// in `gpu/device.ts`.

/** Free buffers above this many bytes are destroyed, least recently released first. */
const defaultCapBytes = 256 * 1024 * 1024;

/** What a buffer is there for; "work" is what lives no longer than a pass or a job: activations, features, parameters. */
export type Purpose = "weights" | "trained" | "cache" | "step" | "work";

/** Buffers in use for one purpose. */
export interface Held {
  bytes: number;
  /** The most there was since `markPeaks`. */
  peakBytes: number;
  buffers: number;
}

const nothingHeld = (): Held => ({ bytes: 0, peakBytes: 0, buffers: 0 });

/** A pool of GPU buffers with a cap on what lies idle. */
export class BufferPool {
  numBytesUsed = 0;
  numBytesAllocated = 0;
  numBytesPeak = 0;
  /** Buffers that the device made, ever. */
  buffersMade = 0;
  /** What buffers are acquired for, where nobody says it. */
  purpose: Purpose = "work";
  /** Called before a buffer is destroyed: commands that are encoded, but not submitted, may still refer to it. */
  beforeDestroy: (() => void) | undefined;
  readonly held: Readonly<Record<Purpose, Held>> = {
    weights: nothingHeld(),
    trained: nothingHeld(),
    cache: nothingHeld(),
    step: nothingHeld(),
    work: nothingHeld(),
  };
  readonly #used = new Map<GPUBuffer, Purpose>();
  /** Idle buffers by size and usage, in order of release; the last one is taken first. */
  readonly #free = new Map<string, GPUBuffer[]>();
  /** All idle buffers in order of release (a set keeps the order of insertion). */
  readonly #idle = new Set<GPUBuffer>();
  #numBytesFree = 0;

  constructor(
    private readonly device: GPUDevice,
    private readonly capBytes = defaultCapBytes,
  ) {}

  /** Same contract as TF.js' BufferManager.acquireBuffer. */
  acquireBuffer(
    size: number,
    usage: GPUBufferUsageFlags,
    mappedAtCreation = false,
    reuse = true,
    purpose = this.purpose,
  ): GPUBuffer {
    const found = reuse ? this.#free.get(`${size}_${usage}`)?.pop() : undefined;
    if (found) {
      this.#idle.delete(found);
      this.#numBytesFree -= size;
    }
    const buffer = found ?? this.device.createBuffer({ size, usage, mappedAtCreation });
    if (!found) {
      this.numBytesAllocated += size;
      this.buffersMade++;
    }
    this.#hold(buffer, purpose);
    this.numBytesUsed += size;
    this.numBytesPeak = Math.max(this.numBytesPeak, this.numBytesAllocated);
    return buffer;
  }

  /** Same contract as TF.js' BufferManager.releaseBuffer. */
  releaseBuffer(buffer: GPUBuffer, reuse = true): void {
    if (!this.#letGo(buffer)) throw new Error("released a buffer the pool does not own");
    this.numBytesUsed -= buffer.size;
    if (!reuse) {
      this.#destroy(buffer);
      return;
    }
    const key = keyOf(buffer);
    const list = this.#free.get(key);
    if (list) list.push(buffer);
    else this.#free.set(key, [buffer]);
    this.#idle.add(buffer);
    this.#numBytesFree += buffer.size;
    if (this.#numBytesFree > this.capBytes) this.trim(this.capBytes / 2);
  }

  /** Destroys idle buffers, oldest first, until at most `bytes` of them are left. */
  trim(bytes = 0): void {
    for (const buffer of this.#idle) {
      if (this.#numBytesFree <= bytes) break;
      this.#idle.delete(buffer);
      const key = keyOf(buffer);
      const list = this.#free.get(key) ?? [];
      // Both orders are those of release, so the oldest of its size comes first in its list, too.
      list.shift();
      if (list.length === 0) this.#free.delete(key);
      this.#numBytesFree -= buffer.size;
      this.#destroy(buffer);
    }
  }

  /** Counts a buffer in use as there for `purpose`. */
  assign(buffer: GPUBuffer, purpose: Purpose): void {
    const before = this.#used.get(buffer);
    if (before === undefined || before === purpose) return;
    this.#letGo(buffer);
    this.#hold(buffer, purpose);
  }

  /** Peaks by purpose count from now on. */
  markPeaks(): void {
    for (const held of Object.values(this.held)) held.peakBytes = held.bytes;
  }

  /** Bytes of idle buffers. */
  get numBytesFree(): number {
    return this.#numBytesFree;
  }

  getNumUsedBuffers(): number {
    return this.#used.size;
  }

  getNumFreeBuffers(): number {
    return this.#idle.size;
  }

  dispose(): void {
    for (const buffer of [...this.#used.keys()]) {
      this.#letGo(buffer);
      buffer.destroy();
    }
    for (const buffer of this.#idle) buffer.destroy();
    this.#free.clear();
    this.#idle.clear();
    this.numBytesUsed = 0;
    this.numBytesAllocated = 0;
    this.#numBytesFree = 0;
  }

  #hold(buffer: GPUBuffer, purpose: Purpose): void {
    const held = this.held[purpose];
    this.#used.set(buffer, purpose);
    held.bytes += buffer.size;
    held.buffers++;
    held.peakBytes = Math.max(held.peakBytes, held.bytes);
  }

  #letGo(buffer: GPUBuffer): boolean {
    const purpose = this.#used.get(buffer);
    if (purpose === undefined) return false;
    this.#used.delete(buffer);
    this.held[purpose].bytes -= buffer.size;
    this.held[purpose].buffers--;
    return true;
  }

  #destroy(buffer: GPUBuffer): void {
    this.beforeDestroy?.();
    buffer.destroy();
    this.numBytesAllocated -= buffer.size;
  }
}

function keyOf({ size, usage }: GPUBuffer): string {
  return `${size}_${usage}`;
}
