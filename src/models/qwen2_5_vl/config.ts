// The configuration files of a Qwen2.5-VL checkpoint → one typed, checked config (transformers' Qwen2_5_VLConfig, flat as on the
// hub or with text_config). Video settings are not read. What the forward pass does not implement is refused here.

import * as v from "valibot";
import { count, id, parseFile, requireThat } from "@/models/configSchemas";
import type { ConfigFiles } from "@/models/family";
import {
  type QwenConfig,
  type QwenTextDefaults,
  type QwenVisionConfig,
  readQwenImage,
  readQwenText,
  readQwenVision,
  visionEntries,
} from "@/models/qwen/config";
import { sectionedAxes } from "@/models/qwen/ropeAxes";

/** The window-attention tower (vision_config); gated SiLU feed-forward, RMS norms. */
export interface Qwen2_5VlVisionConfig extends QwenVisionConfig {
  /** Side in pixels of the windows that most blocks attend in. */
  readonly windowSize: number;
  /** Blocks that attend over the whole picture. */
  readonly fullattBlockIndexes: readonly number[];
}

/** A checked Qwen2.5-VL configuration. */
export interface Qwen2_5VlConfig extends QwenConfig {
  readonly modelType: "qwen2_5_vl";
  readonly vision: Qwen2_5VlVisionConfig;
}

const textDefaults: QwenTextDefaults = {
  modelTypes: ["qwen2_5_vl", "qwen2_5_vl_text"],
  vocabSize: 152_064,
  hiddenSize: 8192,
  intermediateSize: 29_568,
  numHiddenLayers: 80,
  numAttentionHeads: 64,
  numKeyValueHeads: 8,
  rmsNormEps: 1e-5,
  ropeTheta: 1_000_000,
  maxPositionEmbeddings: 32_768,
  eosTokenIds: [151_645],
  mropeSection: [16, 24, 24],
  mropeInterleaved: false,
};

const visionSchema = v.looseObject({
  ...visionEntries({
    depth: 32,
    hiddenSize: 3584,
    intermediateSize: 3420,
    numHeads: 16,
    outHiddenSize: 3584,
    patchSize: 14,
  }),
  hidden_act: v.optional(v.literal("silu", "names an activation that is not supported"), "silu"),
  window_size: v.optional(count, 112),
  fullatt_block_indexes: v.optional(v.array(id), [7, 15, 23, 31]),
});

const configSchema = v.looseObject({
  model_type: v.literal("qwen2_5_vl", "is not qwen2_5_vl"),
  image_token_id: v.optional(id, 151_655),
  tie_word_embeddings: v.nullish(v.boolean(), false),
  vision_config: v.nullish(visionSchema, {}),
});

/** Reads and checks a checkpoint's configuration; throws ModelConfigError. */
export function parseQwen2_5VlConfig(files: ConfigFiles): Qwen2_5VlConfig {
  const config = parseFile(configSchema, files.config, "config.json");
  const { text, eosTokenIds, tieWordEmbeddings } = readQwenText(files, textDefaults, sectionedAxes);
  const keys = config.vision_config;
  const vision = readQwenVision(keys, text);
  requireThat(
    keys.window_size % (vision.patchSize * vision.spatialMergeSize) === 0,
    "vision_config: window_size is no multiple of the pixels of an image token",
  );
  requireThat(
    keys.fullatt_block_indexes.every((index) => index < vision.depth),
    "vision_config: fullatt_block_indexes names a block that is not there",
  );
  requireThat(config.image_token_id < text.vocabSize, "config.json: image_token_id is outside the vocabulary");
  return {
    modelType: "qwen2_5_vl",
    imageTokenId: config.image_token_id,
    // Before transformers 5 the switch stood in text_config; there, as here, one of the two is enough.
    tieWordEmbeddings: config.tie_word_embeddings || (tieWordEmbeddings ?? false),
    eosTokenIds,
    text,
    vision: { ...vision, windowSize: keys.window_size, fullattBlockIndexes: keys.fullatt_block_indexes },
    image: readQwenImage(files, vision),
  };
}
