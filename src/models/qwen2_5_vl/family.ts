// Qwen2.5-VL as a family: a tower whose blocks attend within windows but for a few, a Qwen2 decoder with m-RoPE in sections.
// Checkpoints keep the names from before transformers moved the modules (`visual.…`, `model.layers.…`); here tensors have the
// names of the modules in memory, which are also PEFT's.

import type { ModelFamily, VisionLanguageModel } from "../family";
import { qwenInput } from "../qwen/input";
import { takeBlock, takePatchKernel, towerEpsilon, towerPath } from "../qwen/takeTower";
import { QwenTower } from "../qwen/tower";
import { takeDecoder, takeLinear } from "../takeLayers";
import type { WeightTaker } from "../weights";
import { parseQwen2_5VlConfig, type Qwen2_5VlConfig, type Qwen2_5VlVisionConfig } from "./config";

function takeTower(take: WeightTaker, vision: Qwen2_5VlVisionConfig): QwenTower {
  const { depth, hiddenSize: d, intermediateSize: wide, numHeads: heads, patchSize, temporalPatchSize, ropeTheta } = vision;
  const mergeSize = vision.spatialMergeSize;
  const merged = d * mergeSize ** 2;
  const rms = (name: string) => ({ weight: take.tensor(`${name}.weight`, [d]) });
  const project = (name: string, shape: readonly [number, number]) =>
    takeLinear(take, `${towerPath}.${name}`, shape, "vision", true);
  const patchEmbedding = takePatchKernel(take, vision, false);
  const blocks = Array.from({ length: depth }, (_, i) => ({
    ...takeBlock(take, i, { hiddenSize: d, heads }, rms),
    mlp: {
      kind: "swiglu" as const,
      gate: project(`blocks.${i}.mlp.gate_proj`, [wide, d]),
      up: project(`blocks.${i}.mlp.up_proj`, [wide, d]),
      down: project(`blocks.${i}.mlp.down_proj`, [d, wide]),
    },
  }));
  const merger = {
    group: mergeSize ** 2,
    epsilon: towerEpsilon,
    norm: rms(`${towerPath}.merger.ln_q`),
    fc1: project("merger.mlp.0", [merged, merged]),
    fc2: project("merger.mlp.2", [vision.outHiddenSize, merged]),
  };
  const windows = { side: vision.windowSize / patchSize / mergeSize, fullAttentionBlocks: vision.fullattBlockIndexes };
  return new QwenTower(
    { patchSize, temporalPatchSize, mergeSize, ropeTheta, windows },
    { patchEmbedding, blocks, merger, deepstack: [] },
  );
}

function build(config: Qwen2_5VlConfig, take: WeightTaker): VisionLanguageModel {
  const vision = takeTower(take, config.vision);
  const text = takeDecoder(take, config, { path: "model.language_model", attentionBias: true });
  return { config, input: qwenInput(config), vision, text };
}

/** The family. */
export const qwen2_5Vl: ModelFamily<Qwen2_5VlConfig> = {
  name: "Qwen2.5-VL",
  modelTypes: ["qwen2_5_vl"],
  parseConfig: parseQwen2_5VlConfig,
  input: qwenInput,
  build,
  canonicalName: (name) =>
    name.replace(/^visual\./, `${towerPath}.`).replace(/^model\.(?!language_model\.|visual\.)/, "model.language_model."),
};
