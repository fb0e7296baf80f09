// The buffer pool on a real device: exact reuse, a cap on what lies idle, and byte counts that add up.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createGpu, type Gpu } from "./device";
import { BufferPool } from "./memory";

const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;

describe("BufferPool", () => {
  let gpu: Gpu;
  beforeAll(async () => {
    gpu = await createGpu();
  });
  afterAll(() => gpu.device.destroy());

  it("gives a released buffer of the same size and usage again, the last one first", () => {
    const pool = new BufferPool(gpu.device);
    const [a, b, other] = [pool.acquireBuffer(64, usage), pool.acquireBuffer(64, usage), pool.acquireBuffer(128, usage)];
    for (const buffer of [a, b, other]) pool.releaseBuffer(buffer);
    expect(pool.acquireBuffer(64, usage)).toBe(b);
    expect(pool.acquireBuffer(64, usage)).toBe(a);
    expect(pool.acquireBuffer(64, usage)).not.toBe(other);
    expect(pool.acquireBuffer(128, GPUBufferUsage.COPY_DST)).not.toBe(other);
    expect(pool.getNumFreeBuffers()).toBe(1);
    pool.dispose();
  });

  it("counts bytes in use, allocated and at the peak", () => {
    const pool = new BufferPool(gpu.device);
    const [a, b] = [pool.acquireBuffer(100, usage), pool.acquireBuffer(200, usage)];
    pool.releaseBuffer(a);
    expect([pool.numBytesUsed, pool.numBytesAllocated, pool.numBytesPeak]).toEqual([200, 300, 300]);
    pool.releaseBuffer(b, false);
    expect([pool.numBytesUsed, pool.numBytesAllocated, pool.numBytesPeak]).toEqual([0, 100, 300]);
    pool.trim();
    expect([pool.numBytesAllocated, pool.getNumFreeBuffers(), pool.getNumUsedBuffers()]).toEqual([0, 0, 0]);
    expect(() => pool.releaseBuffer(a)).toThrow("does not own");
  });

  it("destroys the longest idle buffers above the cap, and never one in use", () => {
    const pool = new BufferPool(gpu.device, 1000);
    const buffers = Array.from({ length: 5 }, (_, i) => pool.acquireBuffer(200 + 4 * i, usage));
    const kept = buffers[4] as GPUBuffer;
    const reused = buffers[0] as GPUBuffer;
    pool.releaseBuffer(reused);
    pool.acquireBuffer(200, usage);
    for (const buffer of buffers.slice(1, 4)) pool.releaseBuffer(buffer);
    pool.releaseBuffer(reused);
    expect(pool.getNumFreeBuffers()).toBe(4);
    const large = pool.acquireBuffer(600, usage);
    pool.releaseBuffer(large);
    // 1428 idle bytes are over the cap: down to half of it, oldest first, which takes the large one too.
    expect(pool.getNumFreeBuffers()).toBe(0);
    expect(pool.numBytesAllocated).toBe(kept.size);
    pool.dispose();
  });

  it("counts buffers in use by purpose, with the peak since it was marked", () => {
    const pool = new BufferPool(gpu.device);
    pool.purpose = "weights";
    const weight = pool.acquireBuffer(100, usage);
    pool.purpose = "work";
    const other = pool.acquireBuffer(40, usage);
    const step = pool.acquireBuffer(60, usage, false, false, "step");
    expect(pool.held).toMatchObject({
      weights: { bytes: 100, peakBytes: 100, buffers: 1 },
      work: { bytes: 40, peakBytes: 40, buffers: 1 },
      step: { bytes: 60, peakBytes: 60, buffers: 1 },
    });
    pool.assign(other, "trained");
    expect(pool.held).toMatchObject({ work: { bytes: 0, buffers: 0 }, trained: { bytes: 40, buffers: 1 } });
    pool.releaseBuffer(step, false);
    expect(pool.held.step).toEqual({ bytes: 0, peakBytes: 60, buffers: 0 });
    pool.markPeaks();
    expect(pool.held.step.peakBytes).toBe(0);
    pool.releaseBuffer(weight);
    expect([pool.numBytesFree, pool.buffersMade]).toEqual([100, 3]);
    // A buffer from the pool belongs to who asks for it.
    pool.acquireBuffer(100, usage);
    expect(pool.held).toMatchObject({ weights: { bytes: 0 }, work: { bytes: 100 } });
    expect(pool.buffersMade).toBe(3);
    pool.dispose();
    expect(pool.held.work.bytes).toBe(0);
  });

  it("stays small when growing shapes pass through it", () => {
    const pool = new BufferPool(gpu.device, 100_000);
    for (let size = 4; size < 40_000; size += 4) pool.releaseBuffer(pool.acquireBuffer(size, usage));
    expect(pool.numBytesUsed).toBe(0);
    expect(pool.numBytesAllocated).toBeLessThanOrEqual(100_000);
    pool.dispose();
  });
});
