// The rollouts that still run, as one batch on the device: their state (ids, positions, cache slots, lengths, random counters), which
// decoding steps read and advance themselves, and what the steps give. The first step is part of the pass that reads the prompts;
// on WebGPU the others are recorded once and replayed, several per submit, with one readback for all of them. Where rows come to have
// very many keys, the step is recorded anew each time their number has doubled.

import { dispose, getBackend, keep, type Tensor, tensor, tidy } from "@tensorflow/tfjs-core";
import { Capture } from "@/gpu/capture";
import { deviceZeros } from "@/gpu/deviceTensor";
import { currentGpu } from "@/gpu/dispatcher";
import { readRanges, readTensors } from "@/gpu/readback";
import type { LayerCache } from "@/nn/attention";
import type { FusedDecoder } from "@/nn/fusedDecoder";
import type { TextDecoder } from "@/nn/textDecoder";
import { recordedKeys } from "@/ops/attention/splitKeys";
import { logitRows } from "@/ops/headStats/logitRows";
import { headStatsColumns, headStatsWidth, logitStats } from "@/ops/headStats/logitStats";
import { rowWidth } from "@/ops/headStats/reference";
import type { Arithmetic } from "@/ops/linear/arithmetic";
import { linear } from "@/ops/linear/linear";
import type { Rope } from "@/ops/rope/rope";
import { advanceDecodeState, type DecodeState } from "@/ops/sample/decodeState";
import { keepStep, type StepStats } from "@/ops/sample/keepStep";
import { sample } from "@/ops/sample/sample";

/** What every batch of an answer shares. */
export interface Decoding {
  readonly text: TextDecoder;
  /** The blocks on WebGPU, where they fuse. */
  readonly fused: FusedDecoder | undefined;
  readonly rope: Rope;
  readonly cache: readonly LayerCache[];
  readonly rules: { readonly temperature: number; readonly topP: number; readonly topK: number };
  readonly eosIds: readonly number[];
  readonly measures: Measures;
  readonly alternatives: number;
  /** Of the products of every step but the first; f32 without it. */
  readonly arithmetic?: Arithmetic | undefined;
}

/**
 * What a step measures of its tokens: "pairs" where every rollout has a masked twin, with whose predictions its own are compared; "rows"
 * for log-probs and entropies alone.
 */
export type Measures = "pairs" | "rows" | "nothing";

/** Where the rows of a batch stand: B rollouts, and as many twins after them. */
export interface BatchRows {
  readonly sampling: Int32Array; // [B, 4]
  readonly rows: Int32Array; // [copies·B, 4]
  readonly positions: Int32Array; // [copies·B]
  readonly slots: Int32Array; // [copies·B]
  readonly tokenIds: Int32Array; // [copies·B]
}

/** One step of the batch: an id per rollout, −1 where it had ended, and a row of statistics and alternatives. */
export interface BatchStep {
  readonly ids: Int32Array; // [B]
  readonly values: Float32Array; // [B, 8]; NaN where it was not measured
  readonly topIds: Int32Array; // [B, 2, K]
  readonly topLogp: Float32Array;
  readonly topOther: Float32Array;
}

/** What a step gives on the device. */
type StepOutputs = { ids: Tensor } & Partial<StepStats>;

/** A batch and the tensors it lives in; dispose it. */
export class DecodeBatch {
  readonly state: DecodeState;
  /** The most keys that a row will come to have. */
  readonly mostKeys: number;
  readonly #count: number;
  /** The most keys of a row at the first step. */
  readonly #firstKeys: number;
  /** [steps, B, numbers]: what steps have measured, on WebGPU. */
  readonly #kept: Tensor | undefined;
  #outputs: StepOutputs | undefined;
  #capture: Capture | undefined;
  /** The keys for which the capture serves. */
  #capturedKeys = 0;
  #taken = 0;

  /** @param steps Most steps the batch will take. */
  constructor(
    private readonly decoding: Decoding,
    rows: BatchRows,
    readonly steps: number,
  ) {
    const count = rows.sampling.length / 4;
    const total = rows.positions.length;
    const int = (values: Int32Array, shape: number[]) => keep(tensor(values, shape, "int32"));
    this.#count = count;
    this.#firstKeys = rows.rows.reduce((most, value, i) => (i % 4 === 3 ? Math.max(most, value) : most), 0);
    this.mostKeys = this.#firstKeys + steps - 1;
    this.state = {
      sampling: int(rows.sampling, [count, 4]),
      rows: int(rows.rows, [total, 4]),
      positions: int(rows.positions, [total]),
      slots: int(rows.slots, [total]),
      tokenIds: int(rows.tokenIds, [total]),
      log: int(new Int32Array(count * steps).fill(-1), [steps, count]),
      step: int(new Int32Array(1), [1]),
    };
    if (decoding.measures !== "nothing" && getBackend() === "webgpu")
      this.#kept = keep(deviceZeros([steps, count, valueCount(decoding.measures) + 3 * 2 * decoding.alternatives], "step"));
  }

  /** Takes the step whose hidden rows [copies·B, D] (before the final norm) the caller has computed. */
  begin(hidden: Tensor): void {
    this.#release();
    this.#outputs = tidy(() => this.#finish(hidden));
    this.#taken++;
  }

  /** Encodes so many further steps; at most as many as are left. */
  advance(steps: number): void {
    for (let i = 0; i < steps; i++, this.#taken++) {
      const keys = this.#firstKeys + this.#taken;
      if (this.#capture && keys <= this.#capturedKeys) this.#capture.replay();
      else if (getBackend() === "webgpu") {
        const gpu = currentGpu();
        this.#release();
        if (this.#capture) {
          // Its buffers go; steps that are encoded and not submitted still need them.
          gpu.flush();
          this.#capture[Symbol.dispose]();
        }
        this.#capturedKeys = recordedKeys(keys, this.mostKeys);
        this.#capture = Capture.record(gpu, () => {
          this.#outputs = tidy(() => this.#step(this.#capturedKeys));
        });
      } else {
        this.#release();
        this.#outputs = tidy(() => this.#step());
      }
    }
  }

  /** The last so many steps, in order, with one readback; without a GPU the last one alone. */
  async read(steps: number): Promise<BatchStep[]> {
    if (getBackend() !== "webgpu") {
      if (steps !== 1) throw new RangeError("without a GPU every step is read on its own");
      return [await this.#readOutputs()];
    }
    const first = this.#taken - steps;
    const keptWidth = this.#kept?.shape[2] ?? 0;
    const [ids, kept] = await readRanges([
      { tensor: this.state.log, first: first * this.#count, count: steps * this.#count },
      ...(this.#kept
        ? [{ tensor: this.#kept, first: first * this.#count * keptWidth, count: steps * this.#count * keptWidth }]
        : []),
    ]);
    return Array.from({ length: steps }, (_, i) => {
      const size = this.#count * keptWidth;
      const own = kept ? (kept as Float32Array).subarray(i * size, (i + 1) * size) : new Float32Array();
      const measured = columnsOf(own, this.#count, keptWidth, this.decoding.measures);
      return { ids: (ids as Int32Array).slice(i * this.#count, (i + 1) * this.#count), ...measured };
    });
  }

  [Symbol.dispose](): void {
    this.#release();
    this.#capture?.[Symbol.dispose]();
    dispose(Object.values(this.state));
    this.#kept?.dispose();
  }

  #step(mostKeys?: number) {
    const { text, fused, rope, cache, arithmetic } = this.decoding;
    const { rows, positions, slots, tokenIds } = this.state;
    const meta = { rows, ...(mostKeys !== undefined && { mostKeys }) };
    const pass = { meta, positions, rope, cache: { layers: cache, slots }, arithmetic };
    if (!fused) return this.#finish(text.blocks(text.embed(tokenIds), pass));
    const { hidden, work } = fused.beginWithTokens(tokenIds, { rows, positions, rope }, (ids) => text.embed(ids));
    return this.#finish(text.blocks(hidden, pass, fused, work), arithmetic);
  }

  /** From hidden rows to the next token of every rollout, and the state moved on. */
  #finish(hidden: Tensor, arithmetic?: Arithmetic): StepOutputs {
    const { text, fused, rules, eosIds, alternatives } = this.decoding;
    const logits = fused ? fused.logits(hidden, arithmetic) : linear(text.finalNorm(hidden), text.weights.head);
    const ids = sample(logits, this.state.sampling, rules);
    const stats = this.#measure(logits, ids);
    advanceDecodeState(this.state, ids, eosIds);
    if (stats && this.#kept) keepStep(this.#kept, this.state.step, stats, alternatives);
    return { ids, ...stats };
  }

  #measure(logits: Tensor, ids: Tensor): StepStats | undefined {
    const { measures, alternatives } = this.decoding;
    if (measures === "nothing") return undefined;
    return measures === "rows"
      ? { values: logitRows(logits, ids) }
      : logitStats(logits, ids, { topK: Math.max(1, alternatives) });
  }

  async #readOutputs(): Promise<BatchStep> {
    if (!this.#outputs) throw new Error("a decoding step gave nothing");
    const { ids, values, topIds, topLogp, topOther } = this.#outputs;
    const tensors = [ids, values, topIds, topLogp, topOther].filter((t) => t !== undefined);
    const [read, ...stats] = await readTensors(tensors);
    const [v, i, l, o] = stats as [Float32Array?, Int32Array?, Float32Array?, Float32Array?];
    const { measures, alternatives } = this.decoding;
    const isWanted = alternatives > 0;
    return {
      ids: read as Int32Array,
      values: valuesOf(v, this.#count, measures),
      topIds: (isWanted && i) || new Int32Array(),
      topLogp: (isWanted && l) || new Float32Array(),
      topOther: (isWanted && o) || new Float32Array(),
    };
  }

  #release(): void {
    if (this.#outputs) dispose(Object.values(this.#outputs));
    this.#outputs = undefined;
  }
}

/** Numbers per rollout of what a step measures, alternatives aside. */
const valueCount = (measures: Measures): number => ({ pairs: headStatsWidth, rows: rowWidth, nothing: 0 })[measures];

/** Values of either kind as rows of `headStatsColumns`. */
function valuesOf(values: Float32Array | undefined, count: number, measures: Measures): Float32Array {
  if (values && measures === "pairs") return values;
  const rows = new Float32Array(count * headStatsWidth).fill(Number.NaN);
  if (!values) return rows;
  const { logp, entropy, logSumExp } = headStatsColumns;
  for (let row = 0; row < count; row++) {
    const [max = Number.NaN, logSum = Number.NaN, own = Number.NaN, spread = Number.NaN] = values.subarray(row * rowWidth);
    rows[row * headStatsWidth + logp] = own;
    rows[row * headStatsWidth + entropy] = spread;
    rows[row * headStatsWidth + logSumExp] = max + logSum;
  }
  return rows;
}

/** Rows of kept words as columns; see keepStep.wgsl. */
function columnsOf(kept: Float32Array, count: number, keptWidth: number, measures: Measures): Omit<BatchStep, "ids"> {
  const own = valueCount(measures);
  const width = Math.max(0, keptWidth - own) / 3;
  const values = new Float32Array(count * own);
  const step = {
    topIds: new Int32Array(count * width),
    topLogp: new Float32Array(count * width),
    topOther: new Float32Array(count * width),
  };
  const words = new Int32Array(kept.buffer, kept.byteOffset, kept.length);
  for (let row = 0; row < count && keptWidth > 0; row++) {
    const first = row * keptWidth + own;
    values.set(kept.subarray(row * keptWidth, first), row * own);
    step.topIds.set(words.subarray(first, first + width), row * width);
    step.topLogp.set(kept.subarray(first + width, first + 2 * width), row * width);
    step.topOther.set(kept.subarray(first + 2 * width, first + 3 * width), row * width);
  }
  return { ...step, values: valuesOf(values.length > 0 ? values : undefined, count, measures) };
}
