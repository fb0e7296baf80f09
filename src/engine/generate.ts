// Rollouts: B trajectories decode as one batch over shared prompt prefixes, each with a masked twin that is fed the same
// tokens, so the visual dependency of a token is known when the token is. The steps are decodeBatch's; this file lays the rows out,
// reads prompts, collects what comes back, and lets go of rows whose rollout has ended.

import { concat, dispose, getBackend, keep, type Tensor, type Tensor2D, tidy } from "@tensorflow/tfjs-core";
import { deviceZeros, trimDevice } from "@/gpu/deviceTensor";
import type { LayerCache } from "@/nn/attention";
import type { TextDecoder } from "@/nn/textDecoder";
import { headStatsColumns } from "@/ops/headStats/logitStats";
import type { Arithmetic } from "@/ops/linear/arithmetic";
import type { Rope } from "@/ops/rope/rope";
import { variants } from "@/ops/variants";
import { type BatchRows, type BatchStep, DecodeBatch } from "./decodeBatch";
import { type PackedPrompt, packGroups } from "./packing";
import { prefill } from "./prefill";
import { refuseArithmetic } from "./roughDecoding";
import { statCount } from "./tokenStats";

/** One prompt with its image and masked images. */
export interface RolloutGroup {
  readonly prompt: PackedPrompt;
  readonly features: Tensor; // [F, D]
  /** Features of the masked image: one for the whole group, or one per rollout; none to decode without twins. */
  readonly masked: readonly Tensor[];
  readonly rollouts: number;
  /** Random stream of the group's first rollout; the others follow. */
  readonly firstStream: number;
}

export interface GenerateOptions {
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly seed: number;
  readonly maxNewTokens: number;
  readonly eosIds: readonly number[];
  /** Alternatives reported per token and condition; 0 when nobody looks. */
  readonly alternatives: number;
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
  readonly stats: Float32Array; // [n, 7], protocol/generation.ts tokenStatColumns
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

/** Numbers per row of the head's statistics, of which the first statCount are reported. */
const statWidth = Object.keys(headStatsColumns).length;
/** Time between two readbacks that decoding aims at, of which two may be under way: Stop reacts within twice of it. */
const readMs = 40;
/** Most steps between two readbacks. */
const mostSteps = 16;
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
  const { lanes, prefixes, groupOf } = layOut(groups, options, withTwins);
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
  const decoding = { text, fused, rope, cache, rules: { temperature, topP, topK }, eosIds, withTwins, alternatives, arithmetic };
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

/** How many steps go between two readbacks: as many as fit `readMs`, so that Stop and streaming are prompt and the device has work. */
class Pace {
  #steps = 0;
  #since = performance.now();

  constructor(private readonly fixed: number | undefined) {}

  /** Whether several steps go between two readbacks: then two readbacks may be under way, and Stop still reacts within 100 ms. */
  get isQuick(): boolean {
    return (this.fixed ?? this.#steps) > 1;
  }

  next(): number {
    if (this.fixed !== undefined) return this.fixed;
    const now = performance.now();
    // The first time is the prompt's and the second the recording's.
    const perStep = (now - this.#since) / Math.max(1, this.#steps);
    this.#since = now;
    this.#steps = this.#steps === 0 ? 1 : Math.min(mostSteps, 2 * this.#steps, Math.max(1, Math.floor(readMs / perStep)));
    return this.#steps;
  }
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
      const value = values[row * statWidth + c] ?? 0;
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

/** A row of the decoder over the whole answer: a rollout with its picture, or its twin. */
interface Lane {
  readonly prefixStart: number;
  readonly prefixLength: number;
  /** First cache row of its own. */
  readonly segment: number;
  /** Position of the last prompt token, which is the first one to be fed; all axes advance together from there. */
  readonly position: number;
  readonly tokenId: number;
  readonly stream: number;
}

/** Where the lanes of the rollouts that still run stand after the tokens they have. */
function rowsOf(
  lanes: readonly Lane[],
  running: readonly number[],
  rollouts: readonly RunningRollout[],
  seed: number,
): BatchRows {
  const copies = lanes.length / rollouts.length;
  const own = Array.from({ length: copies }, (_, copy) =>
    running.map((i) => ({ rollout: i, lane: copy * rollouts.length + i })),
  ).flat();
  const at = own.map(({ rollout, lane }) => {
    const { ids } = rollouts[rollout] as RunningRollout;
    return { ...(lanes[lane] as Lane), done: ids.length, last: ids.at(-1) };
  });
  return {
    sampling: Int32Array.from(at.slice(0, running.length).flatMap(({ stream, done }) => [seed, stream, done, 1])),
    rows: Int32Array.from(
      at.flatMap(({ prefixStart, prefixLength, segment, done }) => [prefixStart, prefixLength, segment, prefixLength + 1 + done]),
    ),
    positions: Int32Array.from(at, ({ position, done }) => position + done),
    slots: Int32Array.from(at, ({ segment, done }) => segment + done),
    tokenIds: Int32Array.from(at, ({ tokenId, last }) => last ?? tokenId),
  };
}

interface Prefix {
  readonly group: number;
  readonly features: Tensor;
}

/** Physical rows of prefixes and of the lanes' own segments. Lanes with the picture come first, twins after them. */
function layOut(groups: readonly RolloutGroup[], options: GenerateOptions, withTwins: boolean) {
  const prefixes: (Prefix & { readonly start: number })[] = [];
  let end = 0;
  const addPrefix = (group: number, features: Tensor): number => {
    prefixes.push({ group, features, start: end });
    end += (groups[group] as RolloutGroup).prompt.ids.length - 1;
    return prefixes.length - 1;
  };
  const own: { group: number; prefix: number; stream: number }[] = [];
  const twins: typeof own = [];
  groups.forEach((group, g) => {
    const image = addPrefix(g, group.features);
    const masked = withTwins ? group.masked.map((features) => addPrefix(g, features)) : [];
    for (let r = 0; r < group.rollouts; r++) {
      const stream = group.firstStream + r;
      own.push({ group: g, prefix: image, stream });
      if (withTwins) twins.push({ group: g, prefix: masked[masked.length === 1 ? 0 : r] as number, stream });
    }
  });
  const lanes = [...own, ...twins].map(({ group, prefix, stream }, row): Lane => {
    const { prompt } = groups[group] as RolloutGroup;
    const prefixLength = prompt.ids.length - 1;
    return {
      prefixStart: prefixes[prefix]?.start ?? 0,
      prefixLength,
      segment: end + row * options.maxNewTokens,
      position: prompt.next - 1,
      tokenId: prompt.ids[prefixLength] as number,
      stream,
    };
  });
  return { lanes, prefixes, groupOf: own.map(({ group }) => group) };
}
