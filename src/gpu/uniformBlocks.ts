// Uniform blocks of our kernels, immutable and shared by content, side by side in a few buffers: what is new goes to the device in one
// write before the next submit, instead of a buffer each. The dispatcher binds the places and says when a submit comes. Blocks that a
// recorded pass binds lie apart, because they are needed as long as any pass is recorded; both are forgotten when there are too many.

/** Bytes of a buffer of blocks: 256 of the smallest at the usual alignment. */
const slabBytes = 64 * 1024;

/** A block as a bind group takes it. */
export interface UniformPlace {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** Where a write is counted. */
export interface UniformCounts {
  uniformUploads: number;
  uploads: number;
  uploadBytes: number;
  buffers: number;
}

/** Blocks by content, in slabs that grow from the front. */
class Slabs {
  readonly places = new Map<string, UniformPlace>();
  readonly #buffers: GPUBuffer[] = [];
  readonly #shadow = new Uint8Array(slabBytes);
  /** Bytes of the last slab that are taken, and those of them that the device has. */
  #taken = slabBytes;
  #written = slabBytes;

  constructor(
    private readonly device: GPUDevice,
    private readonly counts: UniformCounts,
  ) {}

  add(key: string, words: Uint8Array): UniformPlace {
    if (this.#taken + words.byteLength > slabBytes) {
      this.write();
      const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
      this.#buffers.push(this.device.createBuffer({ label: "params", size: slabBytes, usage }));
      this.counts.buffers++;
      this.#taken = 0;
      this.#written = 0;
    }
    const place = { buffer: this.#buffers.at(-1) as GPUBuffer, offset: this.#taken, size: words.byteLength };
    this.#shadow.set(words, place.offset);
    const alignment = this.device.limits.minUniformBufferOffsetAlignment;
    this.#taken = Math.min(slabBytes, Math.ceil((place.offset + place.size) / alignment) * alignment);
    this.places.set(key, place);
    return place;
  }

  /** Nothing that was submitted reads these bytes, so the write need not wait its turn. */
  write(): void {
    const buffer = this.#buffers.at(-1);
    const bytes = this.#taken - this.#written;
    if (!buffer || bytes === 0) return;
    this.device.queue.writeBuffer(buffer, this.#written, this.#shadow, this.#written, bytes);
    this.#written = this.#taken;
    this.counts.uniformUploads++;
    this.counts.uploads++;
    this.counts.uploadBytes += bytes;
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.#buffers.length = 0;
    this.places.clear();
    this.#taken = slabBytes;
    this.#written = slabBytes;
  }
}

/** The uniform blocks of one device. */
export class UniformBlocks {
  readonly #passing: Slabs;
  readonly #held: Slabs;

  /** @param most Blocks that are kept, those of recorded passes apart, of which as many are. */
  constructor(
    device: GPUDevice,
    counts: UniformCounts,
    private readonly most = 4096,
  ) {
    this.#passing = new Slabs(device, counts);
    this.#held = new Slabs(device, counts);
  }

  /** Whether there are so many that `forget` is due; of those of recorded passes only where none is recorded any more. */
  isFull(isAnyRecorded: boolean): boolean {
    return this.#passing.places.size >= this.most || (!isAnyRecorded && this.#held.places.size >= this.most);
  }

  /** The place of a block with these words, a multiple of 16 bytes; `isHeld` when a recorded pass binds it. */
  placeOf(words: DataView<ArrayBuffer>, isHeld: boolean): UniformPlace {
    const key = new Uint32Array(words.buffer).join();
    const found = this.#held.places.get(key) ?? (isHeld ? undefined : this.#passing.places.get(key));
    return found ?? (isHeld ? this.#held : this.#passing).add(key, new Uint8Array(words.buffer));
  }

  /** Brings what is new to the device: before every submit. */
  write(): void {
    this.#passing.write();
    this.#held.write();
  }

  /** Forgets all blocks but those of recorded passes; nothing that is encoded may bind them. */
  forget(isAnyRecorded: boolean): void {
    this.#passing.destroy();
    if (!isAnyRecorded) this.#held.destroy();
  }

  destroy(): void {
    this.#passing.destroy();
    this.#held.destroy();
  }
}
