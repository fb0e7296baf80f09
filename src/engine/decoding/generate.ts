// Rollouts: B trajectories decode as one batch over shared prompt prefixes, each with a masked twin that is fed the same
// tokens, so the visual dependency of a token is known when the token is. The steps are decodeBatch's, the rows' places lanes';
// this file reads prompts, collects what comes back, and lets go of rows whose rollout has ended.

import { concat, dispose, getBackend, keep, type Tensor, type Tensor2D, tidy } from "@tensorflow/tfjs-core";
import { deviceZeros, trimDevice } from "@/gpu/deviceTensor";
import type { LayerCache } from "@/nn/attention";
import type { TextDecoder } from "@/nn/textDecoder";
import { headStatsWidth } from "@/ops/headStats/logitStats";
import type { Arithmetic } from "@/ops/linear/arithmetic";
import type { Rope } from "@/ops/rope/rope";
import { variants } from "@/ops/variants";
import { packGroups } from "../packing";
import { statCount } from "../tokenStats";
import { type BatchStep, DecodeBatch, type Measures } from "./decodeBatch";
import { layOut, type RolloutGroup, rowsOf } from "./lanes";
import { Pace } from "./pace";
import { prefill } from "./prefill";
import { refuseArithmetic } from "./roughDecoding";

export interface GenerateOptions {
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly seed: number;
  readonly maxNewTokens: number;
  readonly eosIds: readonly number[];
  /** Alternatives reported per token and condition; 0 when nobody looks. */
  readonly alternatives: number;
  /** Log-probs and entropies of groups without twins, for which nothing else is measured. */
  readonly logProbs?: boolean;
  /** Steps between two readbacks; by the time they take without it. */
  readonly stepsPerRead?: number;
  /** Of the steps after the first; f32, which is exact, without it. */
  readonly arithmetic?: Arithmetic;
  readonly signal?: AbortSignal;
  /** Awaited before each phase; nobody waits without it. */
  readonly onPhase?: (phase: "prompt" | "decoding") => Promise<void>;
  /** Called after every step with the tokens of the rollouts that were still running. */
  readonly onStep?: (step: DecodedStep) => void;
}

/** One decoding step of all running rollouts. */
export interface DecodedStep {
  readonly rollout: Int32Array; // [n] index over all groups
  readonly ids: Int32Array; // [n]
  readonly stats: Float32Array; // [n, 7], protocol/generation.ts tokenStatColumns; NaN where it was not measured
  readonly topIds: Int32Array; // [n, 2, K]
  readonly topLogp: Float32Array;
  readonly topOther: Float32Array;
}

/** A finished rollout. */
export interface Rollout {
  readonly group: number;
  readonly ids: Int32Array;
  readonly stats: Float32Array; // [T, 7]
  readonly reason: "stop" | "length" | "aborted";
}

/** On a GPU that many rows cost no more than one, since what takes time is reading W: fewer are not worth other kernels and a recording. */
const rowsForOne = 4;

/**
 * Rollouts of all groups, in group order; partial when aborted. Throws TrainSettingError where device or model have no products in the
 * arithmetic asked for.
 */
export async function generate(
  text: TextDecoder,
  groups: readonly RolloutGroup[],
  rope: Rope,
  options: GenerateOptions,
): Promise<Rollout[]> {
  const { arithmetic = "f32" } = options;
  refuseArithmetic(text, arithmetic);
  const withTwins = groups.every(({ masked }) => masked.length > 0);
  const { lanes, prefixes, groupOf } = layOut(groups, options.maxNewTokens, withTwins);
  const count = groupOf.length;

  // Prefixes: every image and every distinct masked image once.
  const packed = packGroups(prefixes.map(({ group }) => ({ prompt: (groups[group] as RolloutGroup).prompt, responses: [] })));
  const heads = text.weights.layers[0]?.heads ?? { query: 1, keyValue: 1, dim: 1 };
  const size = packed.count + lanes.length * options.maxNewTokens;
  // What encoding the pictures left behind is of no use to the decoder.
  trimDevice();
  if (options.onPhase) await options.onPhase("prompt");
  const cache: LayerCache[] = text.weights.layers.map(() => ({
    k: keep(deviceZeros([size, heads.keyValue, heads.dim], "cache")),
    v: keep(deviceZeros([size, heads.keyValue, heads.dim], "cache")),
  }));
  const kept: Tensor[] = cache.flatMap(({ k, v }) => [k, v]);
  const fused = text.fused();
  const { temperature, topP, topK, eosIds, alternatives } = options;
  const measures: Measures = withTwins ? "pairs" : options.logProbs ? "rows" : "nothing";
  const decoding = { text, fused, rope, cache, rules: { temperature, topP, topK }, eosIds, measures, alternatives, arithmetic };
  const rollouts = Array.from({ length: count }, () => new RunningRollout());
  let running = Array.from({ length: count }, (_, i) => i);
  const batchOf = (left: number) => new DecodeBatch(decoding, rowsOf(lanes, running, rollouts, options.seed), left);
  let batch: DecodeBatch | undefined;
  /** Given to the device and not read yet, oldest first. */
  const reads: { readonly steps: number; readonly result: Promise<BatchStep[]> }[] = [];
  try {
    const features = tidy(() => keep(concat(prefixes.map(({ features: f }) => f) as Tensor2D[], 0)));
    kept.push(features);
    batch = batchOf(options.maxNewTokens);
    if (batch.mostKeys >= variants().longKeys) await fused?.warmUpSplit();
    const first = prefill({ text, fused, rope, cache }, packed, features, batch.state);
    batch.begin(first);
    first.dispose();
    // Elsewhere a step's tensors are all there is to read.
    const pace = new Pace(getBackend() === "webgpu" ? options.stepsPerRead : 1);
    let [encoded, taken] = [1, 0];
    reads.push({ steps: 1, result: batch.read(1) });
    const goOn = (from: DecodeBatch) => {
      const steps = Math.min(pace.next(), options.maxNewTokens - encoded);
      from.advance(steps);
      encoded += steps;
      reads.push({ steps, result: from.read(steps) });
    };
    let isShrinking = false;
    while (reads[0]) {
      // Where steps are quick the next ones are with the device before the last ones are read: it never waits for this thread.
      if (taken > 0 && pace.isQuick && reads.length === 1 && !isShrinking && encoded < options.maxNewTokens) goOn(batch);
      const read = await reads[0].result;
      taken += reads[0].steps;
      reads.shift();
      for (const step of read) {
        const decoded = gather(step, running, rollouts, options);
        if (decoded.rollout.length > 0) options.onStep?.(decoded);
      }
      if (taken === 1) {
        trimDevice();
        if (options.onPhase) await options.onPhase("decoding");
      }
      const left = running.filter((i) => !rollouts[i]?.reason);
      if (left.length === 0 || taken === options.maxNewTokens) break;
      if (options.signal?.aborted) {
        for (const i of left) (rollouts[i] as RunningRollout).reason = "aborted";
        break;
      }
      const rows = (running.length * lanes.length) / count;
      // Half of the rows would be computed for nothing. What a row gives does not depend on the rows beside it.
      isShrinking = left.length * 2 <= running.length && (rows > rowsForOne || getBackend() !== "webgpu");
      if (reads.length > 0) continue;
      if (isShrinking) {
        running = left;
        batch[Symbol.dispose]();
        batch = batchOf(options.maxNewTokens - taken);
        isShrinking = false;
      }
      goOn(batch);
    }
  } finally {
    // What is still under way is of no use, but its buffers are in use until it is there.
    await Promise.allSettled(reads.map(({ result }) => result));
    batch?.[Symbol.dispose]();
    fused?.[Symbol.dispose]();
    dispose(kept);
    trimDevice();
  }
  return rollouts.map(({ ids, stats, reason }, i) => ({
    group: groupOf[i] as number,
    ids: Int32Array.from(ids),
    stats: Float32Array.from(stats),
    reason: reason ?? "length",
  }));
}

class RunningRollout {
  readonly ids: number[] = [];
  readonly stats: number[] = [];
  /** Why it ended, once it has. */
  reason: Rollout["reason"] | undefined;
}

/** Appends a step to the rollouts still running and returns it in columns. */
function gather(
  { ids, values, topIds, topLogp, topOther }: BatchStep,
  rows: readonly number[],
  rollouts: readonly RunningRollout[],
  options: GenerateOptions,
): DecodedStep {
  const running = rows.flatMap((i, row) => (rollouts[i]?.reason ? [] : [row]));
  const width = options.alternatives * 2;
  const step = {
    rollout: Int32Array.from(running, (row) => rows[row] as number),
    ids: Int32Array.from(running, (row) => ids[row] as number),
    stats: new Float32Array(running.length * statCount),
    topIds: new Int32Array(running.length * width),
    topLogp: new Float32Array(running.length * width),
    topOther: new Float32Array(running.length * width),
  };
  running.forEach((row, n) => {
    const rollout = rollouts[rows[row] as number] as RunningRollout;
    const id = ids[row] as number;
    rollout.ids.push(id);
    for (let c = 0; c < statCount; c++) {
      const value = values[row * headStatsWidth + c] ?? 0;
      rollout.stats.push(value);
      step.stats[n * statCount + c] = value;
    }
    for (let c = 0; c < width; c++) {
      step.topIds[n * width + c] = topIds[row * width + c] ?? 0;
      step.topLogp[n * width + c] = topLogp[row * width + c] ?? 0;
      step.topOther[n * width + c] = topOther[row * width + c] ?? 0;
    }
    if (options.eosIds.includes(id)) rollout.reason = "stop";
  });
  return step;
}
