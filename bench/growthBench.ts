// How cost grows with the work, on the embedded model's blocks: time per decoded token with the length of the context and with the number of
// rollouts, and memory of a training pass with its rows. Prompts are made-up ids at any length, past what the checkpoint was
// trained for: what a token costs does not depend on what it says.

import { dispose, tensor2d } from "@tensorflow/tfjs-core";
import { textBatch } from "@/engine/batch";
import { generate } from "@/engine/generate";
import { LayerwisePass } from "@/engine/layerwise";
import { attachLora, loraParameters, removeLora } from "@/engine/lora";
import { type PackedPrompt, packGroups } from "@/engine/packing";
import type { Session } from "@/engine/session";
import type { Gpu } from "@/gpu/device";
import { type Rope, ropeTable } from "@/ops/rope/rope";
import type { BenchRow } from "./report";
import { costOf, finish, median } from "./timing";

export interface GrowthSizes {
  /** Prompt tokens. */
  readonly contexts: readonly number[];
  readonly rollouts: readonly number[];
  /** Rows of a training pass. */
  readonly trained: readonly number[];
  /** Decoded tokens per measurement. */
  readonly tokens: number;
}

/** Measures each size once after a warm-up of the smallest; the first of each list is what the others are compared with. */
export async function benchGrowth(gpu: Gpu, session: Session, sizes: GrowthSizes): Promise<BenchRow[]> {
  const { text } = session.model;
  const { headDim, ropeTheta } = session.config.text;
  const positions = Math.max(...sizes.contexts, ...sizes.trained) + sizes.tokens + 1;
  const frequencies = Float64Array.from({ length: headDim / 2 }, (_, i) => ropeTheta ** ((-2 * i) / headDim));
  const rope: Rope = { table: tensor2d(ropeTable(frequencies, positions), [positions, headDim]) };
  const features = tensor2d(new Float32Array(text.hiddenSize), [1, text.hiddenSize]);

  /** Milliseconds per step in the steady state. */
  async function stepMs(context: number, rollouts: number): Promise<number> {
    const group = { prompt: promptOf(context), features, masked: [], rollouts, firstStream: 0 };
    const times: number[] = [];
    await generate(text, [group], rope, {
      ...{ temperature: 1, topP: 1, topK: 0, seed: 1, eosIds: [], alternatives: 0, stepsPerRead: 1 },
      maxNewTokens: sizes.tokens + 2,
      onStep: () => times.push(performance.now()),
    });
    // The first token is the prompt's, the second one is recorded.
    return median(times.slice(2).map((time, i) => time - (times[i + 1] as number)));
  }

  async function trainingBytes(rows: number): Promise<number> {
    attachLora(session.model, { rank: 8, alpha: 16, seed: 1 });
    const response = Int32Array.from({ length: rows / 2 }, (_, i) => 1 + (i % 200));
    const batch = textBatch(packGroups([{ prompt: promptOf(rows / 2 + 1), responses: [response] }]), rope);
    const trainable = new Set(loraParameters(session.model).map(({ tensor }) => tensor));
    const { peakBytes } = await costOf(gpu, async () => {
      const pass = new LayerwisePass(session.model, batch, undefined, trainable, features);
      const logp = pass.forward();
      const gradients = pass.backward(new Float32Array(response.length).fill(0.01));
      await finish(gpu);
      dispose([logp, ...gradients.values()]);
      pass[Symbol.dispose]();
    });
    batch.dispose();
    removeLora(session.model);
    return peakBytes / 1e6;
  }

  async function series(
    values: readonly number[],
    name: (value: number) => string,
    unit: BenchRow["unit"],
    measure: (value: number) => Promise<number>,
  ): Promise<BenchRow[]> {
    const rows: BenchRow[] = [];
    const [first] = values;
    if (first !== undefined) await measure(first);
    for (const value of values) {
      const baseline = rows[0] && { name: String(first), value: rows[0].value };
      rows.push({ name: name(value), unit, value: await measure(value), ...(baseline && { baseline }) });
    }
    return rows;
  }

  try {
    return [
      ...(await series(
        sizes.contexts,
        (context) => `decoded token, context ${context}`,
        "ms",
        (context) => stepMs(context, 1),
      )),
      ...(await series(
        sizes.rollouts,
        (rollouts) => `decoded token of each of ${rollouts} rollouts, context 128`,
        "ms",
        (rollouts) => stepMs(128, rollouts),
      )),
      ...(await series(sizes.trained, (rows) => `training pass, ${rows} rows, peak`, "MB", trainingBytes)),
    ];
  } finally {
    dispose([features, rope.table]);
  }
}

/** A prompt of any length with one place for a picture. */
function promptOf(length: number): PackedPrompt {
  const ids = Int32Array.from({ length }, (_, i) => 1 + (i % 200));
  const feature = new Int32Array(length).fill(-1);
  feature[1] = 0;
  return { ids, feature, featureCount: 1, positions: Int32Array.from(ids.keys()), axes: 1, next: length };
}
