// Statistics of logits rows on WebGPU while tiles of the vocabulary come by, in order: log-sum-exp, entropy and target of every
// row, and of pairs of rows KL, Jensen-Shannon divergence and top tokens. It holds the running numbers, a few per row, and no
// logits; the tiles do not show in any bit (logitRows.wgsl, logitPairs.wgsl). One pass gives everything but the Jensen-Shannon
// divergence, which takes a second one, unless the only tile is the whole vocabulary.

import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Dispatcher, spread } from "@/gpu/dispatcher";
import { blockColumns, pairBlocksKernel, pairMergeKernel, rowBlocksKernel, rowMergeKernel, topTokensKernel } from "./kernels";
import { pairWidth, rowWidth } from "./reference";

/** Columns first .. first + columns − 1 of all rows; `first` is a multiple of `blockColumns`. */
export interface LogitTile {
  /** The logits of the first half of a pass's pairs, or of all its rows. */
  readonly image: TensorInfo;
  /** Those of the other half, from its row `maskedRow` on. */
  readonly masked: TensorInfo;
  readonly maskedRow: number;
  /** Floats from one row to the next. */
  readonly width: number;
  readonly first: number;
  readonly columns: number;
}

export interface PairOptions {
  /** Most likely tokens to keep per condition. */
  readonly topK: number;
  /** Without it the Jensen-Shannon divergence stays 0. */
  readonly jsd: boolean;
}

/** What a pass over pairs leaves: `HeadStats` as the device has it. */
export interface PairOutputs {
  readonly values: TensorInfo; // [B, 8]
  readonly topIds: TensorInfo; // int32 [B, 2, K]
  readonly topLogp: TensorInfo;
  readonly topOther: TensorInfo;
}

/** Blocks whose numbers are kept before they are merged, when a tile has fewer: merging is one more dispatch. */
const slotsKept = 16;

const [klBit, jsdBit] = [1, 2];

export interface LogitPassShape {
  readonly rows: number;
  /** Columns of the whole vocabulary, and most columns of a tile. */
  readonly vocabulary: number;
  readonly tileColumns: number;
}

/** One run over the vocabulary; the caller disposes of what it returns, and of the pass. */
export class LogitPass {
  /** [rows, 4], final after the last tile: max, log Σ exp(logit − max), log-prob of the target, entropy. */
  readonly statistics: TensorInfo;
  readonly pairs: PairOutputs | undefined;
  readonly #vocabulary: number;
  readonly #rows: number;
  readonly #slots: number;
  readonly #scratch: { readonly rowParts: TensorInfo; readonly rowState: TensorInfo };
  readonly #pairScratch: { readonly pairParts: TensorInfo; readonly pairState: TensorInfo } | undefined;
  readonly #options: PairOptions | undefined;
  #slot = 0;
  #hasMerged = false;

  /** @param pairs Given when rows b and rows / 2 + b are to be compared. */
  constructor(
    private readonly gpu: Dispatcher,
    private readonly targets: TensorInfo, // int32; row r takes the target r mod size
    { rows, vocabulary, tileColumns }: LogitPassShape,
    pairs?: PairOptions,
  ) {
    this.#rows = rows;
    this.#vocabulary = vocabulary;
    this.#options = pairs;
    this.#slots = Math.max(Math.ceil(tileColumns / blockColumns), Math.min(slotsKept, Math.ceil(vocabulary / blockColumns)));
    this.statistics = gpu.output([rows, rowWidth]);
    this.#scratch = { rowParts: gpu.output([rows, this.#slots, rowWidth]), rowState: gpu.output([rows, rowWidth]) };
    if (!pairs) return;
    const batch = rows / 2;
    const top = [batch, 2, pairs.topK];
    this.pairs = {
      values: gpu.output([batch, pairWidth]),
      topIds: gpu.output(top, "int32"),
      topLogp: gpu.output(top),
      topOther: gpu.output(top),
    };
    this.#pairScratch = { pairParts: gpu.output([batch, this.#slots, 4]), pairState: gpu.output([batch, pairWidth]) };
  }

  /** Takes the next tile of the first pass. */
  add(tile: LogitTile): void {
    const { first, columns, width, maskedRow, image, masked } = tile;
    const { gpu, targets } = this;
    const rows = this.#rows;
    const ends = first + columns === this.#vocabulary;
    const isWhole = ends && first === 0;
    const batch = this.#options ? rows / 2 : rows;
    const blocks = Math.ceil(columns / blockColumns);
    const slot = this.#slot;
    const mergesNow = ends || slot + 2 * blocks > this.#slots;
    const begins = this.#hasMerged ? 0 : 1;
    const { rowParts, rowState } = this.#scratch;
    const rowParams = (at: number, workgroups: readonly [number, number]) => [
      ...[rows, batch, columns, width, maskedRow, targets.shape[0] ?? 1, first, at, this.#slots],
      ...[begins, ends ? 1 : 0, workgroups[0]],
    ];
    const perBlock = spread(rows * blocks);
    gpu.run({
      kernel: rowBlocksKernel,
      buffers: [image, masked, targets, rowParts],
      params: rowParams(slot, perBlock),
      workgroups: perBlock,
    });
    if (mergesNow) {
      const perRow = spread(Math.ceil(rows / 64));
      gpu.run({
        kernel: rowMergeKernel,
        buffers: [rowParts, targets, rowState, this.statistics],
        params: rowParams(slot + blocks, perRow),
        workgroups: perRow,
      });
    }
    if (this.#options) {
      const needsAnotherPass = this.#options.jsd && !isWhole;
      const wanted = this.#options.jsd && isWhole ? klBit | jsdBit : klBit;
      this.#addPairs(tile, { wanted, mergesNow, begins, ends: ends && !needsAnotherPass });
      this.#addTop(tile, ends);
    }
    this.#slot = mergesNow ? 0 : slot + blocks;
    if (mergesNow) this.#hasMerged = true;
  }

  /** Takes the next tile of the second pass, which only the Jensen-Shannon divergence needs. */
  addAgain(tile: LogitTile): void {
    const ends = tile.first + tile.columns === this.#vocabulary;
    const blocks = Math.ceil(tile.columns / blockColumns);
    const mergesNow = ends || this.#slot + 2 * blocks > this.#slots;
    this.#addPairs(tile, { wanted: jsdBit, mergesNow, begins: 0, ends });
    this.#slot = mergesNow ? 0 : this.#slot + blocks;
  }

  /** Frees the running numbers; results stay. */
  [Symbol.dispose](): void {
    for (const { dataId } of Object.values({ ...this.#scratch, ...this.#pairScratch })) this.gpu.backend.disposeData(dataId);
  }

  #addPairs(
    { image, masked, maskedRow, width, columns }: LogitTile,
    { wanted, mergesNow, begins, ends }: { wanted: number; mergesNow: boolean; begins: number; ends: boolean },
  ): void {
    if (!this.#pairScratch || !this.pairs) throw new Error("a pass over single rows has no pairs");
    const { gpu, statistics } = this;
    const batch = this.#rows / 2;
    const blocks = Math.ceil(columns / blockColumns);
    const { rowParts } = this.#scratch;
    const { pairParts, pairState } = this.#pairScratch;
    const params = (at: number, workgroups: readonly [number, number]) => [
      ...[batch, columns, width, maskedRow, at, this.#slots, wanted, begins, ends ? 1 : 0, workgroups[0]],
    ];
    const perBlock = spread(batch * blocks);
    gpu.run({
      kernel: pairBlocksKernel,
      buffers: [image, masked, rowParts, statistics, pairParts],
      params: params(this.#slot, perBlock),
      workgroups: perBlock,
    });
    if (!mergesNow) return;
    const perPair = spread(Math.ceil(batch / 64));
    gpu.run({
      kernel: pairMergeKernel,
      buffers: [rowParts, pairParts, statistics, pairState, this.pairs.values],
      params: params(this.#slot + blocks, perPair),
      workgroups: perPair,
    });
  }

  #addTop({ image, masked, maskedRow, width, first, columns }: LogitTile, ends: boolean): void {
    if (!this.pairs || !this.#options) return;
    const { topIds, topLogp, topOther } = this.pairs;
    const workgroups = spread(this.#rows);
    this.gpu.run({
      kernel: topTokensKernel,
      buffers: [image, masked, this.statistics, topIds, topLogp, topOther],
      params: [this.#rows / 2, columns, width, maskedRow, first, this.#options.topK, ends ? 1 : 0, workgroups[0]],
      workgroups,
    });
  }
}
