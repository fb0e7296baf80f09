// The configuration files of a dense Qwen3-VL checkpoint → one typed, checked config (transformers' Qwen3VLConfig). Video
// settings are not read; the mixture-of-experts siblings (qwen3_vl_moe) and what the forward pass does not implement are
// refused here.

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
import { interleavedAxes } from "@/models/qwen/ropeAxes";

/** The tower with learned positions and side outputs (vision_config). */
export interface Qwen3VlVisionConfig extends QwenVisionConfig {
  readonly hiddenAct: "gelu_pytorch_tanh";
  /** Entries of the square table of learned positions. */
  readonly numPositionEmbeddings: number;
  /** Blocks, ascending, whose output is added to the decoder's first blocks, one each (DeepStack). */
  readonly deepstackVisualIndexes: readonly number[];
}

/** A checked Qwen3-VL configuration. */
export interface Qwen3VlConfig extends QwenConfig {
  readonly modelType: "qwen3_vl";
  readonly vision: Qwen3VlVisionConfig;
}

const textDefaults: QwenTextDefaults = {
  modelTypes: ["qwen3_vl", "qwen3_vl_text"],
  vocabSize: 151_936,
  hiddenSize: 4096,
  intermediateSize: 22_016,
  numHiddenLayers: 32,
  numAttentionHeads: 32,
  numKeyValueHeads: 32,
  headDim: 128,
  rmsNormEps: 1e-6,
  ropeTheta: 500_000,
  maxPositionEmbeddings: 128_000,
  eosTokenIds: [],
  mropeSection: [24, 20, 20],
  mropeInterleaved: true,
};

const hiddenAct = "gelu_pytorch_tanh";

const visionSchema = v.looseObject({
  ...visionEntries({
    depth: 27,
    hiddenSize: 1152,
    intermediateSize: 4304,
    numHeads: 16,
    outHiddenSize: 3584,
    patchSize: 16,
  }),
  hidden_act: v.optional(v.literal(hiddenAct, "names an activation that is not supported"), hiddenAct),
  num_position_embeddings: v.optional(count, 2304),
  deepstack_visual_indexes: v.optional(v.array(id), [8, 16, 24]),
});

const configSchema = v.looseObject({
  model_type: v.literal("qwen3_vl", "is not qwen3_vl"),
  image_token_id: v.optional(id, 151_655),
  tie_word_embeddings: v.nullish(v.boolean()),
  vision_config: v.nullish(visionSchema, {}),
});

/** Reads and checks a checkpoint's configuration; throws ModelConfigError. */
export function parseQwen3VlConfig(files: ConfigFiles): Qwen3VlConfig {
  const config = parseFile(configSchema, files.config, "config.json");
  const { text, eosTokenIds, tieWordEmbeddings } = readQwenText(files, textDefaults, interleavedAxes);
  const keys = config.vision_config;
  const vision = readQwenVision(keys, text);
  const taps = keys.deepstack_visual_indexes;
  requireThat(
    Number.isInteger(Math.sqrt(keys.num_position_embeddings)),
    "vision_config: num_position_embeddings is not a square number",
  );
  requireThat(
    taps.every((index, j) => index < vision.depth && index > (taps[j - 1] ?? -1)),
    "vision_config: deepstack_visual_indexes are not ascending blocks of the tower",
  );
  requireThat(
    taps.length <= text.numHiddenLayers,
    "vision_config: deepstack_visual_indexes are more than the decoder has blocks",
  );
  requireThat(config.image_token_id < text.vocabSize, "config.json: image_token_id is outside the vocabulary");
  return {
    modelType: "qwen3_vl",
    imageTokenId: config.image_token_id,
    tieWordEmbeddings: config.tie_word_embeddings ?? tieWordEmbeddings ?? false,
    eosTokenIds,
    text,
    vision: {
      ...vision,
      hiddenAct: keys.hidden_act,
      numPositionEmbeddings: keys.num_position_embeddings,
      deepstackVisualIndexes: taps,
    },
    image: readQwenImage(files, vision),
  };
}
