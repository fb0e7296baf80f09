// Qwen3-VL (dense) as a family: a tower with a position table and side outputs for the decoder's first blocks (DeepStack), a
// Qwen3 decoder with interleaved m-RoPE. Checkpoints name tensors as the modules in memory.

import type { Tensor2D } from "@tensorflow/tfjs-core";
import type { PatchMerger } from "@/nn/patchMerger";
import type { ModelFamily, VisionLanguageModel } from "../family";
import { qwenInput } from "../qwen/input";
import { takeBlock, takePatchKernel, towerEpsilon, towerPath } from "../qwen/takeTower";
import { QwenTower } from "../qwen/tower";
import { takeDecoder, takeLayerNorm, takeLinear } from "../takeLayers";
import type { WeightTaker } from "../weights";
import { parseQwen3VlConfig, type Qwen3VlConfig, type Qwen3VlVisionConfig } from "./config";

function takeTower(take: WeightTaker, vision: Qwen3VlVisionConfig): QwenTower {
  const { depth, hiddenSize: d, intermediateSize: wide, numHeads: heads, patchSize, temporalPatchSize, ropeTheta } = vision;
  const mergeSize = vision.spatialMergeSize;
  const merged = d * mergeSize ** 2;
  const norm = (name: string) => takeLayerNorm(take, name, d);
  const project = (name: string, shape: readonly [number, number]) => takeLinear(take, name, shape, "vision", true);
  /** The connector norms single patches, DeepStack's mergers norm merged rows. */
  const patchMerger = (name: string, normSize: number): PatchMerger => ({
    group: mergeSize ** 2,
    epsilon: towerEpsilon,
    norm: takeLayerNorm(take, `${name}.norm`, normSize),
    fc1: project(`${name}.linear_fc1`, [merged, merged]),
    fc2: project(`${name}.linear_fc2`, [vision.outHiddenSize, merged]),
  });
  const patchEmbedding = takePatchKernel(take, vision, true);
  const positionTable = take.tensor(`${towerPath}.pos_embed.weight`, [vision.numPositionEmbeddings, d]) as Tensor2D;
  const blocks = Array.from({ length: depth }, (_, i) => ({
    ...takeBlock(take, i, { hiddenSize: d, heads }, norm),
    mlp: {
      kind: "gelu" as const,
      fc1: project(`${towerPath}.blocks.${i}.mlp.linear_fc1`, [wide, d]),
      fc2: project(`${towerPath}.blocks.${i}.mlp.linear_fc2`, [d, wide]),
    },
  }));
  const merger = patchMerger(`${towerPath}.merger`, d);
  const deepstack = vision.deepstackVisualIndexes.map((block, level) => ({
    block,
    merger: patchMerger(`${towerPath}.deepstack_merger_list.${level}`, merged),
  }));
  return new QwenTower(
    { patchSize, temporalPatchSize, mergeSize, ropeTheta },
    { patchEmbedding, positionTable, blocks, merger, deepstack },
  );
}

function build(config: Qwen3VlConfig, take: WeightTaker): VisionLanguageModel {
  const vision = takeTower(take, config.vision);
  const text = takeDecoder(take, config, { path: "model.language_model", headNorms: true });
  return { config, input: qwenInput(config), vision, text };
}

/** The family. */
export const qwen3Vl: ModelFamily<Qwen3VlConfig> = {
  name: "Qwen3-VL",
  modelTypes: ["qwen3_vl"],
  parseConfig: parseQwen3VlConfig,
  input: qwenInput,
  build,
  canonicalName: (name) => name,
};
