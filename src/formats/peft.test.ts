import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Adapter, checkAdapter, createAdapterConfig, readAdapter, textTargetModules, writeAdapter } from "./peft";
import { type AdapterCheck, AdapterError, isTargeted } from "./peftConfig";
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
  const stray = (name: string) => file(...good, half(`base_model.model.${name}`, [6, 8]));
  it.each<[AdapterCheck, string, unknown, Uint8Array]>([
    ["badConfig", "no config", null, file(...good)],
    ["badConfig", "rank 0", { ...config, r: 0 }, file(...good)],
    ["badConfig", "half a rank", { ...config, rank_pattern: { q_proj: 1.5 } }, file(...good)],
    ["badConfig", "a pattern that cannot be read", { ...config, alpha_pattern: { "(?P<x>q)_proj": 3 } }, file(...good)],
    ["unsupported", "another method", { ...config, peft_type: "IA3" }, file(...good)],
    ["unsupported", "DoRA", { ...config, use_dora: true }, file(...good)],
    ["unsupported", "DoRA weights", config, stray("x.q_proj.lora_magnitude_vector")],
    ["unsupported", "trained biases", { ...config, bias: "all" }, stray("x.q_proj.bias")],
    ["unsupported", "LoRA biases", { ...config, lora_bias: true }, file(...good)],
    ["unsupported", "LoRA bias weights", config, stray("x.q_proj.lora_B.bias")],
    ["unsupported", "saved modules", { ...config, modules_to_save: ["lm_head"] }, stray("lm_head.weight")],
    ["unsupported", "an embedding adapter", config, stray("x.lora_embedding_A")],
    ["unsupported", "transposed weights", { ...config, fan_in_fan_out: true }, file(...good)],
    ["unsupported", "activated LoRA", { ...config, alora_invocation_tokens: [1] }, file(...good)],
    ["unsupported", "replicated layers", { ...config, layer_replication: [[0, 2]] }, file(...good)],
    ["unsupported", "a start that changed the base", { ...config, init_lora_weights: "pissa_niter_4" }, file(...good)],
    ["badKey", "a key without the prefix", config, file(half("x.q_proj.lora_A.weight", [4, 8]))],
    ["badKey", "the name of another adapter", config, file(half("base_model.model.x.q_proj.lora_A.mine.weight", [4, 8]))],
    ["duplicateModule", "two spellings of one key", config, stray("x.q_proj.lora_A.default.weight")],
    ["missingHalf", "only one half", config, file(good[0]!)],
    ["badShape", "another rank", config, file(...pair("x.q_proj", 3))],
    ["untargeted", "a module that target_modules leaves out", config, file(...pair("x.v_proj"))],
    ["notFinite", "NaN", config, file(good[0]!, half("base_model.model.x.q_proj.lora_B.weight", [6, 4], Number.NaN))],
    ["empty", "no weights", config, file()],
  ])("refuses with %s: %s", (check, _, json, bytes) => {
    expect(checkOf(() => readAdapter(json, bytes))).toBe(check);
  });

  it("accepts keys that still carry the adapter's name, and settings that left nothing in the file", () => {
    const named = good.map((tensor) => ({ ...tensor, name: tensor.name.replace(".weight", ".default.weight") }));
    const adapter = readAdapter({ ...config, bias: "all", modules_to_save: ["lm_head"] }, file(...named));
    expect([...adapter.modules.keys()]).toEqual(["x.q_proj"]);
  });

  it("says in one sentence what it does not support", () => {
    const dora = () => readAdapter({ ...config, use_dora: true }, file(...good));
    expect(dora).toThrow(
      "The adapter cannot be used: it uses DoRA, which this page does not support. Choose a plain LoRA adapter",
    );
  });
});

describe.each(["smolvlm", "qwen2_5_vl-tied", "qwen2_5_vl-untied", "qwen3_vl-tied", "qwen3_vl-untied"])(
  "an adapter for %s",
  (name) => {
    const json = JSON.parse(readFileSync(`fixtures/${name}/adapter/adapter_config.json`, "utf8"));
    const bytes = Uint8Array.from(readFileSync(`fixtures/${name}/adapter/adapter_model.safetensors`));
    const adapter = readAdapter(json, bytes);
    const textPrefix = name === "smolvlm" ? "text_model" : "language_model";

    it("that PEFT wrote is read, fits the decoder, and is written again byte for byte", () => {
      const modules = [...adapter.modules.keys()];
      expect(modules.every((path) => path.startsWith(`model.${textPrefix}.layers.`))).toBe(true);
      expect(modules.length % 7).toBe(0);
      expect(checkAdapter(adapter, shapesOf(adapter)).modules).toEqual(adapter.modules);
      expect(Buffer.compare(writeAdapter(adapter).weights, bytes)).toBe(0);
    });

    it("is targeted by the pattern this program writes, and the vision tower is not", () => {
      const pattern = textTargetModules(textPrefix);
      for (const path of adapter.modules.keys()) expect(isTargeted(pattern, path)).toBe(true);
      for (const path of [
        "model.vision_model.encoder.layers.0.self_attn.q_proj",
        "model.visual.blocks.0.mlp.gate_proj",
        "lm_head",
      ]) {
        expect(isTargeted(pattern, path)).toBe(false);
      }
    });
  },
);

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

  it("says which modules the model has and what was found", () => {
    const adapter = readAdapter(config, writeSafetensors(pair("model.language_model.layers.0.self_attn.q_proj")));
    expect(() => checkAdapter(adapter, shapesOf(golden))).toThrow(
      /no module model\.language_model\.layers\.0\.self_attn\.q_proj \(6 × 8\); it has model\.text_model\.layers\.0–2 \(mlp\.down_proj, /,
    );
  });

  const legacy = writeSafetensors([...pair("model.layers.0.self_attn.q_proj", 2), ...pair("visual.blocks.0.attn.qkv")]);
  const legacyConfig = {
    ...config,
    target_modules: "model\\.layers\\..*_proj|visual.*",
    rank_pattern: { "model.layers.0.self_attn.q_proj": 2 },
  };
  const [text, vision] = ["model.language_model.layers.0.self_attn.q_proj", "model.visual.blocks.0.attn.qkv"];
  const shapes = new Map([text, vision].map((path) => [path, [6, 8] as const]));

  it.each([true, false])(
    "translates the module paths of older transformers and never writes them (rank-stabilised: %s)",
    (stable) => {
      const checked = checkAdapter(readAdapter({ ...legacyConfig, use_rslora: stable }, legacy), shapes);
      expect([...checked.modules.keys()].sort()).toEqual([text, vision]);
      const written = writeAdapter(checked);
      const keys = [...readSafetensors(written.weights).tensors.keys()];
      expect(keys.every((key) => /^base_model\.model\.model\.(language_model\.layers|visual\.blocks)\./.test(key))).toBe(true);
      const again = readAdapter(JSON.parse(written.config), written.weights);
      expect(again.modules).toEqual(checked.modules);
    },
  );

  it("lets the family translate names of its own", () => {
    const adapter = readAdapter(config, writeSafetensors(pair("blk.0.q_proj")));
    const checked = checkAdapter(adapter, new Map([[text, [6, 8]]]), (name) =>
      name.replace("blk.0.", "model.language_model.layers.0.self_attn."),
    );
    expect([...checked.modules.keys()]).toEqual([text]);
  });

  it("refuses one module under two names", () => {
    const twice = writeSafetensors([...pair("model.layers.0.self_attn.q_proj"), ...pair(text)]);
    expect(checkOf(() => checkAdapter(readAdapter(config, twice), shapes))).toBe("duplicateModule");
  });
});

describe("createAdapterConfig", () => {
  it("gives modules of another rank or scaling their own entry", () => {
    const file = writeSafetensors([...pair("layers.0.q_proj"), ...pair("layers.1.q_proj", 2)]);
    const mixed = { rank_pattern: { "1.q_proj": 2 }, alpha_pattern: { "1.q_proj": 3 } };
    const { modules, rank, alpha } = readAdapter({ ...config, ...mixed }, file);
    const created = createAdapterConfig({ rank, alpha, targetModules: ["q_proj"], modules });
    expect(created.rank_pattern).toEqual({ "layers\\.1\\.q_proj": 2 });
    expect(created.target_modules).toEqual(["q_proj"]);
    expect(readAdapter(created, file).modules).toEqual(modules);
  });

  it("names the modules themselves when the targets would leave one out", () => {
    const paths = ["model.language_model.layers.0.self_attn.q_proj", "model.visual.blocks.0.attn.qkv"];
    const open = { ...config, target_modules: null };
    const { modules, rank, alpha } = readAdapter(open, writeSafetensors(paths.flatMap((path) => pair(path))));
    const created = createAdapterConfig({ rank, alpha, targetModules: textTargetModules("language_model"), modules });
    expect(created.target_modules).toEqual(paths);
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
