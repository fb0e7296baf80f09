// Attention of few (row, head) pairs over many keys on WebGPU, split over the keys: which calls take it, what it keeps between its
// three dispatches, and the dispatches. Bits are those of the other kernels (attentionSplit.wgsl).

import type { TensorInfo } from "@tensorflow/tfjs-core";
import { asTensor } from "@/gpu/deviceTensor";
import { currentGpu, type Dispatcher, type Kernel, type Param, spread } from "@/gpu/dispatcher";
import { variants } from "../variants";
import splitCode from "./attentionSplit.wgsl?raw";
import keyScoreCode from "./keyScore.wgsl?raw";

const code = splitCode + keyScoreCode;

/** From this many (row, head) pairs on, the pairs alone fill a GPU. */
const enoughPairs = 512;
/** Most bytes that are held between the dispatches; beyond them calls are not split. */
const mostScratchBytes = 64 * 1024 * 1024;
/** As in the shader. */
const chunk = 128;
const chunkBlocks = 4;

/** How a pass is split: for rows of at most so many keys, and what it keeps. One serves all blocks of a pass, one after the other. */
export interface KeySplit {
  readonly mostKeys: number;
  /** float32, at least `splitFloats`. */
  readonly scratch: TensorInfo;
}

/** The size of a call: (row, head) pairs of heads of `width`, and the most keys one of its rows may see. */
export interface SplitShape {
  readonly pairs: number;
  readonly width: number;
  readonly mostKeys: number;
}

/** Floats that a split call keeps: a score per key, a maximum per 128 keys, 1 + width sums per 32 keys. */
export function splitFloats({ pairs, width, mostKeys }: SplitShape): number {
  return pairs * Math.ceil(mostKeys / chunk) * (chunk + 1 + chunkBlocks * (width + 1));
}

/** Whether a call of this size is split. */
export function splitsKeys(shape: SplitShape): boolean {
  return shape.mostKeys >= variants().longKeys && shape.pairs < enoughPairs && splitFloats(shape) * 4 <= mostScratchBytes;
}

/** What a call of this size is split with, in a `tidy` of the pass; undefined when it is not split. */
export function splitOf(shape: SplitShape): KeySplit | undefined {
  return splitsKeys(shape)
    ? { mostKeys: shape.mostKeys, scratch: asTensor(currentGpu().output([splitFloats(shape)])) }
    : undefined;
}

/**
 * The keys for which a step that now sees `keys` of at most `most` is recorded: longer steps need another grid. Few recordings
 * serve a long answer, because each is made for twice as many as the one before.
 */
export function recordedKeys(keys: number, most: number): number {
  const { longKeys } = variants();
  return Math.min(most, keys < longKeys ? longKeys - 1 : 2 ** Math.ceil(Math.log2(keys + 1)));
}

/** The three kernels for heads of `width`, in the order they run. */
export function splitKernels(width: number): readonly [Kernel, Kernel, Kernel] {
  const kernel = (entryPoint: string, bindings: Kernel["bindings"], constants: Kernel["constants"]): Kernel => ({
    name: `attentionSplit ${entryPoint}`,
    code,
    entryPoint,
    bindings,
    uniform: true,
    ...(constants && { constants }),
  });
  const constants = { WIDTH: width, LANES: width >= 32 ? 128 : 64 };
  return [
    kernel("maxima", ["read", "read", "read", "write"], constants),
    kernel("blockSums", ["read", "read", "write"], constants),
    kernel("addBlocks", ["read", "read", "write", "write"], { WIDTH: width }),
  ];
}

/** Compiles ahead of use what a split call of heads of `width` runs. */
export const warmUpSplit = (width: number): Promise<void> => currentGpu().warmUp(splitKernels(width));

/** Runs a call of this size, which must be one that `split` is made for; `params` are those of attention.wgsl. */
export function runSplit(
  {
    q,
    k,
    v,
    rows,
    outputs,
  }: Readonly<Record<"q" | "k" | "v" | "rows", TensorInfo>> & { readonly outputs: readonly TensorInfo[] },
  gpu: Dispatcher,
  { pairs, width, split, params }: Omit<SplitShape, "mostKeys"> & { readonly split: KeySplit; readonly params: readonly Param[] },
): void {
  const { scratch, mostKeys } = split;
  const chunks = Math.ceil(mostKeys / chunk);
  const [maxima, blockSums, addBlocks] = splitKernels(width);
  const own = { params: [...params, chunks] };
  gpu.run({ kernel: maxima, buffers: [q, k, rows, scratch], workgroups: spread(pairs * chunks), ...own });
  gpu.run({ kernel: blockSums, buffers: [v, rows, scratch], workgroups: spread(pairs * chunks), ...own });
  gpu.run({
    kernel: addBlocks,
    buffers: [scratch, rows, ...outputs],
    workgroups: spread(Math.ceil((pairs * width) / 64)),
    ...own,
  });
}
