// How cost grows with the work, on the embedded model's blocks: a decoded token with the length of the context and with the number of
// rollouts, and a training pass with its rows; time, dispatches and bytes of each. Decoding goes past what the
// checkpoint was trained for.

import { dispose, tensor2d } from "@tensorflow/tfjs-core";
import { textBatch } from "@/engine/batch";
import { LayerwisePass } from "@/engine/layerwise";
import { attachLora, loraParameters, removeLora } from "@/engine/lora";
import { type PackedPrompt, packGroups } from "@/engine/packing";
import type { Session } from "@/engine/session";
import type { Gpu } from "@/gpu/device";
import { type Rope, ropeTable } from "@/ops/rope/rope";
import { decodingStep, stepsOf, type Taken } from "./emptyDecoding";
import type { BenchRow, GrowthSeries } from "./report";
import { costOf, finish } from "./timing";

export interface GrowthSizes {
  /** Keys in the cache. */
  readonly contexts: readonly number[];
  readonly rollouts: readonly number[];
  /** Rows of a training pass. */
  readonly trained: readonly number[];
  /** Steps of a measurement; the fastest of `repetitions` measurements counts. */
  readonly steps: number;
  readonly repetitions: number;
}

/** Keys that all rollouts of the series of rollouts share. */
const sharedContext = 128;

/** Measures each size, after a warm-up of the first of each list, with which the others are compared. */
export async function benchGrowth(gpu: Gpu, session: Session, sizes: GrowthSizes): Promise<BenchRow[]> {
  const { text } = session.model;
  const { headDim, ropeTheta } = session.config.text;
  const steps = stepsOf(sizes);
  const positions = Math.max(...sizes.contexts, sharedContext, ...sizes.trained) + steps + 1;
  const frequencies = Float64Array.from({ length: headDim / 2 }, (_, i) => ropeTheta ** ((-2 * i) / headDim));
  const rope: Rope = { table: tensor2d(ropeTable(frequencies, positions), [positions, headDim]) };
  const features = tensor2d(new Float32Array(text.hiddenSize), [1, text.hiddenSize]);
  const fused = text.fused();

  const decoding = (context: number, rows: number) =>
    decodingStep(gpu, { text, fused, rope }, { context, rows, steps: sizes.steps, repetitions: sizes.repetitions });

  /** Forward and backward pass of one rollout as long as its prompt, with an adapter; bytes on top of weights and adapter. */
  async function training(rows: number): Promise<Taken> {
    attachLora(session.model, { rank: 8, alpha: 16, seed: 1 });
    const response = Int32Array.from({ length: rows / 2 }, (_, i) => 1 + (i % 200));
    const batch = textBatch(packGroups([{ prompt: promptOf(rows / 2 + 1), responses: [response] }]), rope);
    const trainable = new Set(loraParameters(session.model).map(({ tensor }) => tensor));
    const before = gpu.dispatcher.work().dispatches;
    const { ms, peakBytes } = await costOf(gpu, async () => {
      const pass = new LayerwisePass(session.model, batch, undefined, trainable, features);
      const logp = pass.forward();
      const gradients = pass.backward(new Float32Array(response.length).fill(0.01));
      await finish(gpu);
      dispose([logp, ...gradients.values()]);
      pass[Symbol.dispose]();
    });
    batch.dispose();
    removeLora(session.model);
    return { ms, dispatches: gpu.dispatcher.work().dispatches - before, bytes: peakBytes };
  }

  try {
    return [
      ...(await series("context", sizes.contexts, (context) => decoding(context, 1))),
      ...(await series("rollouts", sizes.rollouts, (rollouts) => decoding(sharedContext, rollouts))),
      ...(await series("trained rows", sizes.trained, training)),
    ];
  } finally {
    dispose([features, rope.table]);
    fused?.[Symbol.dispose]();
  }
}

const names: Readonly<Record<GrowthSeries, (size: number) => string>> = {
  context: (size) => `Decoding step, ${size} keys`,
  rollouts: (size) => `Decoding step, ${size} ${size === 1 ? "rollout" : "rollouts"} over ${sharedContext} shared keys`,
  "trained rows": (size) => `Training pass, ${size} rows`,
};

/** Three rows of the table per size. */
async function series(
  name: GrowthSeries,
  sizes: readonly number[],
  measure: (size: number) => Promise<Taken>,
): Promise<BenchRow[]> {
  const [smallest] = sizes;
  if (smallest === undefined) return [];
  await measure(smallest);
  const rows: BenchRow[] = [];
  let first: Taken | undefined;
  for (const size of sizes) {
    const taken = await measure(size);
    const row = (what: string, unit: BenchRow["unit"], of: (taken: Taken) => number): BenchRow => ({
      name: `${names[name](size)}${what}`,
      unit,
      value: of(taken),
      grown: { series: name, size },
      ...(first && { baseline: { name: String(smallest), value: of(first) } }),
    });
    rows.push(
      { ...row("", "ms", ({ ms }) => ms), note: name === "trained rows" ? "one run" : "fastest run" },
      row(", dispatches", "dispatches", ({ dispatches }) => dispatches),
      row(", GPU memory", "MB", ({ bytes }) => bytes / 1e6),
    );
    first ??= taken;
  }
  return rows;
}

/** A prompt of any length with one place for a picture. */
function promptOf(length: number): PackedPrompt {
  const ids = Int32Array.from({ length }, (_, i) => 1 + (i % 200));
  const feature = new Int32Array(length).fill(-1);
  feature[1] = 0;
  return { ids, feature, featureCount: 1, positions: Int32Array.from(ids.keys()), axes: 1, next: length };
}
