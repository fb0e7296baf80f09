import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ModelConfigError } from "@/models/configSchemas";
import { parseSmolVlmConfig } from "./config";

const json = (name: string) => JSON.parse(readFileSync(`fixtures/smolvlm/${name}`, "utf8"));
const files = {
  config: json("config.json"),
  preprocessorConfig: json("preprocessor_config.json"),
  processorConfig: json("processor_config.json"),
  generationConfig: json("generation_config.json"),
};
// biome-ignore lint/suspicious/noExplicitAny: tests break a parsed JSON file in many ways
const withConfig = (change: (config: any) => void, base = files) => {
  const copy = structuredClone(base);
  change(copy.config);
  return () => parseSmolVlmConfig(copy);
};

describe("parseSmolVlmConfig", () => {
  it("reads a checkpoint's files", () => {
    expect(parseSmolVlmConfig(files)).toEqual({
      modelType: "smolvlm",
      imageTokenId: 286,
      scaleFactor: 2,
      tieWordEmbeddings: false,
      imageSequenceLength: 4,
      eosTokenIds: [287],
      vision: {
        hiddenSize: 32,
        intermediateSize: 64,
        numHiddenLayers: 2,
        numAttentionHeads: 2,
        numChannels: 3,
        imageSize: 64,
        patchSize: 16,
        layerNormEps: 1e-6,
      },
      text: {
        vocabSize: 288,
        hiddenSize: 48,
        intermediateSize: 96,
        numHiddenLayers: 3,
        numAttentionHeads: 6,
        numKeyValueHeads: 2,
        headDim: 8,
        rmsNormEps: 1e-5,
        ropeTheta: 100_000,
        maxPositionEmbeddings: 1024,
      },
      image: {
        longestEdge: 128,
        frameSize: 64,
        doImageSplitting: true,
        resample: "lanczos",
        rescaleFactor: 1 / 255,
        imageMean: [0.5, 0.5, 0.5],
        imageStd: [0.5, 0.5, 0.5],
      },
    });
  });

  it("reads the older spelling and fills missing keys with the library's defaults", () => {
    const config = withConfig((c) => {
      c.model_type = "idefics3";
      delete c.text_config.rope_parameters;
      delete c.text_config.head_dim;
      delete c.text_config.num_key_value_heads;
      delete c.vision_config.layer_norm_eps;
      delete c.vision_config.num_hidden_layers;
      delete c.vision_config.intermediate_size;
      c.text_config.rope_theta = 273768;
    })();
    expect(config).toMatchObject({
      modelType: "idefics3",
      vision: { layerNormEps: 1e-6, numHiddenLayers: 12, intermediateSize: 3072 },
    });
    expect(config.text).toMatchObject({ ropeTheta: 273768, headDim: 8, numKeyValueHeads: 6 });
  });

  it("finds the image processor nested in processor_config.json, and every end token", () => {
    const { config, preprocessorConfig } = files;
    const processorConfig = { image_seq_len: 4, image_processor: preprocessorConfig };
    const parsed = parseSmolVlmConfig({ config, processorConfig, generationConfig: { eos_token_id: [287, 2] } });
    expect(parsed.image.longestEdge).toBe(128);
    expect(parsed.eosTokenIds).toEqual([287, 2]);
    expect(parseSmolVlmConfig({ config, processorConfig }).eosTokenIds).toEqual([287]);
  });

  // biome-ignore lint/suspicious/noExplicitAny: as above
  it.each<[string, (config: any) => void, RegExp]>([
    ["another architecture", (c) => (c.model_type = "llava"), /model_type/],
    ["biases it does not compute", (c) => (c.text_config.attention_bias = true), /attention_bias is switched on/],
    ["scaled positions", (c) => (c.text_config.rope_parameters.rope_type = "yarn"), /scaled positions/],
    ["another activation", (c) => (c.vision_config.hidden_act = "relu"), /hidden_act/],
    ["heads that do not divide", (c) => (c.text_config.num_key_value_heads = 4), /no multiple of num_key_value_heads/],
    [
      "tower heads of a size without a kernel",
      (c) => (c.vision_config.num_attention_heads = 8),
      /vision_config: .* of size 4 are/,
    ],
    [
      "text heads of a size without a kernel",
      (c) => (c.text_config.head_dim = 144),
      /text_config: .* only multiples of 8 up to 128/,
    ],
    ["a pixel shuffle that does not divide", (c) => (c.scale_factor = 3), /scale_factor/],
    ["a tower of another size", (c) => (c.vision_config.image_size = 128), /image_seq_len|frames of/],
    ["an image token outside the vocabulary", (c) => (c.image_token_id = 999), /image_token_id/],
    ["a negative size", (c) => (c.text_config.hidden_size = -4), /hidden_size/],
    ["text as a number", (c) => (c.text_config.num_hidden_layers = "3"), /num_hidden_layers/],
  ])("refuses %s with a sentence", (_, change, message) => {
    expect(withConfig(change)).toThrow(ModelConfigError);
    expect(withConfig(change)).toThrow(message);
  });

  it("refuses missing files", () => {
    expect(() => parseSmolVlmConfig({ config: undefined })).toThrow(ModelConfigError);
    expect(() => parseSmolVlmConfig({ config: files.config })).toThrow(/no preprocessor_config/);
  });
});
