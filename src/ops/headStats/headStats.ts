// The LM head without its logits: log-prob of target tokens (differentiable) and per-token statistics of both conditions, from
// final hidden states. The head is read in tiles of its rows, the vocabulary, for as many positions at a time as a small scratch
// space allows (all logits of T = 512 positions of a 151 936-word vocabulary would be 311 MB per condition). How positions and
// vocabulary are cut changes no bit. The statistics themselves are in headPass and logitStats.

import {
  add,
  clone,
  concat,
  getBackend,
  reshape,
  slice,
  type Tensor,
  type Tensor2D,
  type TensorInfo,
  tidy,
} from "@tensorflow/tfjs-core";
import { currentGpu } from "@/gpu/dispatcher";
import { defineOp } from "../defineOp";
import { linear, linearTransposed, weightGradient } from "../linear/linear";
import { f32Matrix, type Matrix, trainableData } from "../matrix";
import { headPairs, headRows } from "./headPass";
import { blockColumns } from "./kernels";
import { logitGradient } from "./logitRows";
import { checkTopK, type HeadStats, headStatsOf } from "./logitStats";
import { rowWidth } from "./reference";
import { type Run, runsOf, tilesFor } from "./tiles";

/** Bytes of logits that exist at a time by default. Without a GPU there is room, and one chunk saves the gradient a second pass. */
const defaultScratchBytes = () => (getBackend() === "webgpu" ? 6.5e6 : 64e6);

/** Columns of the vocabulary per step of the gradient on WebGPU: always these, as its sums are added up in their order. */
const gradientColumns = 5 * blockColumns;

export interface HeadLogProbOptions {
  /** Logits are divided by it; 1 by default. */
  readonly temperature?: number;
  /** Bytes of logits that exist at a time (one row of a block at least); 6.5 MB by default on WebGPU. */
  readonly scratchBytes?: number;
  /** `headRowStatistics` of the same rows, head and targets: then only the gradient makes logits. */
  readonly known?: Tensor;
}

/** A frozen head (packed, or f32 in parts) is an attribute; one f32 tensor is the input `data`, which can have a gradient. */
type HeadAttributes = {
  readonly frozen?: Matrix;
  readonly scale: number;
  readonly scratchBytes: number;
};
type Saved = { readonly [name in "hidden" | "data" | "targets" | "known" | "output1"]?: Tensor | undefined };

/**
 * Runs a piece of work per run. TF.js frees buffers when it submits, so without a submit in between the scratch space of all
 * runs would exist at once.
 */
function perRun<T>(runs: readonly Run[], work: (run: Run) => T): T[] {
  return runs.map((run) => {
    const result = work(run);
    if (runs.length > 1 && getBackend() === "webgpu") currentGpu().flush();
    return result;
  });
}

/** Rows of a run of x, or x itself when that is all of it. */
function rowsOf(x: Tensor, { first, count }: Run): Tensor {
  if (count === x.shape[0]) return x;
  return slice(x, [first, ...x.shape.slice(1).map(() => 0)], [count, ...x.shape.slice(1)]);
}

function joinedRows(parts: readonly Tensor[]): Tensor {
  return parts.length === 1 ? (parts[0] as Tensor) : concat([...parts], 0);
}

/** Runs of rows, and the columns at a time, for `conditions` rows per position. */
function cut(hidden: Tensor, head: Matrix, conditions: number, scratchBytes: number) {
  const [total, width] = hidden.shape as [number, number];
  const [floatsPerLogit, floatsPerRow] = [conditions, conditions * width];
  const request = { rows: total, vocabulary: head.rows, floatsPerLogit, floatsPerRow, scratchBytes };
  if (getBackend() === "webgpu") {
    const { rows, columns } = tilesFor(request);
    return { runs: runsOf(total, rows), columns };
  }
  return { runs: runsOf(total, rowsOfWhole(head.rows * conditions, scratchBytes)), columns: head.rows };
}

function rowsOfWhole(floatsPerRow: number, scratchBytes: number): number {
  return Math.max(1, Math.floor(scratchBytes / 4 / floatsPerRow));
}

function headOf({ data }: Saved, { frozen }: HeadAttributes): Matrix {
  return frozen ?? f32Matrix(data as Tensor2D);
}

/** The same composition on every backend: `headRows` brings the kernels. */
function forward(inputs: Saved, attributes: HeadAttributes): Tensor[] {
  const [hidden, targets] = [inputs.hidden as Tensor, inputs.targets as Tensor];
  const { scale, scratchBytes } = attributes;
  const head = headOf(inputs, attributes);
  const { runs, columns } = cut(hidden, head, 1, scratchBytes);
  return tidy(() => {
    if (inputs.known) return [column(inputs.known, 2), clone(inputs.known)];
    const parts = perRun(runs, (run) =>
      tidy(() => headRows(rowsOf(hidden, run), head, rowsOf(targets, run), { scale, columns })),
    );
    const rows = joinedRows(parts);
    return [column(rows, 2), rows];
  });
}

/** A column of a matrix, as a vector. */
function column(rows: Tensor, at: number): Tensor {
  return reshape(slice(rows, [0, at], [rows.shape[0] as number, 1]), [-1]);
}

function backward(dy: Tensor, saved: Saved, attributes: HeadAttributes) {
  const [hidden, targets, rows] = [saved.hidden as Tensor, saved.targets as Tensor, saved.output1 as Tensor];
  const { scale, scratchBytes } = attributes;
  const head = headOf(saved, attributes);
  const columns = getBackend() === "webgpu" ? Math.min(gradientColumns, head.rows) : head.rows;
  const tiles = runsOf(head.rows, columns);
  // Logits and their gradient are there together.
  const chunks = runsOf(hidden.shape[0] as number, rowsOfWhole(2 * columns, scratchBytes));
  const logitsGradient = (chunk: Run, tile: Run) =>
    tidy(() => {
      const logits = linear(rowsOf(hidden, chunk), head, { scale, ...partOf(head, tile) });
      return logitGradient(logits, rowsOf(rows, chunk), rowsOf(targets, chunk), rowsOf(dy, chunk), tile.first);
    });
  // When all logits fit the scratch space, both gradients share them; the tape's tidy frees them.
  const [chunk, tile] = [chunks[0], tiles[0]];
  const shared = chunk && tile && chunks.length * tiles.length === 1 ? logitsGradient(chunk, tile) : undefined;
  return {
    hidden: () =>
      joinedRows(
        chunks.map((run) =>
          summed(tiles, (part) => linearTransposed(shared ?? logitsGradient(run, part), head, { scale, ...partOf(head, part) })),
        ),
      ),
    data: () =>
      joinedRows(
        tiles.map((part) =>
          summed(chunks, (run) => weightGradient(shared ?? logitsGradient(run, part), rowsOf(hidden, run), { scale })),
        ),
      ),
  };
}

/** The rows of the head that a tile is, as `linear` takes them: none are named when it is all of them. */
function partOf(head: Matrix, tile: Run): { readonly rows?: Run } {
  return tile.count === head.rows ? {} : { rows: tile };
}

/** The sum of what `work` makes of every run, in order. */
function summed(runs: readonly Run[], work: (run: Run) => Tensor): Tensor {
  let sum: Tensor | undefined;
  perRun(runs, (run) => {
    const before = sum;
    sum = tidy(() => (before ? add(before, work(run)) : work(run)));
    before?.dispose();
  });
  if (!sum) throw new Error("headLogProb: no rows");
  return sum;
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
function logProbAndRows(hidden: Tensor, head: Matrix, targets: Tensor, options: HeadLogProbOptions): Tensor[] {
  const { temperature = 1, scratchBytes = defaultScratchBytes(), known } = options;
  if (hidden.rank !== 2 || hidden.shape[0] !== targets.size)
    throw new Error(`headLogProb: ${targets.size} targets for hidden [${hidden.shape.join(", ")}]`);
  if (known && known.shape.join() !== [targets.size, rowWidth].join())
    throw new Error(`headLogProb: statistics [${known.shape.join(", ")}] of ${targets.size} targets`);
  const data = trainableData(head);
  const attributes = { scale: 1 / temperature, scratchBytes };
  return data
    ? headLogProbF32({ hidden, data, targets, known }, attributes)
    : headLogProbFrozen({ hidden, targets, known }, { ...attributes, frozen: head });
}

/**
 * log π(target) per row: hidden [R, D], head [V, D], int32 targets [R] → [R]; a target < 0 gives 0 and no gradient.
 * Differentiable in hidden and in a head that is one f32 tensor. Bit-equal to column 0 of `headStats`.
 */
export function headLogProb(hidden: Tensor, head: Matrix, targets: Tensor, options: HeadLogProbOptions = {}): Tensor {
  return logProbAndRows(hidden, head, targets, options)[0] as Tensor;
}

/** Max, log Σ exp(logit − max), log π(target) and exact entropy in nats of every row, [R, 4]; constants, without a gradient. */
export function headRowStatistics(hidden: Tensor, head: Matrix, targets: Tensor, options: HeadLogProbOptions = {}): Tensor {
  return tidy(() => logProbAndRows(hidden, head, targets, options)[1] as Tensor);
}

/** log π(target) [R] of `headRowStatistics`. */
export function logProbOf(statistics: Tensor): Tensor {
  return tidy(() => column(statistics, 2));
}

/** Entropies [R] of `headRowStatistics`. */
export function entropyOf(statistics: Tensor): Tensor {
  return tidy(() => column(statistics, 3));
}

export interface HeadStatsOptions extends HeadLogProbOptions {
  /** How many of the most likely tokens to keep per condition. */
  readonly topK: number;
  /**
   * Whether the Jensen-Shannon divergence is wanted; true by default. It alone needs the head a second time where the logits do not
   * fit the scratch space. Without it its column is 0 on WebGPU.
   */
  readonly jsd?: boolean;
}

/**
 * Statistics of R positions: hidden and maskedHidden [R, D], head [V, D], int32 targets [R].
 * A row's numbers depend on that row alone, whatever the cut; equal hidden states give a KL of exactly 0.
 */
export function headStats(
  hidden: Tensor,
  maskedHidden: Tensor,
  head: Matrix,
  targets: Tensor,
  { topK, jsd = true, temperature = 1, scratchBytes = defaultScratchBytes() }: HeadStatsOptions,
): HeadStats {
  const count = targets.size;
  if (hidden.rank !== 2 || hidden.shape[0] !== count || maskedHidden.shape.join() !== hidden.shape.join())
    throw new Error(`headStats: ${count} targets for [${hidden.shape.join(", ")}] and [${maskedHidden.shape.join(", ")}]`);
  if (targets.dtype !== "int32") throw new Error(`headStats: targets must be int32, not ${targets.dtype}`);
  checkTopK("headStats", topK, head.rows);
  const { runs, columns } = cut(hidden, head, 2, scratchBytes);
  const parts = perRun(runs, (run) =>
    tidy(() =>
      headPairs(rowsOf(hidden, run), rowsOf(maskedHidden, run), head, rowsOf(targets, run), {
        ...{ topK, jsd, columns },
        scale: 1 / temperature,
      }),
    ),
  );
  const [first, ...others] = parts;
  if (first && others.length === 0) return headStatsOf(first);
  const whole = headStatsOf([0, 1, 2, 3].map((output) => joinedRows(parts.map((part) => part[output] as Tensor))));
  for (const part of parts.flat()) part.dispose();
  return whole;
}
