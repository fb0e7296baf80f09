// The configuration files of a SmolVLM / SmolVLM2 / Idefics3 checkpoint → one typed, checked config. Nothing is hard-coded per
// model: values come from config.json, preprocessor_config.json, processor_config.json and generation_config.json, missing keys
// get the defaults of transformers' SmolVLMConfig and LlamaConfig, and both spellings (rope_theta, rope_parameters) are read.
// What the forward pass does not implement is refused here, not computed wrongly later.
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

/** The SigLIP tower (vision_config). */
interface SmolVlmVisionConfig {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  readonly numChannels: number;
  readonly imageSize: number;
  readonly patchSize: number;
  readonly layerNormEps: number;
}

/** How a picture becomes frames (preprocessor_config.json). */
export interface SmolVlmImageConfig extends ColourScale {
  /** size.longest_edge: the longest edge after the first resize. */
  readonly longestEdge: number;
  /** max_image_size.longest_edge: side of a square frame. */
  readonly frameSize: number;
  readonly doImageSplitting: boolean;
  readonly resample: ResizeFilter;
}

/** A checked SmolVLM configuration. */
export interface SmolVlmConfig extends ModelConfig {
  readonly modelType: "smolvlm" | "idefics3";
  /** Pixel-shuffle factor of the connector. */
  readonly scaleFactor: number;
  /** Image tokens per frame: (imageSize / patchSize / scaleFactor)². */
  readonly imageSequenceLength: number;
  readonly vision: SmolVlmVisionConfig;
  readonly image: SmolVlmImageConfig;
}

const ropeSchema = v.looseObject({
  rope_theta: v.optional(positive),
  rope_type: v.nullish(v.literal("default", "asks for scaled positions, which are not supported"), "default"),
});

const textSchema = v.looseObject({
  model_type: v.optional(v.literal("llama"), "llama"),
  vocab_size: v.optional(count, 32_000),
  hidden_size: v.optional(count, 4096),
  intermediate_size: v.optional(count, 11_008),
  num_hidden_layers: v.optional(count, 32),
  num_attention_heads: v.optional(count, 32),
  num_key_value_heads: v.nullish(count),
  head_dim: v.nullish(count),
  hidden_act: v.optional(v.literal("silu"), "silu"),
  rms_norm_eps: v.optional(positive, 1e-6),
  rope_theta: v.nullish(positive),
  rope_scaling: v.nullish(ropeSchema),
  rope_parameters: v.nullish(ropeSchema),
  rope_interleaved: off,
  qk_layer_norms: off,
  max_position_embeddings: v.optional(count, 2048),
  attention_bias: off,
  mlp_bias: off,
  eos_token_id: v.nullish(ids),
});

const visionSchema = v.looseObject({
  hidden_size: v.optional(count, 1152),
  intermediate_size: v.optional(count, 3072),
  num_hidden_layers: v.optional(count, 12),
  num_attention_heads: v.optional(count, 16),
  num_channels: v.optional(v.literal(3), 3),
  image_size: v.optional(side, 224),
  patch_size: v.optional(side, 32),
  hidden_act: v.optional(v.literal("gelu_pytorch_tanh"), "gelu_pytorch_tanh"),
  layer_norm_eps: v.optional(positive, 1e-6),
});

const configSchema = v.looseObject({
  model_type: v.picklist(["smolvlm", "idefics3"]),
  image_token_id: v.optional(id, 128_257),
  scale_factor: v.optional(count, 2),
  tie_word_embeddings: v.optional(v.boolean(), false),
  text_config: v.optional(textSchema, { rms_norm_eps: 1e-5 }),
  vision_config: v.optional(visionSchema, {}),
});

const longestEdge = v.looseObject({ longest_edge: count });

// Defaults of Idefics3ImageProcessor.
const imageSchema = v.looseObject({
  do_resize: on,
  do_rescale: on,
  do_normalize: on,
  do_image_splitting: v.nullish(v.boolean(), true),
  size: v.optional(longestEdge, { longest_edge: 4 * 364 }),
  max_image_size: v.optional(longestEdge, { longest_edge: 364 }),
  resample: v.optional(resample, 1),
  rescale_factor: v.optional(positive, 1 / 255),
  image_mean: v.optional(colourMean, [0.5, 0.5, 0.5]),
  image_std: v.optional(colourStd, [0.5, 0.5, 0.5]),
});

const processorSchema = v.looseObject({ image_seq_len: v.optional(count) });

function readText(text: v.InferOutput<typeof textSchema>): TextConfig {
  const heads = text.num_attention_heads;
  const keyValueHeads = text.num_key_value_heads ?? heads;
  const headDim = text.head_dim ?? text.hidden_size / heads;
  requireHeads(heads, keyValueHeads, headDim);
  return {
    vocabSize: text.vocab_size,
    hiddenSize: text.hidden_size,
    intermediateSize: text.intermediate_size,
    numHiddenLayers: text.num_hidden_layers,
    numAttentionHeads: heads,
    numKeyValueHeads: keyValueHeads,
    headDim,
    rmsNormEps: text.rms_norm_eps,
    ropeTheta: text.rope_parameters?.rope_theta ?? text.rope_theta ?? 10_000,
    maxPositionEmbeddings: text.max_position_embeddings,
  };
}

function readVision(vision: v.InferOutput<typeof visionSchema>): SmolVlmVisionConfig {
  requireHeadSize("vision_config", vision.hidden_size / vision.num_attention_heads);
  requireThat(vision.image_size >= vision.patch_size, "vision_config: patch_size is larger than image_size");
  return {
    hiddenSize: vision.hidden_size,
    intermediateSize: vision.intermediate_size,
    numHiddenLayers: vision.num_hidden_layers,
    numAttentionHeads: vision.num_attention_heads,
    numChannels: vision.num_channels,
    imageSize: vision.image_size,
    patchSize: vision.patch_size,
    layerNormEps: vision.layer_norm_eps,
  };
}

function readImage(image: v.InferOutput<typeof imageSchema>): SmolVlmImageConfig {
  return {
    longestEdge: image.size.longest_edge,
    frameSize: image.max_image_size.longest_edge,
    doImageSplitting: image.do_image_splitting ?? true,
    resample: filterOf(image.resample),
    rescaleFactor: image.rescale_factor,
    imageMean: image.image_mean,
    imageStd: image.image_std,
  };
}

/** Reads and checks a checkpoint's configuration; throws ModelConfigError. */
export function parseSmolVlmConfig(files: ConfigFiles): SmolVlmConfig {
  const config = parseFile(configSchema, files.config, "config.json");
  const processor = parseFile(processorSchema, files.processorConfig ?? {}, "processor_config.json");
  const image = readImage(parseFile(imageSchema, imageProcessorFile(files), "preprocessor_config.json"));
  const vision = readVision(config.vision_config);
  const text = readText(config.text_config);
  const tokensPerSide = Math.floor(vision.imageSize / vision.patchSize) / config.scale_factor;
  requireThat(Number.isInteger(tokensPerSide), "the patches per side are no multiple of scale_factor");
  const imageSequenceLength = tokensPerSide ** 2;
  requireThat(
    processor.image_seq_len === undefined || processor.image_seq_len === imageSequenceLength,
    `processor_config.json: image_seq_len ${processor.image_seq_len} does not fit the vision tower (${imageSequenceLength})`,
  );
  requireThat(
    image.frameSize === vision.imageSize,
    `frames of ${image.frameSize} pixels do not fit a tower for ${vision.imageSize} pixels`,
  );
  requireThat(image.longestEdge <= 4096, "preprocessor_config.json: size.longest_edge is larger than 4096");
  requireThat(config.image_token_id < text.vocabSize, "config.json: image_token_id is outside the vocabulary");
  return {
    modelType: config.model_type,
    imageTokenId: config.image_token_id,
    scaleFactor: config.scale_factor,
    tieWordEmbeddings: config.tie_word_embeddings,
    imageSequenceLength,
    eosTokenIds: generationEosIds(files) ?? config.text_config.eos_token_id ?? [],
    vision,
    text,
    image,
  };
}
