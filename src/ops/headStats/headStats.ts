// The LM head without its logits: log-prob of target tokens (differentiable) and per-token statistics of both conditions, from
// final hidden states. Logits are made a few rows at a time (T = 256 positions of a 49 280-word vocabulary would be 50 MB per
// condition), and a row's numbers do not depend on how the rows were cut. The statistics themselves are in logitStats.

import {
  add,
  backend,
  concat,
  getBackend,
  reshape,
  slice,
  type Tensor,
  type Tensor2D,
  type TensorInfo,
  tidy,
} from "@tensorflow/tfjs-core";
import { dispatcherOf } from "@/gpu/dispatcher";
import { defineOp } from "../defineOp";
import { linear, linearTransposed, weightGradient } from "../linear/linear";
import { f32Matrix, type Matrix, trainableData } from "../matrix";
import { logitGradient, logitRows } from "./logitRows";
import { type HeadStats, logitStats } from "./logitStats";

/** Bytes of logits that exist at a time by default. Without a GPU there is room, and one chunk saves the gradient a second pass. */
const defaultScratchBytes = () => (getBackend() === "webgpu" ? 8 : 64) * 1024 * 1024;

export interface HeadLogProbOptions {
  /** Logits are divided by it; 1 by default. */
  readonly temperature?: number;
  /** Upper bound on the bytes of logits that exist at a time (one row at least); 8 MiB by default on WebGPU. */
  readonly scratchBytes?: number;
}

/** A frozen head (packed, or f32 in parts) is an attribute; one f32 tensor is the input `data`, which can have a gradient. */
type HeadAttributes = {
  readonly frozen?: Matrix;
  readonly scale: number;
  readonly scratchBytes: number;
};
type Saved = { readonly [name in "hidden" | "data" | "targets" | "output1"]?: Tensor | undefined };

/** First row and row count. */
type Chunk = readonly [number, number];

/** First row and row count of each chunk of `count` rows. */
function rowChunks(count: number, bytesPerRow: number, scratchBytes: number): readonly Chunk[] {
  const size = Math.max(1, Math.floor(scratchBytes / bytesPerRow));
  return Array.from(
    { length: Math.ceil(count / size) },
    (_, chunk) => [chunk * size, Math.min(size, count - chunk * size)] as const,
  );
}

/**
 * Runs a piece of work per chunk. TF.js frees buffers when it submits, so without a submit in between the scratch space of all
 * chunks would exist at once.
 */
function perChunkOf<T>(chunks: readonly Chunk[], work: (chunk: Chunk) => T): T[] {
  return chunks.map((chunk) => {
    const result = work(chunk);
    if (chunks.length > 1 && getBackend() === "webgpu") dispatcherOf(backend()).flush();
    return result;
  });
}

/** Rows `start`..`start + size` of x, or x itself when that is all of it. */
function rowsOf(x: Tensor, [start, size]: Chunk): Tensor {
  if (size === x.shape[0]) return x;
  return slice(x, [start, ...x.shape.slice(1).map(() => 0)], [size, ...x.shape.slice(1)]);
}

function headOf({ data }: Saved, { frozen }: HeadAttributes): Matrix {
  return frozen ?? f32Matrix(data as Tensor2D);
}

function chunksOf(hidden: Tensor, head: Matrix, { scratchBytes }: HeadAttributes) {
  return rowChunks(hidden.shape[0] as number, head.rows * 4, scratchBytes);
}

/** The same composition on every backend: `linear` and `logitRows` bring the kernels. */
function forward(inputs: Saved, attributes: HeadAttributes): Tensor[] {
  const [hidden, targets] = [inputs.hidden as Tensor, inputs.targets as Tensor];
  const head = headOf(inputs, attributes);
  return tidy(() => {
    const parts = perChunkOf(chunksOf(hidden, head, attributes), (chunk) =>
      tidy(() => {
        const logits = linear(rowsOf(hidden, chunk), head, { scale: attributes.scale });
        return logitRows(logits, rowsOf(targets, chunk));
      }),
    );
    const rows = parts.length === 1 ? (parts[0] as Tensor) : concat(parts, 0);
    return [reshape(slice(rows, [0, 2], [rows.shape[0] as number, 1]), [-1]), rows];
  });
}

function backward(dy: Tensor, saved: Saved, attributes: HeadAttributes) {
  const [hidden, targets, rows] = [saved.hidden as Tensor, saved.targets as Tensor, saved.output1 as Tensor];
  const { scale } = attributes;
  const head = headOf(saved, attributes);
  const chunks = chunksOf(hidden, head, attributes);
  const logitsGradient = (chunk: Chunk) =>
    tidy(() => {
      const logits = linear(rowsOf(hidden, chunk), head, { scale });
      return logitGradient(logits, rowsOf(rows, chunk), rowsOf(targets, chunk), rowsOf(dy, chunk));
    });
  // When all logits fit the scratch space, both gradients share them; the tape's tidy frees them.
  const [only, ...others] = chunks;
  const shared = only && others.length === 0 ? logitsGradient(only) : undefined;
  const perChunk = (use: (gradient: Tensor, chunk: Chunk) => Tensor) =>
    perChunkOf(chunks, (chunk) => tidy(() => use(shared ?? logitsGradient(chunk), chunk)));
  return {
    hidden: () => {
      const parts = perChunk((gradient) => linearTransposed(gradient, head, { scale }));
      return parts.length === 1 ? (parts[0] as Tensor) : concat(parts, 0);
    },
    data: () =>
      perChunk((gradient, chunk) => weightGradient(gradient, rowsOf(hidden, chunk), { scale })).reduce((sum, part) =>
        add(sum, part),
      ),
  };
}

const onGpu = (inputs: Readonly<Record<string, TensorInfo | undefined>>, attributes: HeadAttributes) =>
  forward(inputs as Saved, attributes);

const headLogProbF32 = defineOp<HeadAttributes>({
  name: "HeadLogProbF32",
  webgpu: onGpu,
  reference: forward,
  gradient: {
    inputsToSave: ["hidden", "data", "targets"],
    outputsToSave: [false, true],
    backward: ([dy], saved, attributes) => backward(dy as Tensor, saved, attributes),
  },
});

const headLogProbFrozen = defineOp<HeadAttributes>({
  name: "HeadLogProbFrozen",
  webgpu: onGpu,
  reference: forward,
  gradient: {
    inputsToSave: ["hidden", "targets"],
    outputsToSave: [false, true],
    backward: ([dy], saved, attributes) => ({ hidden: backward(dy as Tensor, saved, attributes).hidden }),
  },
});

/** The op's outputs: log π(target) [R] and the statistics of each row [R, 4] (logitRows). */
function headRows(hidden: Tensor, head: Matrix, targets: Tensor, options: HeadLogProbOptions): Tensor[] {
  const { temperature = 1, scratchBytes = defaultScratchBytes() } = options;
  if (hidden.rank !== 2 || hidden.shape[0] !== targets.size)
    throw new Error(`headLogProb: ${targets.size} targets for hidden [${hidden.shape.join(", ")}]`);
  const data = trainableData(head);
  const attributes = { scale: 1 / temperature, scratchBytes };
  return data
    ? headLogProbF32({ hidden, data, targets }, attributes)
    : headLogProbFrozen({ hidden, targets }, { ...attributes, frozen: head });
}

/**
 * log π(target) per row: hidden [R, D], head [V, D], int32 targets [R] → [R]; a target < 0 gives 0 and no gradient.
 * Differentiable in hidden and in a head that is one f32 tensor. Bit-equal to column 0 of `headStats`.
 */
export function headLogProb(hidden: Tensor, head: Matrix, targets: Tensor, options: HeadLogProbOptions = {}): Tensor {
  return headRows(hidden, head, targets, options)[0] as Tensor;
}

/** Exact entropy in nats of the distribution that each row predicts, [R]; a constant, without a gradient. */
export function headEntropy(hidden: Tensor, head: Matrix, targets: Tensor, options: HeadLogProbOptions = {}): Tensor {
  return tidy(() => {
    const rows = headRows(hidden, head, targets, options)[1] as Tensor;
    return reshape(slice(rows, [0, 3], [rows.shape[0] as number, 1]), [-1]);
  });
}

export interface HeadStatsOptions extends HeadLogProbOptions {
  /** How many of the most likely tokens to keep per condition. */
  readonly topK: number;
}

/**
 * Statistics of R positions: hidden and maskedHidden [R, D], head [V, D], int32 targets [R].
 * A row's numbers depend on that row alone, whatever the chunks; equal hidden states give a KL of exactly 0.
 */
export function headStats(
  hidden: Tensor,
  maskedHidden: Tensor,
  head: Matrix,
  targets: Tensor,
  { topK, temperature = 1, scratchBytes = defaultScratchBytes() }: HeadStatsOptions,
): HeadStats {
  const count = targets.size;
  if (hidden.rank !== 2 || hidden.shape[0] !== count || maskedHidden.shape.join() !== hidden.shape.join())
    throw new Error(`headStats: ${count} targets for [${hidden.shape.join(", ")}] and [${maskedHidden.shape.join(", ")}]`);
  const parts = perChunkOf(rowChunks(count, head.rows * 8, scratchBytes), (chunk) => {
    const logits = tidy(() =>
      linear(concat([rowsOf(hidden, chunk), rowsOf(maskedHidden, chunk)], 0), head, { scale: 1 / temperature }),
    );
    const chunkTargets = rowsOf(targets, chunk);
    const statistics = logitStats(logits, chunkTargets, { topK });
    logits.dispose();
    if (chunkTargets !== targets) chunkTargets.dispose();
    return statistics;
  });
  const joined = (key: keyof HeadStats): Tensor => {
    const pieces = parts.map((part) => part[key]);
    if (pieces.length === 1) return pieces[0] as Tensor;
    const whole = concat(pieces, 0);
    for (const piece of pieces) piece.dispose();
    return whole;
  };
  return { values: joined("values"), topIds: joined("topIds"), topLogp: joined("topLogp"), topOther: joined("topOther") };
}
