// What the configurations of Qwen2.5-VL and Qwen3-VL share: the decoder's keys at the root of config.json (as on the hub) or in
// text_config (as transformers 5 saves them), both spellings of the rotary settings, and the image processor, which is the same
// class. Defaults of missing keys are those of transformers 5.18 and come from the family.

import * as v from "valibot";
import type { ResizeFilter } from "@/image/resize";
import {
  colourMean,
  colourStd,
  count,
  filterOf,
  generationEosIds,
  id,
  ids,
  imageProcessorFile,
  off,
  on,
  parseFile,
  positive,
  requireHeadSize,
  requireHeads,
  requireThat,
  resample,
  side,
} from "@/models/configSchemas";
import type { ConfigFiles, ModelConfig, TextConfig } from "@/models/family";
import type { ColourScale } from "@/models/normalizedBytes";

/** How a picture becomes patches (preprocessor_config.json). */
export interface QwenImageConfig extends ColourScale {
  /** Bounds on the pixels of a resized picture; size.shortest_edge and size.longest_edge mean the same. */
  readonly minPixels: number;
  readonly maxPixels: number;
  readonly patchSize: number;
  /** merge_size: patches per side of an image token. */
  readonly mergeSize: number;
  /** Times a still picture is repeated in every patch. */
  readonly temporalPatchSize: number;
  readonly resample: ResizeFilter;
}

/** The keys of vision_config that both towers have. */
export interface QwenVisionConfig {
  readonly depth: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numHeads: number;
  /** Width of an image feature: the decoder's hidden size. */
  readonly outHiddenSize: number;
  readonly patchSize: number;
  readonly spatialMergeSize: number;
  readonly temporalPatchSize: number;
  /** Base of the tower's own two-dimensional rotary positions. */
  readonly ropeTheta: number;
}

/** A decoder with three position axes. */
interface QwenTextConfig extends TextConfig {
  readonly ropeAxes: readonly number[];
}

/** A checked configuration of either family. */
export interface QwenConfig extends ModelConfig {
  readonly text: QwenTextConfig;
  readonly vision: QwenVisionConfig;
  readonly image: QwenImageConfig;
}

/** What differs between the families' decoders in config.json. */
export interface QwenTextDefaults {
  readonly modelTypes: readonly string[];
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  readonly numKeyValueHeads: number;
  /** Absent where the head size is always hidden / heads. */
  readonly headDim?: number;
  readonly rmsNormEps: number;
  readonly ropeTheta: number;
  readonly maxPositionEmbeddings: number;
  readonly eosTokenIds: readonly number[];
  readonly mropeSection: readonly number[];
  readonly mropeInterleaved: boolean;
}

const plainRope = v.nullish(v.picklist(["default", "mrope"], "asks for scaled positions, which are not supported"));

const ropeSchema = v.looseObject({
  rope_theta: v.nullish(positive),
  rope_type: plainRope,
  type: plainRope,
  mrope_section: v.nullish(v.pipe(v.array(id), v.length(3))),
  mrope_interleaved: v.nullish(v.boolean()),
});

const textSchema = (defaults: QwenTextDefaults) =>
  v.looseObject({
    model_type: v.optional(v.picklist(defaults.modelTypes, "names a decoder that is not supported")),
    vocab_size: v.optional(count, defaults.vocabSize),
    hidden_size: v.optional(count, defaults.hiddenSize),
    intermediate_size: v.optional(count, defaults.intermediateSize),
    num_hidden_layers: v.optional(count, defaults.numHiddenLayers),
    num_attention_heads: v.optional(count, defaults.numAttentionHeads),
    num_key_value_heads: v.optional(v.nullable(count), defaults.numKeyValueHeads),
    head_dim: v.nullish(count),
    hidden_act: v.optional(v.literal("silu", "names an activation that is not supported"), "silu"),
    rms_norm_eps: v.optional(positive, defaults.rmsNormEps),
    rope_theta: v.nullish(positive),
    rope_scaling: v.nullish(ropeSchema),
    rope_parameters: v.nullish(ropeSchema),
    max_position_embeddings: v.optional(count, defaults.maxPositionEmbeddings),
    attention_bias: off,
    use_sliding_window: off,
    layer_types: v.nullish(v.array(v.literal("full_attention", "names sliding windows, which are not supported"))),
    num_experts: v.nullish(v.literal(0, "asks for a mixture of experts, which is not supported")),
    tie_word_embeddings: v.nullish(v.boolean()),
    eos_token_id: v.nullish(ids),
  });

const rootSchema = v.looseObject({ text_config: v.nullish(v.looseObject({})) });

/** The decoder's part of a configuration. */
export interface QwenTextPart {
  readonly text: QwenTextConfig;
  readonly eosTokenIds: readonly number[];
  /** tie_word_embeddings beside the decoder's keys, where that is. */
  readonly tieWordEmbeddings: boolean | undefined;
}

/**
 * Reads the decoder's keys; throws ModelConfigError.
 * @param axesOf mrope_section and the number of frequencies → the axis of each frequency.
 */
export function readQwenText(
  files: ConfigFiles,
  defaults: QwenTextDefaults,
  axesOf: (section: readonly number[], frequencies: number) => readonly number[],
): QwenTextPart {
  const nested = parseFile(rootSchema, files.config, "config.json").text_config;
  const text = parseFile(textSchema(defaults), nested ?? files.config, nested ? "config.json, text_config" : "config.json");
  const rope = text.rope_scaling ?? text.rope_parameters ?? {};
  const heads = text.num_attention_heads;
  const keyValueHeads = text.num_key_value_heads ?? heads;
  const headDim = (defaults.headDim === undefined ? undefined : (text.head_dim ?? defaults.headDim)) ?? text.hidden_size / heads;
  requireHeads(heads, keyValueHeads, headDim);
  requireThat(
    defaults.headDim !== undefined || (text.head_dim ?? headDim) === headDim,
    "config.json: head_dim is not hidden_size / num_attention_heads",
  );
  requireThat(
    (rope.mrope_interleaved ?? defaults.mropeInterleaved) === defaults.mropeInterleaved,
    "config.json: mrope_interleaved asks for an order of positions that this model does not have",
  );
  const section = rope.mrope_section ?? defaults.mropeSection;
  requireThat(
    defaults.mropeInterleaved || section.reduce((sum, size) => sum + size, 0) === headDim / 2,
    `config.json: the sizes of mrope_section do not sum to half the head size (${headDim / 2})`,
  );
  return {
    text: {
      vocabSize: text.vocab_size,
      hiddenSize: text.hidden_size,
      intermediateSize: text.intermediate_size,
      numHiddenLayers: text.num_hidden_layers,
      numAttentionHeads: heads,
      numKeyValueHeads: keyValueHeads,
      headDim,
      rmsNormEps: text.rms_norm_eps,
      ropeTheta: rope.rope_theta ?? text.rope_theta ?? defaults.ropeTheta,
      maxPositionEmbeddings: text.max_position_embeddings,
      ropeAxes: axesOf(section, headDim / 2),
    },
    eosTokenIds: generationEosIds(files) ?? text.eos_token_id ?? defaults.eosTokenIds,
    tieWordEmbeddings: text.tie_word_embeddings ?? undefined,
  };
}

const visionRope = v.looseObject({
  rope_theta: v.nullish(positive),
  rope_type: v.nullish(v.picklist(["axial", "default"], "asks for scaled positions, which are not supported")),
});

/** Schema entries of the keys that both towers have; the old name of in_channels is in_chans. */
export function visionEntries(defaults: Omit<QwenVisionConfig, "ropeTheta" | "spatialMergeSize" | "temporalPatchSize">) {
  return {
    depth: v.optional(count, defaults.depth),
    hidden_size: v.optional(count, defaults.hiddenSize),
    intermediate_size: v.optional(count, defaults.intermediateSize),
    num_heads: v.optional(count, defaults.numHeads),
    in_channels: v.nullish(v.literal(3, "is not 3")),
    in_chans: v.nullish(v.literal(3, "is not 3")),
    out_hidden_size: v.optional(count, defaults.outHiddenSize),
    patch_size: v.optional(side, defaults.patchSize),
    spatial_merge_size: v.optional(count, 2),
    temporal_patch_size: v.optional(side, 2),
    rope_parameters: v.nullish(visionRope),
  };
}

type VisionKeys = v.InferOutput<v.ObjectSchema<ReturnType<typeof visionEntries>, undefined>>;

/** Checks what both towers need and names it as this program does; throws ModelConfigError. */
export function readQwenVision(vision: VisionKeys, text: TextConfig): QwenVisionConfig {
  requireHeadSize("vision_config", vision.hidden_size / vision.num_heads);
  requireThat(
    vision.out_hidden_size === text.hiddenSize,
    `vision_config: features of out_hidden_size ${vision.out_hidden_size} do not fit a decoder of ${text.hiddenSize}`,
  );
  return {
    depth: vision.depth,
    hiddenSize: vision.hidden_size,
    intermediateSize: vision.intermediate_size,
    numHeads: vision.num_heads,
    outHiddenSize: vision.out_hidden_size,
    patchSize: vision.patch_size,
    spatialMergeSize: vision.spatial_merge_size,
    temporalPatchSize: vision.temporal_patch_size,
    ropeTheta: vision.rope_parameters?.rope_theta ?? 10_000,
  };
}

// Defaults of Qwen2VLImageProcessor, which both families name.
const imageSchema = v.looseObject({
  do_resize: on,
  do_rescale: on,
  do_normalize: on,
  size: v.nullish(v.looseObject({ shortest_edge: v.nullish(count), longest_edge: v.nullish(count) })),
  min_pixels: v.nullish(count),
  max_pixels: v.nullish(count),
  patch_size: v.nullish(count, 14),
  merge_size: v.nullish(count, 2),
  temporal_patch_size: v.nullish(count, 2),
  resample: v.nullish(resample, 3),
  rescale_factor: v.nullish(positive, 1 / 255),
  image_mean: v.nullish(colourMean, [0.48145466, 0.4578275, 0.40821073]),
  image_std: v.nullish(colourStd, [0.26862954, 0.26130258, 0.27577711]),
});

/** Reads the image processor and checks that its patches are the tower's; throws ModelConfigError. */
export function readQwenImage(files: ConfigFiles, vision: QwenVisionConfig): QwenImageConfig {
  const image = parseFile(imageSchema, imageProcessorFile(files), "preprocessor_config.json");
  const fits = (key: string, own: number, tower: number) =>
    requireThat(own === tower, `preprocessor_config.json: ${key} ${own} does not fit the vision tower (${tower})`);
  fits("patch_size", image.patch_size, vision.patchSize);
  fits("merge_size", image.merge_size, vision.spatialMergeSize);
  fits("temporal_patch_size", image.temporal_patch_size, vision.temporalPatchSize);
  const minPixels = image.min_pixels ?? image.size?.shortest_edge ?? 56 * 56;
  const maxPixels = image.max_pixels ?? image.size?.longest_edge ?? 28 * 28 * 1280;
  requireThat(minPixels <= maxPixels, "preprocessor_config.json: the least number of pixels is larger than the largest");
  return {
    minPixels,
    maxPixels,
    patchSize: image.patch_size,
    mergeSize: image.merge_size,
    temporalPatchSize: image.temporal_patch_size,
    resample: filterOf(image.resample),
    rescaleFactor: image.rescale_factor,
    imageMean: image.image_mean,
    imageStd: image.image_std,
  };
}
