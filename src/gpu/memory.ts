// The buffer pool behind every TF.js tensor on WebGPU. TF.js' own BufferManager keys buffers by exact size and never frees
// one, so growing shapes leak by design; this one has the same interface, drops the least recently used free buffers above
// a cap, and counts bytes for the leak test and the System panel. Replaces `backend.bufferManager` in `gpu/device.ts`.

/** Free buffers above this many bytes are destroyed, least recently released first. */
const defaultCapBytes = 256 * 1024 * 1024;

interface FreeBuffer {
  readonly key: string;
  readonly buffer: GPUBuffer;
}

/** A pool of GPU buffers with a cap on what lies idle. */
export class BufferPool {
  numBytesUsed = 0;
  numBytesAllocated = 0;
  numBytesPeak = 0;
  readonly #used = new Set<GPUBuffer>();
  readonly #free = new Map<string, GPUBuffer[]>();
  #releasedInOrder: FreeBuffer[] = [];
  #numBytesFree = 0;

  constructor(
    private readonly device: GPUDevice,
    private readonly capBytes = defaultCapBytes,
  ) {}

  /** Same contract as TF.js' BufferManager.acquireBuffer. */
  acquireBuffer(size: number, usage: GPUBufferUsageFlags, mappedAtCreation = false, reuse = true): GPUBuffer {
    const found = reuse ? this.#free.get(`${size}_${usage}`)?.pop() : undefined;
    if (found) this.#numBytesFree -= size;
    const buffer = found ?? this.device.createBuffer({ size, usage, mappedAtCreation });
    if (!found) this.numBytesAllocated += size;
    this.#used.add(buffer);
    this.numBytesUsed += size;
    this.numBytesPeak = Math.max(this.numBytesPeak, this.numBytesAllocated);
    return buffer;
  }

  /** Same contract as TF.js' BufferManager.releaseBuffer. */
  releaseBuffer(buffer: GPUBuffer, reuse = true): void {
    if (!this.#used.delete(buffer)) throw new Error("released a buffer the pool does not own");
    this.numBytesUsed -= buffer.size;
    if (!reuse) {
      this.#destroy(buffer);
      return;
    }
    const key = `${buffer.size}_${buffer.usage}`;
    const list = this.#free.get(key);
    if (list) list.push(buffer);
    else this.#free.set(key, [buffer]);
    this.#releasedInOrder.push({ key, buffer });
    this.#numBytesFree += buffer.size;
    if (this.#numBytesFree > this.capBytes) this.trim(this.capBytes / 2);
  }

  /** Destroys idle buffers, oldest first, until at most `bytes` of them are left. */
  trim(bytes = 0): void {
    const stillFree = this.#releasedInOrder.filter(({ key, buffer }) => this.#free.get(key)?.includes(buffer));
    this.#releasedInOrder = [];
    for (const entry of stillFree) {
      const list = this.#free.get(entry.key);
      const at = list?.indexOf(entry.buffer) ?? -1;
      if (this.#numBytesFree > bytes && list && at >= 0) {
        list.splice(at, 1);
        this.#numBytesFree -= entry.buffer.size;
        this.#destroy(entry.buffer);
      } else this.#releasedInOrder.push(entry);
    }
  }

  getNumUsedBuffers(): number {
    return this.#used.size;
  }

  getNumFreeBuffers(): number {
    let count = 0;
    for (const list of this.#free.values()) count += list.length;
    return count;
  }

  dispose(): void {
    for (const buffer of this.#used) buffer.destroy();
    for (const list of this.#free.values()) for (const buffer of list) buffer.destroy();
    this.#used.clear();
    this.#free.clear();
    this.#releasedInOrder = [];
    this.numBytesUsed = 0;
    this.numBytesAllocated = 0;
    this.#numBytesFree = 0;
  }

  #destroy(buffer: GPUBuffer): void {
    buffer.destroy();
    this.numBytesAllocated -= buffer.size;
  }
}
