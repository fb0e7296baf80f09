// The two ceilings of an adapter, measured in about a second: bytes it copies and multiply-adds it does per second (the roofline of
// Williams, Waterman and Patterson 2009). Its buffers are its own and go at the end; it knows nothing of models.

import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Dispatcher, type Kernel, spread } from "./dispatcher";
import code from "./roofs.wgsl?raw";
import { bestSeconds } from "./stopwatch";

/** What an adapter did at best. */
export interface Roofs {
  /** Bytes read and written per second by a copy in GPU memory. */
  readonly bytesPerSecond: number;
  /** Float32 operations per second; a fused multiply-add counts as two. */
  readonly flopsPerSecond: number;
  /** Bytes of the copied buffer. */
  readonly copyBytes: number;
}

export interface RoofOptions {
  /** Bytes of the buffer that is copied; larger than a cache, so that memory is measured. */
  readonly copyBytes?: number;
  /** A timed run lasts at least so long, in ms. */
  readonly leastMs?: number;
  readonly now?: () => number;
}

const bindings = ["read", "write"] as const;
/** The copy. */
export const copyKernel: Kernel = { name: "roofCopy", code, entryPoint: "copy", bindings, uniform: true };
/** The multiply-adds. */
export const multiplyKernel: Kernel = { name: "roofMultiply", code, entryPoint: "multiply", bindings, uniform: true };

const vectorBytes = 16;
const rounds = 256;
/** Per round: eight chains of four numbers, two operations each. */
const flopsPerRound = 8 * 4 * 2;
const multiplyThreads = 64 * 1024;

/** Measures both ceilings on an idle device: the best of three runs each. */
export async function measureRoofs(
  gpu: Dispatcher,
  { copyBytes = 64 * 1024 * 1024, leastMs = 60, now = () => performance.now() }: RoofOptions = {},
): Promise<Roofs> {
  const vectors = Math.floor(Math.min(copyBytes, gpu.device.limits.maxStorageBufferBindingSize) / vectorBytes);
  const threads = Math.min(vectors, multiplyThreads);
  const source = gpu.output([vectors * 4]);
  const result = gpu.output([vectors * 4]);
  gpu.clear(source);
  const best = async (kernel: Kernel, count: number): Promise<number> => {
    const run = { kernel, buffers: [source, result], params: [count, rounds], workgroups: spread(Math.ceil(count / 256)) };
    return bestSeconds(gpu, () => gpu.run(run), { leastMs, now });
  };
  try {
    const copy = await best(copyKernel, vectors);
    const multiply = await best(multiplyKernel, threads);
    const bytes = vectors * vectorBytes;
    return {
      bytesPerSecond: (2 * bytes) / copy,
      flopsPerSecond: (threads * rounds * flopsPerRound) / multiply,
      copyBytes: bytes,
    };
  } finally {
    for (const tensor of [source, result] satisfies TensorInfo[]) gpu.backend.disposeData(tensor.dataId);
    gpu.trim();
  }
}
