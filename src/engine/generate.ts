// Rollouts: B trajectories decode as one batch over shared prompt prefixes, each with a masked twin that is fed the same
// tokens, so the visual dependency of a token is known when the token is. On WebGPU one step is captured and replayed; what
// changes between steps (ids, positions, slots, lengths, random counters) lives in GPU tensors that the step itself advances.

import { backend, concat, dispose, getBackend, keep, type Tensor, type Tensor2D, tensor, tidy } from "@tensorflow/tfjs-core";
import { Capture } from "@/gpu/capture";
import { deviceZeros, trimDevice } from "@/gpu/deviceTensor";
import { dispatcherOf } from "@/gpu/dispatcher";
import { readTensors } from "@/gpu/readback";
import type { LayerCache } from "@/nn/attention";
import type { TextDecoder } from "@/nn/textDecoder";
import { type HeadStats, headStatsColumns, logitStats } from "@/ops/headStats/logitStats";
import { linear } from "@/ops/linear/linear";
import type { Rope } from "@/ops/rope/rope";
import { advanceDecodeState, type DecodeState } from "@/ops/sample/decodeState";
import { sample } from "@/ops/sample/sample";
import { type PackedPrompt, packGroups } from "./packing";
import { prefill } from "./prefill";
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

/** Rollouts of all groups, in group order; partial when aborted. */
export async function generate(
  text: TextDecoder,
  groups: readonly RolloutGroup[],
  rope: Rope,
  options: GenerateOptions,
): Promise<Rollout[]> {
  const withTwins = groups.every(({ masked }) => masked.length > 0);
  const layout = layOut(groups, options, withTwins);
  const { count, prefixes } = layout;
  const rows = withTwins ? count * 2 : count;

  // Prefixes: every image and every distinct masked image once.
  const packed = packGroups(prefixes.map(({ group }) => ({ prompt: (groups[group] as RolloutGroup).prompt, responses: [] })));
  const heads = text.weights.layers[0]?.heads ?? { query: 1, keyValue: 1, dim: 1 };
  const size = packed.count + rows * options.maxNewTokens;
  // What encoding the pictures left behind is of no use to the decoder.
  trimDevice();
  if (options.onPhase) await options.onPhase("prompt");
  const cache: LayerCache[] = text.weights.layers.map(() => ({
    k: keep(deviceZeros([size, heads.keyValue, heads.dim], "cache")),
    v: keep(deviceZeros([size, heads.keyValue, heads.dim], "cache")),
  }));
  const int = (values: Int32Array, shape: number[]) => keep(tensor(values, shape, "int32"));
  const state: DecodeState = {
    sampling: int(layout.sampling, [count, 4]),
    rows: int(layout.rows, [rows, 4]),
    positions: int(layout.positions, [rows]),
    slots: int(layout.slots, [rows]),
    tokenIds: int(layout.tokenIds, [rows]),
    log: int(new Int32Array(count * options.maxNewTokens).fill(-1), [count, options.maxNewTokens]),
    step: int(new Int32Array(1), [1]),
  };
  const kept: Tensor[] = [...cache.flatMap(({ k, v }) => [k, v]), ...Object.values(state)];

  let outputs: ({ ids: Tensor } & Partial<HeadStats>) | undefined;
  const step = () => {
    outputs = tidy(() => {
      const pass = {
        meta: { rows: state.rows },
        positions: state.positions,
        rope,
        cache: { layers: cache, slots: state.slots },
      };
      const hidden = text.decode(text.embed(state.tokenIds), pass);
      const logits = linear(hidden, text.weights.head);
      const ids = sample(logits, state.sampling, options);
      const stats = withTwins ? logitStats(logits, ids, { topK: Math.max(1, options.alternatives) }) : undefined;
      advanceDecodeState(state, ids, options.eosIds);
      return { ids, ...stats };
    });
  };

  const collected = Array.from({ length: count }, () => ({
    ids: [] as number[],
    stats: [] as number[],
    done: false,
    reason: "length" as Rollout["reason"],
  }));
  let capture: Capture | undefined;
  try {
    const features = tidy(() => keep(concat(prefixes.map(({ features: f }) => f) as Tensor2D[], 0)));
    kept.push(features);
    prefill(text, packed, rope, cache, features);
    trimDevice();
    if (options.onPhase) await options.onPhase("decoding");
    for (let t = 0; t < options.maxNewTokens; t++) {
      if (options.signal?.aborted) {
        for (const rollout of collected) if (!rollout.done) rollout.reason = "aborted";
        break;
      }
      if (getBackend() !== "webgpu") {
        if (outputs) dispose(Object.values(outputs));
        step();
      } else if (capture) capture.replay();
      else capture = Capture.record(dispatcherOf(backend()), step);
      if (!outputs) throw new Error("a decoding step gave nothing");
      const { ids: sampled, values, topIds, topLogp, topOther } = outputs;
      const alternatives = options.alternatives > 0 && topIds && topLogp && topOther ? [topIds, topLogp, topOther] : [];
      const [ids, ...stats] = await readTensors([sampled, ...(values ? [values, ...alternatives] : [])]);
      const decoded = gather(collected, ids as Int32Array, stats, options);
      options.onStep?.(decoded);
      if (collected.every(({ done }) => done)) break;
    }
  } finally {
    if (outputs) dispose(Object.values(outputs));
    capture?.[Symbol.dispose]();
    dispose(kept);
    trimDevice();
  }
  return collected.map(({ ids, stats, reason }, i) => ({
    group: layout.groupOf[i] as number,
    ids: Int32Array.from(ids),
    stats: Float32Array.from(stats),
    reason,
  }));
}

interface Collected {
  readonly ids: number[];
  readonly stats: number[];
  done: boolean;
  reason: Rollout["reason"];
}

/** Appends a step to the rollouts still running and returns it in columns. */
function gather(
  collected: readonly Collected[],
  ids: Int32Array,
  [values, topIds, topLogp, topOther]: readonly ArrayLike<number>[],
  options: GenerateOptions,
): DecodedStep {
  const running = collected.flatMap(({ done }, i) => (done ? [] : [i]));
  const width = options.alternatives * 2;
  const step = {
    rollout: Int32Array.from(running),
    ids: Int32Array.from(running, (i) => ids[i] as number),
    stats: new Float32Array(running.length * statCount),
    topIds: new Int32Array(running.length * width),
    topLogp: new Float32Array(running.length * width),
    topOther: new Float32Array(running.length * width),
  };
  running.forEach((i, n) => {
    const rollout = collected[i] as Collected;
    const id = ids[i] as number;
    rollout.ids.push(id);
    for (let c = 0; c < statCount; c++) {
      const value = values?.[i * statWidth + c] ?? 0;
      rollout.stats.push(value);
      step.stats[n * statCount + c] = value;
    }
    for (let c = 0; c < width; c++) {
      step.topIds[n * width + c] = topIds?.[i * width + c] ?? 0;
      step.topLogp[n * width + c] = topLogp?.[i * width + c] ?? 0;
      step.topOther[n * width + c] = topOther?.[i * width + c] ?? 0;
    }
    if (options.eosIds.includes(id)) {
      rollout.done = true;
      rollout.reason = "stop";
    }
  });
  return step;
}

interface Prefix {
  readonly group: number;
  readonly features: Tensor;
}

/** Physical rows of prefixes and own segments, and the initial decode state. Image rows come first, twins after them. */
function layOut(groups: readonly RolloutGroup[], options: GenerateOptions, withTwins: boolean) {
  const count = groups.reduce((sum, { rollouts }) => sum + rollouts, 0);
  const total = withTwins ? count * 2 : count;
  const prefixes: Prefix[] = [];
  const prefixStart: number[] = [];
  let end = 0;
  const addPrefix = (group: number, features: Tensor): number => {
    prefixes.push({ group, features });
    prefixStart.push(end);
    end += (groups[group] as RolloutGroup).prompt.ids.length - 1;
    return prefixes.length - 1;
  };
  const prefixOf = new Int32Array(total);
  const groupOf = new Int32Array(count);
  let trajectory = 0;
  groups.forEach((group, g) => {
    const image = addPrefix(g, group.features);
    const masked = withTwins ? group.masked.map((features) => addPrefix(g, features)) : [];
    for (let r = 0; r < group.rollouts; r++, trajectory++) {
      prefixOf[trajectory] = image;
      groupOf[trajectory] = g;
      if (withTwins) prefixOf[count + trajectory] = masked[masked.length === 1 ? 0 : r] as number;
    }
  });
  const sampling = new Int32Array(count * 4);
  const rows = new Int32Array(total * 4);
  const positions = new Int32Array(total);
  const slots = new Int32Array(total);
  const tokenIds = new Int32Array(total);
  for (let row = 0; row < total; row++) {
    const i = row % count;
    const { prompt, firstStream } = groups[groupOf[i] as number] as RolloutGroup;
    const prefix = prefixOf[row] as number;
    const length = prompt.ids.length - 1;
    const segment = end + row * options.maxNewTokens;
    rows.set([prefixStart[prefix] as number, length, segment, length + 1], row * 4);
    // The last prompt token is the first one to be fed; all axes advance together from there.
    positions[row] = prompt.next - 1;
    slots[row] = segment;
    tokenIds[row] = prompt.ids[length] as number;
    if (row < count) sampling.set([options.seed, firstStream + i - groupOf.indexOf(groupOf[i] as number), 0, 1], i * 4);
  }
  return { count, prefixes, sampling, rows, positions, slots, tokenIds, groupOf };
}
