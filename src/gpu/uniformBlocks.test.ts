import { beforeEach, describe, expect, it, vi } from "vitest";
import { UniformBlocks } from "./uniformBlocks";

interface Slab {
  readonly bytes: Uint8Array;
  isDestroyed: boolean;
  destroy(): void;
}

/** As much of a device as blocks need: buffers that remember what was written to them. */
function memoryDevice() {
  const slabs: Slab[] = [];
  const device = {
    limits: { minUniformBufferOffsetAlignment: 256 },
    createBuffer({ size }: { size: number }) {
      const slab: Slab = {
        bytes: new Uint8Array(size),
        isDestroyed: false,
        destroy() {
          this.isDestroyed = true;
        },
      };
      slabs.push(slab);
      return slab;
    },
    queue: {
      writeBuffer(slab: Slab, at: number, source: Uint8Array, first: number, count: number) {
        slab.bytes.set(source.subarray(first, first + count), at);
      },
    },
  };
  return { slabs, device: device as unknown as GPUDevice };
}

const block = (...words: number[]) => new DataView(Uint32Array.from(words).buffer);
let counts = { uniformUploads: 0, uploads: 0, uploadBytes: 0, buffers: 0 };
beforeEach(() => {
  vi.stubGlobal("GPUBufferUsage", { UNIFORM: 64, COPY_DST: 8 });
  counts = { uniformUploads: 0, uploads: 0, uploadBytes: 0, buffers: 0 };
});

describe("UniformBlocks", () => {
  it("brings all new blocks to the device in one write, and equal ones once", () => {
    const { slabs, device } = memoryDevice();
    const blocks = new UniformBlocks(device, counts);
    const places = [block(1, 2, 3, 4), block(5, 6, 7, 8), block(1, 2, 3, 4)].map((words) => blocks.placeOf(words, false));
    expect(places.map(({ offset }) => offset)).toEqual([0, 256, 0]);
    blocks.write();
    blocks.write();
    expect(counts).toEqual({ uniformUploads: 1, uploads: 1, uploadBytes: 512, buffers: 1 });
    expect([...new Uint32Array(slabs[0]?.bytes.buffer as ArrayBuffer, 256, 4)]).toEqual([5, 6, 7, 8]);
  });

  it("goes on in another buffer when one is full, with every block where it was said to be", () => {
    const { slabs, device } = memoryDevice();
    const blocks = new UniformBlocks(device, counts);
    const places = Array.from({ length: 300 }, (_, i) => blocks.placeOf(block(i, 0, 0, 0), false));
    blocks.write();
    expect(counts.buffers).toBe(2);
    places.forEach(({ buffer, offset }, i) => {
      const { bytes } = slabs.find((slab) => slab === (buffer as unknown as Slab)) as Slab;
      expect(new DataView(bytes.buffer).getUint32(offset, true)).toBe(i);
    });
  });

  it("keeps the blocks of recorded passes while any is recorded, and forgets them afterwards when there are too many", () => {
    const { slabs, device } = memoryDevice();
    const blocks = new UniformBlocks(device, counts, 2);
    const held = blocks.placeOf(block(1, 0, 0, 0), true);
    blocks.placeOf(block(2, 0, 0, 0), true);
    for (const word of [3, 4]) blocks.placeOf(block(word, 0, 0, 0), false);
    expect(blocks.isFull(true)).toBe(true);
    blocks.forget(true);
    expect(slabs.map(({ isDestroyed }) => isDestroyed)).toEqual([false, true]);
    expect(blocks.isFull(true)).toBe(false);
    // A pass that is not recorded may bind what a recorded one does.
    expect(blocks.placeOf(block(1, 0, 0, 0), false)).toBe(held);
    expect(blocks.isFull(false)).toBe(true);
    blocks.forget(false);
    expect(slabs.every(({ isDestroyed }) => isDestroyed)).toBe(true);
    expect(blocks.isFull(false)).toBe(false);
  });
});
