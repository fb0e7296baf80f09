// How benches measure: variants take turns, so that a machine that slows down slows all of them, and the median counts.

import type { Gpu } from "@/gpu/device";

/** Waits until the GPU has done everything encoded so far. */
export async function finish({ dispatcher, device }: Gpu): Promise<void> {
  dispatcher.flush();
  await device.queue.onSubmittedWorkDone();
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN, sorted[middle] ?? Number.NaN];
  return (low + high) / 2;
}

/** Runs every variant once to warm up, then `repetitions` times in turn; results per variant, in order. */
export async function interleaved<T>(
  variants: readonly (() => Promise<T>)[],
  repetitions: number,
): Promise<readonly (readonly T[])[]> {
  const results: T[][] = variants.map(() => []);
  for (const run of variants) await run();
  for (let repetition = 0; repetition < repetitions; repetition++) {
    for (const [i, run] of variants.entries()) results[i]?.push(await run());
  }
  return results;
}

/** Milliseconds until the GPU is done, and GPU bytes that were allocated at the worst moment on top of what was there. */
export interface Cost {
  readonly ms: number;
  readonly peakBytes: number;
}

/** Runs once from an empty pool. What `run` returns must not hold tensors. */
export async function costOf(gpu: Gpu, run: () => Promise<void> | void): Promise<Cost> {
  const { pool } = gpu;
  await finish(gpu);
  pool.trim(0);
  const before = pool.numBytesAllocated;
  pool.numBytesPeak = before;
  const started = performance.now();
  await run();
  await finish(gpu);
  return { ms: performance.now() - started, peakBytes: pool.numBytesPeak - before };
}
