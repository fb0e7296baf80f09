// The synthetic hub's models against the figures of the real ones, and against what the families ask for.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseSafetensorsHeader, readHeaderLength } from "@/formats/safetensors";
import { toFloat32 } from "@/formats/toFloat32";
import { familyOf } from "@/models/registry";
import type { WeightTaker } from "@/models/weights";
import { loadTokenizer } from "@/text/tokenizer";
import { type SyntheticModel, syntheticModels } from "./configs";
import { tensorShapes } from "./layouts";
import { repositories } from "./repositories";
import { tokenizerFile } from "./tokenizerFile";
import { fillTensorBytes } from "./weightBytes";

const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const repos = repositories();
const modelNamed = (name: string) => syntheticModels.find((model) => model.name === name) as SyntheticModel;

describe.each([
  // Tensors and millions of parameters: vlm-facts section 5.
  ["SmolVLM-256M-Instruct", 471, 256.48, 513],
  ["Qwen3-VL-2B-Instruct", 625, 2127.5, 4255],
  ["Qwen2.5-VL-3B-Instruct", 824, 3754.6, 7509],
] as const)("%s", (name, tensors, millions, megabytes) => {
  const model = modelNamed(name);
  const repository = repos.get(`synthetic/${name}`);
  const weightFiles = (repository?.paths ?? []).filter((path) => path.endsWith(".safetensors"));

  it("has as many tensors and parameters as the released model", () => {
    const shapes = tensorShapes(model);
    expect(shapes).toHaveLength(tensors);
    expect(new Set(shapes.map(([tensor]) => tensor)).size).toBe(tensors);
    const parameters = shapes.reduce((sum, [, shape]) => sum + count(shape), 0);
    expect(parameters / 1e6).toBeCloseTo(millions, millions < 1000 ? 2 : 1);
  });

  it("has valid weight files that its index names", () => {
    let bytes = 0;
    const found = new Map<string, string>();
    for (const path of weightFiles) {
      const file = repository?.file(path);
      if (!file) throw new Error(path);
      bytes += file.size;
      const start = file.read(0, 8 + readHeaderLength(file.read(0, 8), file.size));
      for (const tensor of parseSafetensorsHeader(start, file.size).tensors.keys()) found.set(tensor, path);
    }
    expect(Math.round(bytes / 1e6)).toBe(megabytes);
    expect([...found.keys()].sort()).toEqual(
      tensorShapes(model)
        .map(([tensor]) => tensor)
        .sort(),
    );
    const index = repository?.file("model.safetensors.index.json");
    expect(index === undefined).toBe(weightFiles.length === 1);
    if (index) {
      const { weight_map } = JSON.parse(Buffer.from(index.read(0, index.size)).toString());
      expect(new Map(Object.entries(weight_map))).toEqual(found);
    }
  });

  it("has every tensor its family asks for, in that shape, and no other", () => {
    const family = familyOf(model.config);
    const config = family.parseConfig({
      config: model.config,
      preprocessorConfig: model.preprocessorConfig,
      processorConfig: model.processorConfig,
      generationConfig: model.generationConfig,
    });
    const asked = new Map<string, string>();
    const note = (tensor: string, shape: readonly number[]) => {
      expect(asked.has(tensor), tensor).toBe(false);
      asked.set(tensor, shape.join());
      return { tensor, shape } as never;
    };
    const take: WeightTaker = {
      matrix: ({ name: tensor, rows, columns, storedShape = [rows, columns] }) => note(tensor, storedShape),
      tensor: note,
    };
    family.build(config, take);
    const stored = new Map(tensorShapes(model).map(([tensor, shape]) => [family.canonicalName(tensor), shape.join()]));
    expect(asked).toEqual(stored);
  });

  it("has a tokenizer with the base vocabulary and special tokens of the released one", () => {
    const tokenizer = JSON.parse(tokenizerFile(model));
    const base = model.family === "smolvlm" ? 49152 : 151643;
    expect(new Set(Object.values(tokenizer.model.vocab)).size).toBe(base);
    expect(Object.values<number>(tokenizer.model.vocab).every((id) => id >= 0 && id < base)).toBe(true);
    const special = model.family === "smolvlm" ? { "<image>": 49190, "<end_of_utterance>": 49279 } : { "<|image_pad|>": 151655 };
    for (const [content, id] of Object.entries(special)) {
      expect(tokenizer.added_tokens).toContainEqual(expect.objectContaining({ content, id, special: true }));
    }
    const read = loadTokenizer(tokenizer, {});
    const text = "Wie viele rote Würfel? 12 🎲\n";
    expect(read.decode(read.encode(text))).toBe(text);
  });
});

describe("the bytes of synthetic weights", () => {
  it("are the same for every way of asking", () => {
    const file = repos.get("synthetic/SmolVLM-256M-Instruct")?.file("model.safetensors");
    if (!file) throw new Error("no file");
    for (const begin of [0, 50_001, 56_831_127, 300_000_000, file.size - 3_000_000]) {
      const whole = Buffer.from(file.read(begin, begin + 3_000_000));
      const parts = [0, 1, 999, 1_048_576, 2_500_001].map((at, i, all) =>
        file.read(begin + at, begin + (all[i + 1] ?? 3_000_000)),
      );
      expect(whole.equals(Buffer.concat(parts))).toBe(true);
    }
  });

  it("have the spread of a freshly initialised network, and no two equal rows", () => {
    const values = (name: string, shape: readonly number[]) => {
      const bytes = new Uint8Array(2 * count(shape));
      fillTensorBytes([name, shape], 0, bytes);
      return toFloat32(bytes, "BF16");
    };
    const matrix = values("a.q_proj.weight", [2048, 576]);
    const variance = matrix.reduce((sum, value) => sum + value * value, 0) / matrix.length;
    expect(variance * 576).toBeCloseTo(1, 1);
    const rows = new Set(Array.from({ length: 2048 }, (_, i) => matrix.subarray(576 * i, 576 * i + 576).join()));
    expect(rows.size).toBe(2048);
    const norm = values("a.norm.weight", [576]);
    expect(Math.min(...norm)).toBeGreaterThan(0.89);
    expect(Math.max(...norm)).toBeLessThan(1.1);
    expect(values("b.q_proj.weight", [64, 576])).not.toEqual(values("c.q_proj.weight", [64, 576]));
  });
});

describe("the tiny checkpoints", () => {
  it("keep every tensor when they are split over three files", () => {
    const repository = repos.get("synthetic/tiny-3shards");
    const source = readFileSync(new URL("../../fixtures/smolvlm/model.safetensors", import.meta.url));
    const original = parseSafetensorsHeader(source, source.length);
    const files = (repository?.paths ?? []).filter((path) => path.endsWith(".safetensors"));
    expect(files).toHaveLength(3);
    let compared = 0;
    for (const path of files) {
      const file = repository?.file(path);
      if (!file) throw new Error(path);
      const bytes = Buffer.from(file.read(0, file.size));
      const header = parseSafetensorsHeader(bytes, bytes.length);
      for (const { name, begin, end } of header.tensors.values()) {
        const there = original.tensors.get(name);
        if (!there) throw new Error(name);
        const expected = source.subarray(original.dataStart + there.begin, original.dataStart + there.end);
        expect(expected.equals(bytes.subarray(header.dataStart + begin, header.dataStart + end))).toBe(true);
        compared++;
      }
    }
    expect(compared).toBe(original.tensors.size);
  });
});
