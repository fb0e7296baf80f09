// The memory plan against what is then allocated, on models made of nothing in sizes where activations count.

import { dispose, type Tensor, tensor2d } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createGpu, type Gpu } from "@/gpu/device";
import type { VisionBatch } from "@/models/family";
import { gradientNorm } from "@/ops/optimizer/optimizer";
import type { MemoryUse } from "@/protocol/model";
import type { LoraTarget } from "@/protocol/training";
import { textBatch } from "./batch";
import { generate } from "./decoding/generate";
import { LayerwisePass } from "./layerwise";
import { attachLora, loraParameters, removeLora } from "./lora";
import { memoryLines, type PlannedModel } from "./memoryPlan";
import { type PackedPrompt, packGroups } from "./packing";
import type { Session } from "./session";
import { madeModel } from "./test/madeModel";
import { sampling, tinyUrl, withoutEnd } from "./test/tinySession";

/** A frame of the tiny checkpoint: 16 patches, 4 image tokens. */
const frame = { side: 64, patches: 16, tokens: 4 } as const;
const precision = { text: "int4", vision: "f16", head: "int8", groupSize: 32 } as const;

/** A prompt with some image tokens. */
function promptOf(length: number, featureCount = 1): PackedPrompt {
  const ids = Int32Array.from({ length }, (_, i) => 1 + (i % 200));
  const feature = new Int32Array(length).fill(-1);
  for (let i = 0; i < featureCount; i++) feature[3 + i] = i;
  return { ids, feature, featureCount, positions: Int32Array.from(ids.keys()), axes: 1, next: length };
}

describe("The memory plan", () => {
  let gpu: Gpu;
  let session: Session;
  let planned: PlannedModel;
  let weightBytes = 0;
  beforeAll(async () => {
    gpu = await createGpu();
    const decoder = { hidden_size: 256, intermediate_size: 704, num_hidden_layers: 6, num_attention_heads: 4 };
    const tower = { hidden_size: 192, intermediate_size: 512, num_hidden_layers: 5, num_attention_heads: 3 };
    const made = await madeModel(
      tinyUrl(),
      (config) => {
        Object.assign(config.text_config as object, { ...decoder, num_key_value_heads: 2, head_dim: 64 });
        Object.assign(config.vision_config as object, tower);
      },
      precision,
    );
    session = withoutEnd(made.session);
    planned = made.planned;
    weightBytes = gpu.pool.numBytesAllocated;
  });
  afterAll(() => {
    session[Symbol.dispose]();
    gpu.device.destroy();
  });

  const bytesOf = (use: MemoryUse, ...names: string[]) =>
    memoryLines(planned, precision, use).reduce((sum, { what, bytes }) => (names.includes(what) ? sum + bytes : sum), 0);

  it("counts weights to the byte, but for rounding to four words", () => {
    const plan = bytesOf({ contextTokens: 8, rollouts: 1, loraRank: 1 }, "vision weights", "text weights", "embedding and head");
    expect(Math.abs(plan - weightBytes)).toBeLessThan(planned.requests.length * 16);
  });

  for (const { prompt, answer, rollouts } of [
    { prompt: 60, answer: 20, rollouts: 1 },
    { prompt: 130, answer: 40, rollouts: 4 },
    { prompt: 100, answer: 1500, rollouts: 4 },
  ]) {
    it(`is within 10 % for ${rollouts} answers of ${answer} tokens to ${prompt}`, async () => {
      const features = () => tensor2d(new Float32Array(256), [1, 256]);
      const masked = Array.from({ length: rollouts }, features);
      const group = { prompt: promptOf(prompt), features: features(), masked, rollouts, firstStream: 0 };
      gpu.dispatcher.trim();
      gpu.pool.numBytesPeak = 0;
      const stop = new AbortController();
      let steps = 0;
      const onStep = () => {
        if (++steps === 2) stop.abort();
      };
      const options = { ...sampling, maxNewTokens: answer, eosIds: [], alternatives: 2, signal: stop.signal, onStep };
      await generate(session.model.text, [group], session.rope, options);
      dispose([group.features, ...masked]);
      const use = { contextTokens: prompt + answer, answerTokens: answer, pictureTokens: 1, rollouts, loraRank: 8 };
      const plan = weightBytes + bytesOf(use, "KV cache", "decoding");
      const share = plan / gpu.pool.numBytesPeak;
      expect(share).toBeGreaterThan(0.9);
      expect(share).toBeLessThan(1.1);
    });
  }

  const [prompt, answer, rollouts, loraRank] = [120, 60, 4, 8];
  const batchOf = (featureCount?: number) => {
    const response = Int32Array.from({ length: answer }, (_, i) => 1 + i);
    const responses = Array.from({ length: rollouts }, () => response);
    return textBatch(packGroups([{ prompt: promptOf(prompt, featureCount), responses }]), session.rope);
  };
  /** The most bytes that existed while a pass of this kind went forward and back. */
  async function peakOfUpdate(
    targets: readonly LoraTarget[],
    featureCount: number,
    pictures: { features?: Tensor; images?: VisionBatch },
  ): Promise<number> {
    gpu.dispatcher.trim();
    gpu.pool.numBytesPeak = 0;
    attachLora(session.model, { rank: loraRank, alpha: 16, seed: 1, targets });
    const trainable = new Set(loraParameters(session.model).map(({ tensor }) => tensor));
    const batch = batchOf(featureCount);
    const pass = new LayerwisePass(session.model, batch, pictures.images, trainable, pictures.features);
    const logp = pass.forward();
    const gradients = pass.backward(new Float32Array(rollouts * answer).fill(0.01));
    const norm = await gradientNorm([...gradients.values()]);
    expect(gradients.size).toBe(trainable.size);
    dispose([logp, ...gradients.values()]);
    pass[Symbol.dispose]();
    batch.dispose();
    pictures.features?.dispose();
    pictures.images?.dispose();
    removeLora(session.model);
    expect(norm).toBeGreaterThan(0);
    return gpu.pool.numBytesPeak;
  }
  /** What the plan says of it; the optimizer's moments are the trainer's. */
  const planOfUpdate = (pictureTokens: number, loraTargets: readonly LoraTarget[]) => {
    const use = { contextTokens: prompt + answer, answerTokens: answer, pictureTokens, rollouts, loraRank, loraTargets };
    return weightBytes + bytesOf(use, "training step") + bytesOf(use, "trained weights") / 2;
  };

  it("is within 10 % for the update of a training step", async () => {
    const peak = await peakOfUpdate(["text"], 1, { features: tensor2d(new Float32Array(256), [1, 256]) });
    const share = planOfUpdate(1, ["text"]) / peak;
    expect(share).toBeGreaterThan(0.9);
    expect(share).toBeLessThan(1.1);
  });

  it.each<[string, readonly LoraTarget[]]>([
    ["the tower, too", ["text", "projector", "vision"]],
    ["the projector, too", ["text", "projector"]],
  ])("is within 10 % for the update of a training step that trains %s", async (_, targets) => {
    const frames = 27;
    const [patchCount, featureCount] = [frames * frame.patches, frames * frame.tokens];
    const pixelValues = Float32Array.from({ length: frames * 3 * frame.side ** 2 }, (_, i) => Math.sin(i));
    const images = session.model.vision.batch([{ pixelValues, patchCount, featureCount, rows: 1, columns: frames - 1 }]);
    const peak = await peakOfUpdate(targets, featureCount, { images });
    const share = planOfUpdate(featureCount, targets) / peak;
    expect(share).toBeGreaterThan(0.9);
    expect(share).toBeLessThan(1.1);
  });
});
