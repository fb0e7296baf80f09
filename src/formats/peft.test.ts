import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  type Adapter,
  type AdapterCheck,
  AdapterError,
  checkAdapter,
  createAdapterConfig,
  isTargeted,
  readAdapter,
  writeAdapter,
} from "./peft";
import { readSafetensors, writeSafetensors } from "./safetensors";

const folder = "fixtures/smolvlm/adapter";
const configJson = JSON.parse(readFileSync(`${folder}/adapter_config.json`, "utf8"));
const weights = Uint8Array.from(readFileSync(`${folder}/adapter_model.safetensors`));
const golden = readAdapter(configJson, weights);
const shapesOf = (adapter: Adapter) => new Map(Array.from(adapter.modules, ([path, m]) => [path, [m.out, m.in] as const]));
const checkOf = (run: () => unknown): AdapterCheck | "ok" => {
  try {
    run();
    return "ok";
  } catch (error) {
    if (error instanceof AdapterError) return error.check;
    throw error;
  }
};
const half = (name: string, shape: [number, number], value = 0.5) => ({
  name,
  dtype: "F32" as const,
  shape,
  bytes: new Uint8Array(new Float32Array(shape[0] * shape[1]).fill(value).buffer),
});
const pair = (path: string, rank = 4) => [
  half(`base_model.model.${path}.lora_A.weight`, [rank, 8]),
  half(`base_model.model.${path}.lora_B.weight`, [6, rank]),
];
const config = { ...createAdapterConfig({ rank: 4, alpha: 8, targetModules: ["q_proj"] }) };

describe("readAdapter", () => {
  it("reads an adapter that PEFT wrote", () => {
    expect(golden).toMatchObject({ rank: 4, alpha: 8, scaling: 2 });
    expect(golden.modules.size).toBe(21);
    expect(golden.modules.get("model.text_model.layers.0.self_attn.k_proj")).toMatchObject({
      in: 48,
      out: 16,
      rank: 4,
      scaling: 2,
    });
  });

  it("scales by alpha over the square root of the rank when rank-stabilised, and honours the pattern tables", () => {
    const patterns = { rank_pattern: { "layers.1.q_proj": 2 }, alpha_pattern: { "layers.1.q_proj": 3 } };
    const file = writeSafetensors([...pair("layers.0.q_proj"), ...pair("layers.1.q_proj", 2)]);
    const adapter = readAdapter({ ...config, ...patterns, use_rslora: true }, file);
    expect(adapter.scaling).toBe(4);
    expect(adapter.modules.get("layers.0.q_proj")).toMatchObject({ rank: 4, scaling: 4 });
    expect(adapter.modules.get("layers.1.q_proj")).toMatchObject({ rank: 2, scaling: 3 / Math.sqrt(2) });
  });

  const file = (...tensors: ReturnType<typeof half>[]) => writeSafetensors(tensors);
  const good = pair("x.q_proj");
  it.each<[AdapterCheck, string, unknown, Uint8Array]>([
    ["badConfig", "no config", null, file(...good)],
    ["badConfig", "another method", { ...config, peft_type: "IA3" }, file(...good)],
    ["badConfig", "rank 0", { ...config, r: 0 }, file(...good)],
    ["unsupported", "DoRA", { ...config, use_dora: true }, file(...good)],
    ["unsupported", "biases", { ...config, bias: "all" }, file(...good)],
    ["unsupported", "saved modules", { ...config, modules_to_save: ["lm_head"] }, file(...good)],
    ["badKey", "an embedding adapter", config, file(half("base_model.model.x.lora_embedding_A", [4, 8]))],
    ["badKey", "a key without the prefix", config, file(half("x.q_proj.lora_A.weight", [4, 8]))],
    ["missingHalf", "only one half", config, file(good[0]!)],
    ["badShape", "another rank", config, file(...pair("x.q_proj", 3))],
    ["untargeted", "a module that target_modules leaves out", config, file(...pair("x.v_proj"))],
    ["notFinite", "NaN", config, file(good[0]!, half("base_model.model.x.q_proj.lora_B.weight", [6, 4], Number.NaN))],
    ["empty", "no weights", config, file()],
  ])("refuses with %s: %s", (check, _, json, bytes) => {
    expect(checkOf(() => readAdapter(json, bytes))).toBe(check);
  });
});

describe("isTargeted", () => {
  it("matches a list by the end of the path and a pattern by the whole path", () => {
    expect(isTargeted(["q_proj"], "a.b.q_proj")).toBe(true);
    expect(isTargeted(["q_proj"], "a.b.xq_proj")).toBe(false);
    expect(isTargeted(".*\\.q_proj", "a.b.q_proj")).toBe(true);
    expect(isTargeted("q_proj", "a.b.q_proj")).toBe(false);
    expect(isTargeted("(?P<python>x)", "x")).toBeUndefined();
    expect(isTargeted("all-linear", "x")).toBeUndefined();
  });
});

describe("checkAdapter", () => {
  it("accepts the model it was made for", () => {
    expect([...checkAdapter(golden, shapesOf(golden)).modules.keys()]).toEqual([...golden.modules.keys()]);
  });

  it("refuses another model's shapes and unknown modules with a sentence", () => {
    const shapes = shapesOf(golden);
    const path = "model.text_model.layers.2.mlp.up_proj";
    expect(checkOf(() => checkAdapter(golden, new Map([...shapes, [path, [96, 64]]])))).toBe("otherModel");
    expect(() => checkAdapter(golden, new Map([...shapes, [path, [96, 64]]]))).toThrow(/96 × 64 here and 96 × 48 there/);
    shapes.delete(path);
    expect(checkOf(() => checkAdapter(golden, shapes))).toBe("unknownModule");
  });

  it("translates the module paths of older transformers", () => {
    const adapter = readAdapter(config, writeSafetensors(pair("model.layers.0.q_proj")));
    const checked = checkAdapter(adapter, new Map([["model.language_model.layers.0.q_proj", [6, 8]]]));
    expect([...checked.modules.keys()]).toEqual(["model.language_model.layers.0.q_proj"]);
  });
});

describe("writeAdapter", () => {
  it("writes the same weights that PEFT wrote, byte for byte, and every config key it read", () => {
    const written = writeAdapter(golden);
    expect(Buffer.compare(written.weights, weights)).toBe(0);
    expect(JSON.parse(written.config)).toMatchObject(configJson);
  });

  it("writes an adapter that it can read again", () => {
    const made: Adapter = {
      ...golden,
      config: createAdapterConfig({ rank: 4, alpha: 8, targetModules: String(configJson.target_modules) }),
    };
    const { config: text, weights: bytes } = writeAdapter(made);
    const again = readAdapter(JSON.parse(text), bytes);
    expect(again.modules).toEqual(golden.modules);
    expect(readSafetensors(bytes).metadata.get("format")).toBe("pt");
  });
});
