import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ModelConfigError } from "@/models/configSchemas";
import { parseQwen2_5VlConfig } from "./config";

const filesOf = (folder: string) => {
  const json = (name: string) => JSON.parse(readFileSync(`fixtures/${folder}/${name}`, "utf8"));
  return {
    config: json("config.json"),
    preprocessorConfig: json("preprocessor_config.json"),
    generationConfig: json("generation_config.json"),
  };
};
const files = filesOf("qwen2_5_vl-tied");
// biome-ignore lint/suspicious/noExplicitAny: tests break parsed JSON files in many ways
const parsed = (change: (config: any, image: any) => void) => () => {
  const copy = structuredClone(files);
  change(copy.config, copy.preprocessorConfig);
  return parseQwen2_5VlConfig(copy);
};

describe("parseQwen2_5VlConfig", () => {
  it("reads a checkpoint's files", () => {
    expect(parseQwen2_5VlConfig(files)).toEqual({
      modelType: "qwen2_5_vl",
      imageTokenId: 271,
      tieWordEmbeddings: true,
      eosTokenIds: [267],
      text: {
        vocabSize: 288,
        hiddenSize: 48,
        intermediateSize: 96,
        numHiddenLayers: 3,
        numAttentionHeads: 3,
        numKeyValueHeads: 1,
        headDim: 16,
        rmsNormEps: 1e-6,
        ropeTheta: 1_000_000,
        maxPositionEmbeddings: 1024,
        ropeAxes: [0, 0, 1, 1, 1, 2, 2, 2],
      },
      vision: {
        depth: 4,
        hiddenSize: 32,
        intermediateSize: 48,
        numHeads: 2,
        outHiddenSize: 48,
        patchSize: 14,
        spatialMergeSize: 2,
        temporalPatchSize: 2,
        ropeTheta: 10_000,
        windowSize: 56,
        fullattBlockIndexes: [1, 3],
      },
      image: {
        minPixels: 3136,
        maxPixels: 50_176,
        patchSize: 14,
        mergeSize: 2,
        temporalPatchSize: 2,
        resample: "bicubic",
        rescaleFactor: 1 / 255,
        imageMean: [0.48145466, 0.4578275, 0.40821073],
        imageStd: [0.26862954, 0.26130258, 0.27577711],
      },
    });
    expect(parseQwen2_5VlConfig(filesOf("qwen2_5_vl-untied")).tieWordEmbeddings).toBe(false);
  });

  it("reads the flat spelling of the hub (the released 3B model)", () => {
    const config = {
      model_type: "qwen2_5_vl",
      hidden_size: 2048,
      intermediate_size: 11_008,
      num_hidden_layers: 36,
      num_attention_heads: 16,
      num_key_value_heads: 2,
      hidden_act: "silu",
      rms_norm_eps: 1e-6,
      rope_theta: 1_000_000.0,
      rope_scaling: { type: "mrope", mrope_section: [16, 24, 24] },
      max_position_embeddings: 128_000,
      use_sliding_window: false,
      sliding_window: 32_768,
      max_window_layers: 70,
      tie_word_embeddings: true,
      vocab_size: 151_936,
      eos_token_id: 151_645,
      image_token_id: 151_655,
      vision_config: {
        depth: 32,
        hidden_act: "silu",
        hidden_size: 1280,
        intermediate_size: 3420,
        num_heads: 16,
        in_chans: 3,
        out_hidden_size: 2048,
        patch_size: 14,
        spatial_merge_size: 2,
        spatial_patch_size: 14,
        window_size: 112,
        fullatt_block_indexes: [7, 15, 23, 31],
        tokens_per_second: 2,
        temporal_patch_size: 2,
      },
    };
    const preprocessorConfig = {
      min_pixels: 3136,
      max_pixels: 12_845_056,
      patch_size: 14,
      temporal_patch_size: 2,
      merge_size: 2,
    };
    const model = parseQwen2_5VlConfig({ config, preprocessorConfig });
    expect(model).toMatchObject({
      tieWordEmbeddings: true,
      imageTokenId: 151_655,
      eosTokenIds: [151_645],
      text: { vocabSize: 151_936, headDim: 128, ropeTheta: 1e6, numKeyValueHeads: 2, maxPositionEmbeddings: 128_000 },
      vision: { hiddenSize: 1280, windowSize: 112, outHiddenSize: 2048 },
      image: { minPixels: 3136, maxPixels: 12_845_056, imageMean: [0.48145466, 0.4578275, 0.40821073] },
    });
    const { ropeAxes } = model.text;
    expect([0, 15, 16, 39, 40, 63].map((j) => ropeAxes[j])).toEqual([0, 0, 1, 1, 2, 2]);
    const generationConfig = { eos_token_id: [151_645, 151_643] };
    expect(parseQwen2_5VlConfig({ config, preprocessorConfig, generationConfig }).eosTokenIds).toEqual([151_645, 151_643]);
  });

  it("fills missing keys as Qwen2_5_VLConfig does", () => {
    // The library's own default, 16 heads of 224, is no tower that exists.
    const config = { model_type: "qwen2_5_vl", vision_config: { out_hidden_size: 8192, num_heads: 28 } };
    expect(parseQwen2_5VlConfig({ config, preprocessorConfig: {} })).toMatchObject({
      tieWordEmbeddings: false,
      eosTokenIds: [151_645],
      imageTokenId: 151_655,
      text: {
        vocabSize: 152_064,
        hiddenSize: 8192,
        intermediateSize: 29_568,
        numHiddenLayers: 80,
        numAttentionHeads: 64,
        numKeyValueHeads: 8,
        headDim: 128,
        rmsNormEps: 1e-5,
        ropeTheta: 1e6,
        maxPositionEmbeddings: 32_768,
      },
      vision: { depth: 32, hiddenSize: 3584, intermediateSize: 3420, fullattBlockIndexes: [7, 15, 23, 31] },
      image: { minPixels: 3136, maxPixels: 1_003_520, resample: "bicubic" },
    });
  });

  it("takes pixel bounds from either spelling and the processor from either file", () => {
    const { config, preprocessorConfig } = files;
    const { min_pixels: _, max_pixels: __, ...sized } = preprocessorConfig;
    const nested = parseQwen2_5VlConfig({ config, processorConfig: { image_processor: sized } });
    expect(nested.image).toEqual(parseQwen2_5VlConfig(files).image);
    expect(parsed((_, image) => Object.assign(image, { min_pixels: 4000 }))().image.minPixels).toBe(4000);
  });

  it("knows the words of tied weights in both places", () => {
    expect(parsed((c) => (c.tie_word_embeddings = false))().tieWordEmbeddings).toBe(true);
    expect(parsed((c) => delete c.tie_word_embeddings)().tieWordEmbeddings).toBe(true);
    expect(
      parsed((c) => {
        delete c.tie_word_embeddings;
        delete c.text_config.tie_word_embeddings;
      })().tieWordEmbeddings,
    ).toBe(false);
  });

  // biome-ignore lint/suspicious/noExplicitAny: as above
  it.each<[string, (config: any, image: any) => void, RegExp]>([
    ["another architecture", (c) => (c.model_type = "qwen2_vl"), /model_type is not qwen2_5_vl/],
    ["sliding windows", (c) => (c.text_config.use_sliding_window = true), /use_sliding_window is switched on/],
    ["sliding layers", (c) => (c.text_config.layer_types[1] = "sliding_attention"), /layer_types.1 names sliding windows/],
    ["scaled positions", (c) => (c.text_config.rope_parameters.rope_type = "yarn"), /rope_type asks for scaled positions/],
    ["scaled positions in the old spelling", (c) => (c.text_config.rope_scaling = { type: "yarn" }), /scaled positions/],
    ["interleaved positions", (c) => (c.text_config.rope_parameters.mrope_interleaved = true), /mrope_interleaved/],
    ["sections of another head size", (c) => (c.text_config.rope_parameters.mrope_section = [4, 6, 6]), /mrope_section/],
    ["another activation", (c) => (c.text_config.hidden_act = "gelu"), /text_config: hidden_act names an activation/],
    ["another activation in the tower", (c) => (c.vision_config.hidden_act = "quick_gelu"), /vision_config.hidden_act names/],
    ["a head size of its own", (c) => (c.text_config.head_dim = 32), /head_dim is not/],
    ["experts", (c) => (c.text_config.num_experts = 8), /mixture of experts/],
    ["heads that do not divide", (c) => (c.text_config.num_key_value_heads = 2), /no multiple of num_key_value_heads/],
    ["tower heads of a size without a kernel", (c) => (c.vision_config.num_heads = 8), /vision_config: .* of size 4 are/],
    ["windows that cut image tokens", (c) => (c.vision_config.window_size = 70), /window_size/],
    ["a block that is not there", (c) => (c.vision_config.fullatt_block_indexes = [9]), /fullatt_block_indexes/],
    ["features of another width", (c) => (c.vision_config.out_hidden_size = 64), /out_hidden_size 64 do not fit/],
    ["an image token outside the vocabulary", (c) => (c.image_token_id = 288), /image_token_id/],
    ["grey pictures", (c) => (c.vision_config.in_channels = 1), /in_channels is not 3/],
    ["patches of another size", (_, image) => (image.patch_size = 16), /patch_size 16 does not fit the vision tower \(14\)/],
    ["bounds in the wrong order", (_, image) => (image.min_pixels = 60_000), /least number of pixels/],
    ["a processor that does not normalise", (_, image) => (image.do_normalize = false), /do_normalize is switched off/],
    ["text as a number", (c) => (c.text_config.num_hidden_layers = "3"), /num_hidden_layers/],
  ])("refuses %s with a sentence", (_, change, message) => {
    expect(parsed(change)).toThrow(ModelConfigError);
    expect(parsed(change)).toThrow(message);
  });

  it("refuses missing files", () => {
    expect(() => parseQwen2_5VlConfig({ config: undefined })).toThrow(ModelConfigError);
    expect(() => parseQwen2_5VlConfig({ config: files.config })).toThrow(/no preprocessor_config/);
  });
});
