import { describe, expect, it } from "vitest";
import { checkHfQuantization, checkQuantizedNames, QuantizedCheckpointError } from "./hfQuantization";

const methodOf = (run: () => void): string => {
  try {
    run();
    return "passes";
  } catch (error) {
    if (error instanceof QuantizedCheckpointError) return error.method;
    throw error;
  }
};
const quantised = (settings: unknown) => ({ model_type: "qwen2_5_vl", quantization_config: settings });

describe("checkHfQuantization", () => {
  it.each<[string, unknown]>([
    ["GPTQ", quantised({ quant_method: "gptq", bits: 4, group_size: 128 })],
    ["AWQ", quantised({ quant_method: "awq", bits: 4, version: "gemm" })],
    ["bitsandbytes", quantised({ quant_method: "bitsandbytes", load_in_4bit: true })],
    ["bitsandbytes", quantised({ load_in_8bit: true })],
    ["FP8", quantised({ quant_method: "fp8", weight_block_size: [128, 128] })],
    ["compressed-tensors", quantised({ quant_method: "compressed-tensors", format: "pack-quantized" })],
    ["compressed-tensors", { compression_config: { quant_method: "compressed-tensors" } }],
    ["torchao", quantised({ quant_method: "torchao", quant_type: {} })],
    ["MLX", { quantization: { group_size: 64, bits: 4 } }],
    ["a format this page does not know (squeeze)", quantised({ quant_method: "squeeze" })],
    ["a format this page does not know (toString)", quantised({ quant_method: "toString" })],
    ["a format that config.json does not name", quantised({})],
    ["GPTQ", { text_config: quantised({ quant_method: "gptq" }) }],
  ])("refuses %s", (method, config) => expect(methodOf(() => checkHfQuantization(config))).toBe(method));

  it.each<[string, unknown]>([
    ["a plain config", { model_type: "qwen3_vl", text_config: { hidden_size: 8 } }],
    ["an empty entry", quantised(null)],
    ["what is no config at all", "text"],
  ])("lets %s pass", (_, config) => expect(methodOf(() => checkHfQuantization(config))).toBe("passes"));

  it("says what it is, what is read, and which checkpoint to take instead", () => {
    const config = { ...quantised({ quant_method: "awq", bits: 4 }), _name_or_path: "Qwen/Qwen2.5-VL-3B-Instruct" };
    expect(() => checkHfQuantization(config)).toThrow(
      "This checkpoint is already quantised with AWQ (4 bits): this page reads BF16, F16 and F32 safetensors, which it quantises itself, and GGUF files. Choose the original, Qwen/Qwen2.5-VL-3B-Instruct, or a GGUF file.",
    );
  });

  it.each(["/home/me/model", "./qwen", "Qwen/Qwen2.5-VL-3B-Instruct-AWQ", "unsloth/Qwen3-VL-2B-bnb-4bit", 7])(
    "does not send the user to %s",
    (name) => {
      const config = { ...quantised({ quant_method: "gptq" }), _name_or_path: name };
      expect(() => checkHfQuantization(config)).toThrow("Choose the original checkpoint it was made from or a GGUF file.");
    },
  );
});

describe("checkQuantizedNames", () => {
  const layer = "model.language_model.layers.0.self_attn.q_proj";
  it.each([
    ["GPTQ or AWQ", "qweight"],
    ["bitsandbytes", "weight.absmax"],
    ["bitsandbytes", "weight.quant_state.bitsandbytes__nf4"],
    ["compressed-tensors", "weight_packed"],
    ["FP8 or INT8 scales", "weight_scale"],
    ["FP8 or INT8 scales", "weight_scale_inv"],
    ["MLX", "scales"],
  ])("refuses %s by the tensor %s", (method, ending) => {
    expect(methodOf(() => checkQuantizedNames([`${layer}.weight`, `${layer}.${ending}`]))).toBe(method);
  });

  it("lets the names of plain checkpoints pass", () => {
    const names = [
      `${layer}.weight`,
      `${layer}.bias`,
      "model.visual.merger.mlp.0.bias",
      "lm_head.weight",
      "model.visual.pos_embed.weight",
    ];
    expect(methodOf(() => checkQuantizedNames(names))).toBe("passes");
  });
});
