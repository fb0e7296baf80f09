// What a decoding step takes over an empty cache of any length: what a token costs does not depend on what it says, and no prompt is
// read for it.

import { dispose, keep, type Tensor } from "@tensorflow/tfjs-core";
import { type BatchRows, DecodeBatch, type Decoding } from "@/engine/decoding/decodeBatch";
import type { Gpu } from "@/gpu/device";
import { deviceZeros } from "@/gpu/deviceTensor";
import { finish } from "./timing";

export interface StepSize {
  /** Keys that all rows share. */
  readonly context: number;
  readonly rows: number;
  /** Steps of a measurement; the fastest of `repetitions` measurements counts. */
  readonly steps: number;
  readonly repetitions: number;
}

/** What one size takes. */
export interface Taken {
  readonly ms: number;
  readonly dispatches: number;
  readonly bytes: number;
}

/** A step's time and dispatches; bytes of cache, recorded step and state. */
export async function decodingStep(
  gpu: Gpu,
  decoder: Pick<Decoding, "text" | "fused" | "rope">,
  { context, rows, steps, repetitions }: StepSize,
): Promise<Taken> {
  const { pool, dispatcher } = gpu;
  await finish(gpu);
  pool.trim(0);
  const before = pool.numBytesAllocated;
  const most = stepsOf({ steps, repetitions });
  const { layers } = decoder.text.weights;
  const heads = layers[0]?.heads ?? { query: 1, keyValue: 1, dim: 1 };
  const zeros = () => keep(deviceZeros([context + rows * most, heads.keyValue, heads.dim], "cache"));
  const cache = layers.map(() => ({ k: zeros(), v: zeros() }));
  const rules = { temperature: 1, topP: 1, topK: 0 };
  const batch = new DecodeBatch(
    { ...decoder, cache, rules, eosIds: [], measures: "nothing", alternatives: 0 },
    rowsOf(context, rows, most),
    most,
  );
  try {
    // The first step is recorded, the second brings the first replay.
    batch.advance(2);
    await batch.read(2);
    const times: number[] = [];
    const { dispatches } = dispatcher.work();
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const started = performance.now();
      batch.advance(steps);
      await batch.read(steps);
      times.push((performance.now() - started) / steps);
    }
    const bytes = pool.numBytesAllocated - before;
    // Other work on the machine only ever adds.
    return { ms: Math.min(...times), dispatches: (dispatcher.work().dispatches - dispatches) / (most - 2), bytes };
  } finally {
    batch[Symbol.dispose]();
    dispose(cache.flatMap(({ k, v }): Tensor[] => [k, v]));
  }
}

/** Steps that a measurement takes in all. */
export const stepsOf = ({ steps, repetitions }: Pick<StepSize, "steps" | "repetitions">): number => 2 + steps * repetitions;

/** Rows that each have a token to feed, after `context` shared rows of the cache. */
function rowsOf(context: number, rows: number, steps: number): BatchRows {
  const each = Array.from({ length: rows }, (_, i) => ({ stream: i, segment: context + i * steps }));
  return {
    sampling: Int32Array.from(each.flatMap(({ stream }) => [1, stream, 0, 1])),
    rows: Int32Array.from(each.flatMap(({ segment }) => [0, context, segment, context + 1])),
    positions: new Int32Array(rows).fill(context),
    slots: Int32Array.from(each, ({ segment }) => segment),
    tokenIds: new Int32Array(rows).fill(1),
  };
}
