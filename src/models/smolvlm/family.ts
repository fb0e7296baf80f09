// SmolVLM, SmolVLM2 and Idefics3 as one family: two model types with the same mathematics. Tensor names: transformers'
// SmolVLMForConditionalGeneration.

import type { Tensor2D } from "@tensorflow/tfjs-core";
import type { ModelFamily, ModelInput, PixelLimits, VisionLanguageModel } from "../family";
import { takeDecoder, takeLayerNorm, takeLinear } from "../takeLayers";
import type { WeightTaker } from "../weights";
import { parseSmolVlmConfig, type SmolVlmConfig, type SmolVlmImageConfig } from "./config";
import { processImage, seenImage } from "./imageProcessor";
import { smolVlmPrompt } from "./prompt";
import { SmolVlmTower } from "./tower";

const tower = "model.vision_model";

/** Fewer pixels are fewer tiles: the longest edge becomes the largest whole number of frames within √maxPixels. */
function limited(image: SmolVlmImageConfig, { maxPixels }: PixelLimits = {}): SmolVlmImageConfig {
  if (maxPixels === undefined) return image;
  const frames = Math.max(1, Math.floor(Math.sqrt(maxPixels) / image.frameSize));
  return { ...image, longestEdge: Math.min(image.longestEdge, frames * image.frameSize) };
}

/** Pictures and messages for SmolVLM. */
function smolVlmInput(config: SmolVlmConfig): ModelInput {
  return {
    fixedSide: config.image.doImageSplitting ? undefined : config.image.frameSize,
    see: (image, limits) => seenImage(image, limited(config.image, limits)),
    process(image, limits) {
      const { pixelValues, frames, rows, columns } = processImage(image, limited(config.image, limits));
      const patchesPerFrame = (config.vision.imageSize / config.vision.patchSize) ** 2;
      const featureCount = frames * config.imageSequenceLength;
      return { pixelValues, patchCount: frames * patchesPerFrame, featureCount, rows, columns };
    },
    prompt: (tokenizer, chatTemplate, messages, images) => smolVlmPrompt({ tokenizer, chatTemplate, messages }, images, config),
    positions: (ids) => ({ positions: Int32Array.from(ids.keys()), axes: 1, next: ids.length }),
  };
}

function build(config: SmolVlmConfig, take: WeightTaker): VisionLanguageModel {
  const { vision, text, scaleFactor } = config;
  const [d, wide] = [vision.hiddenSize, vision.intermediateSize];
  const side = vision.imageSize / vision.patchSize;
  const patch = `${tower}.embeddings.patch_embedding`;
  const patchEmbedding = {
    name: patch,
    weight: take.matrix({
      name: `${patch}.weight`,
      rows: d,
      columns: vision.numChannels * vision.patchSize ** 2,
      part: "vision" as const,
      exact: true,
      storedShape: [d, vision.numChannels, vision.patchSize, vision.patchSize],
    }),
    bias: take.tensor(`${patch}.bias`, [d]),
  };
  const positionEmbedding = take.tensor(`${tower}.embeddings.position_embedding.weight`, [side * side, d]) as Tensor2D;
  const heads = { query: vision.numAttentionHeads, keyValue: vision.numAttentionHeads, dim: d / vision.numAttentionHeads };
  const layers = Array.from({ length: vision.numHiddenLayers }, (_, i) => {
    const p = `${tower}.encoder.layers.${i}`;
    const project = (name: string, shape: readonly [number, number]) => takeLinear(take, `${p}.${name}`, shape, "vision", true);
    return {
      heads,
      epsilon: vision.layerNormEps,
      norm1: takeLayerNorm(take, `${p}.layer_norm1`, d),
      norm2: takeLayerNorm(take, `${p}.layer_norm2`, d),
      q: project("self_attn.q_proj", [d, d]),
      k: project("self_attn.k_proj", [d, d]),
      v: project("self_attn.v_proj", [d, d]),
      out: project("self_attn.out_proj", [d, d]),
      fc1: project("mlp.fc1", [wide, d]),
      fc2: project("mlp.fc2", [d, wide]),
    };
  });
  const postLayerNorm = takeLayerNorm(take, `${tower}.post_layernorm`, d);
  const connectorPath = "model.connector.modality_projection.proj";
  const connector = takeLinear(take, connectorPath, [text.hiddenSize, d * scaleFactor ** 2], "vision", false);
  return {
    config,
    input: smolVlmInput(config),
    vision: new SmolVlmTower(config, { patchEmbedding, positionEmbedding, layers, postLayerNorm, connector }),
    text: takeDecoder(take, config, { path: "model.text_model" }),
  };
}

/** The family. */
export const smolVlm: ModelFamily<SmolVlmConfig> = {
  name: "SmolVLM",
  modelTypes: ["smolvlm", "idefics3"],
  parseConfig: parseSmolVlmConfig,
  input: smolVlmInput,
  build,
  canonicalName: (name) => name,
};
