import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ModelConfigError } from "@/models/configSchemas";
import { parseQwen3VlConfig } from "./config";

const filesOf = (folder: string) => {
  const json = (name: string) => JSON.parse(readFileSync(`fixtures/${folder}/${name}`, "utf8"));
  return {
    config: json("config.json"),
    preprocessorConfig: json("preprocessor_config.json"),
    generationConfig: json("generation_config.json"),
  };
};
const files = filesOf("qwen3_vl-tied");
// biome-ignore lint/suspicious/noExplicitAny: tests break parsed JSON files in many ways
const parsed = (change: (config: any, image: any) => void) => () => {
  const copy = structuredClone(files);
  change(copy.config, copy.preprocessorConfig);
  return parseQwen3VlConfig(copy);
};

describe("parseQwen3VlConfig", () => {
  it("reads a checkpoint's files", () => {
    expect(parseQwen3VlConfig(files)).toEqual({
      modelType: "qwen3_vl",
      imageTokenId: 271,
      tieWordEmbeddings: true,
      eosTokenIds: [267],
      text: {
        vocabSize: 288,
        hiddenSize: 40,
        intermediateSize: 96,
        numHiddenLayers: 4,
        numAttentionHeads: 4,
        numKeyValueHeads: 2,
        headDim: 16,
        rmsNormEps: 1e-6,
        ropeTheta: 5_000_000,
        maxPositionEmbeddings: 1024,
        ropeAxes: [0, 1, 2, 0, 1, 2, 0, 0],
      },
      vision: {
        depth: 4,
        hiddenSize: 32,
        intermediateSize: 64,
        numHeads: 2,
        outHiddenSize: 40,
        patchSize: 16,
        spatialMergeSize: 2,
        temporalPatchSize: 2,
        ropeTheta: 10_000,
        hiddenAct: "gelu_pytorch_tanh",
        numPositionEmbeddings: 36,
        deepstackVisualIndexes: [0, 2],
      },
      image: {
        minPixels: 4096,
        maxPixels: 65_536,
        patchSize: 16,
        mergeSize: 2,
        temporalPatchSize: 2,
        resample: "bicubic",
        rescaleFactor: 1 / 255,
        imageMean: [0.5, 0.5, 0.5],
        imageStd: [0.5, 0.5, 0.5],
      },
    });
    expect(parseQwen3VlConfig(filesOf("qwen3_vl-untied")).tieWordEmbeddings).toBe(false);
  });

  it("reads the older spelling of the hub (the released 4B model)", () => {
    const config = {
      model_type: "qwen3_vl",
      image_token_id: 151_655,
      tie_word_embeddings: true,
      text_config: {
        model_type: "qwen3_vl_text",
        attention_bias: false,
        eos_token_id: 151_645,
        head_dim: 128,
        hidden_act: "silu",
        hidden_size: 2560,
        intermediate_size: 9728,
        max_position_embeddings: 262_144,
        num_attention_heads: 32,
        num_hidden_layers: 36,
        num_key_value_heads: 8,
        rms_norm_eps: 1e-6,
        rope_scaling: { mrope_interleaved: true, mrope_section: [24, 20, 20], rope_type: "default" },
        rope_theta: 5_000_000,
        tie_word_embeddings: true,
        vocab_size: 151_936,
      },
      vision_config: {
        model_type: "qwen3_vl",
        deepstack_visual_indexes: [5, 11, 17],
        depth: 24,
        hidden_size: 1024,
        intermediate_size: 4096,
        num_heads: 16,
        num_position_embeddings: 2304,
        out_hidden_size: 2560,
        patch_size: 16,
      },
    };
    const preprocessorConfig = {
      size: { longest_edge: 16_777_216, shortest_edge: 65_536 },
      patch_size: 16,
      temporal_patch_size: 2,
      merge_size: 2,
      image_mean: [0.5, 0.5, 0.5],
      image_std: [0.5, 0.5, 0.5],
    };
    const model = parseQwen3VlConfig({ config, preprocessorConfig });
    expect(model).toMatchObject({
      eosTokenIds: [151_645],
      text: { headDim: 128, hiddenSize: 2560, numAttentionHeads: 32, ropeTheta: 5e6 },
      vision: { depth: 24, deepstackVisualIndexes: [5, 11, 17], numPositionEmbeddings: 2304 },
      image: { minPixels: 65_536, maxPixels: 16_777_216 },
    });
    const onAxis = (axis: number) => model.text.ropeAxes.flatMap((own, j) => (own === axis ? [j] : []));
    expect(onAxis(1)).toEqual(Array.from({ length: 20 }, (_, i) => 3 * i + 1));
    expect(onAxis(2)).toEqual(Array.from({ length: 20 }, (_, i) => 3 * i + 2));
    expect(onAxis(0).length).toBe(24);
  });

  it("fills missing keys as Qwen3VLConfig does", () => {
    const config = { model_type: "qwen3_vl", vision_config: { out_hidden_size: 4096 } };
    const { preprocessorConfig } = files;
    expect(parseQwen3VlConfig({ config, preprocessorConfig })).toMatchObject({
      tieWordEmbeddings: false,
      eosTokenIds: [],
      text: {
        vocabSize: 151_936,
        hiddenSize: 4096,
        intermediateSize: 22_016,
        numHiddenLayers: 32,
        numKeyValueHeads: 32,
        headDim: 128,
        ropeTheta: 500_000,
        maxPositionEmbeddings: 128_000,
      },
      vision: { depth: 27, hiddenSize: 1152, intermediateSize: 4304, deepstackVisualIndexes: [8, 16, 24] },
    });
  });

  it("allows a tower without side outputs and a head size of its own", () => {
    expect(parsed((c) => (c.vision_config.deepstack_visual_indexes = []))().vision.deepstackVisualIndexes).toEqual([]);
    expect(parsed((c) => (c.text_config.head_dim = 8))().text.ropeAxes).toEqual([0, 1, 2, 0]);
  });

  // biome-ignore lint/suspicious/noExplicitAny: as above
  it.each<[string, (config: any, image: any) => void, RegExp]>([
    ["the mixture of experts", (c) => (c.model_type = "qwen3_vl_moe"), /model_type is not qwen3_vl/],
    ["a decoder of the mixture of experts", (c) => (c.text_config.model_type = "qwen3_vl_moe_text"), /names a decoder/],
    ["biases it does not compute", (c) => (c.text_config.attention_bias = true), /attention_bias is switched on/],
    ["scaled positions", (c) => (c.text_config.rope_parameters.rope_type = "linear"), /scaled positions/],
    ["positions in blocks", (c) => (c.text_config.rope_parameters.mrope_interleaved = false), /mrope_interleaved/],
    ["another activation", (c) => (c.vision_config.hidden_act = "gelu"), /hidden_act names an activation/],
    ["a table that is no square", (c) => (c.vision_config.num_position_embeddings = 40), /num_position_embeddings/],
    ["side outputs out of order", (c) => (c.vision_config.deepstack_visual_indexes = [2, 0]), /deepstack_visual_indexes/],
    ["a side output that is not there", (c) => (c.vision_config.deepstack_visual_indexes = [4]), /deepstack_visual_indexes/],
    ["more side outputs than blocks", (c) => (c.text_config.num_hidden_layers = 1), /more than the decoder/],
    ["tower heads that do not divide", (c) => (c.vision_config.num_heads = 3), /vision_config: attention heads of size \d+\.67/],
    [
      "text heads larger than its kernel takes",
      (c) => (c.text_config.head_dim = 136),
      /text_config: attention heads of size 136/,
    ],
    ["text heads of an odd size", (c) => (c.text_config.head_dim = 12), /size 12 .* only multiples of 8 up to 128/],
    ["a processor without its patch size", (_, image) => delete image.patch_size, /patch_size 14 does not fit/],
    ["another merge size", (_, image) => (image.merge_size = 4), /merge_size 4 does not fit/],
  ])("refuses %s with a sentence", (_, change, message) => {
    expect(parsed(change)).toThrow(ModelConfigError);
    expect(parsed(change)).toThrow(message);
  });
});
