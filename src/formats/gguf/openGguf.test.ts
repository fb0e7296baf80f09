import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { memorySource } from "@/formats/byteSource";
import { readSafetensors } from "@/formats/safetensors";
import { UserError } from "@/lib/errors";
import { parseQwen2_5VlConfig } from "@/models/qwen2_5_vl/config";
import { parseQwen3VlConfig } from "@/models/qwen3_vl/config";
import { parseSmolVlmConfig } from "@/models/smolvlm/config";
import { pickChatTemplate, renderChat } from "@/text/chat";
import { loadTokenizer } from "@/text/tokenizer";
import { type GgufCheckpoint, openGguf } from "./openGguf";
import { exchangeFeedForward, rename, replaceText, setLayersNegative, valueAt } from "./test/editGguf";

const bytesOf = (path: string) => new Uint8Array(readFileSync(new URL(`../../../fixtures/${path}`, import.meta.url)));
const textOf = (path: string) => new TextDecoder().decode(bytesOf(path));
const file = (path: string) => memorySource(path, bytesOf(`gguf/${path}`));
const open = (name: string) => openGguf(file(`${name}/model.gguf`), file(`${name}/mmproj.gguf`));
const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);

/** The name a safetensors file of Qwen2.5-VL uses → the name in memory. */
const inMemory = (name: string) =>
  name
    .replace(/^visual\./, "model.visual.")
    .replace(/^model\.(?!language_model|visual|text_model|vision_model|connector)/, "model.language_model.");

const golden = (name: string) => readSafetensors(bytesOf(`${name}/model.safetensors`));

const jsonNames = ["config", "preprocessor_config", "processor_config", "generation_config"] as const;
const isThere = (path: string) => {
  try {
    return textOf(path) !== "";
  } catch {
    return false;
  }
};

/** The four configuration files, of the golden folder or of a pair, as parsers take them. */
function configFiles(read: (name: string) => unknown) {
  const [config, preprocessorConfig, processorConfig, generationConfig] = jsonNames.map((name) => read(`${name}.json`));
  return { config, preprocessorConfig, processorConfig, generationConfig };
}
const goldenFiles = (name: string) =>
  configFiles((json) => (isThere(`${name}/${json}`) ? (JSON.parse(textOf(`${name}/${json}`)) as unknown) : undefined));

const pairs = [
  { name: "smolvlm", parse: parseSmolVlmConfig, differences: {} },
  // The released models stop at <|endoftext|> (265 here) as well; the tiny checkpoints do not.
  { name: "qwen2_5_vl-tied", parse: parseQwen2_5VlConfig, differences: { eosTokenIds: [267, 265] } },
  { name: "qwen3_vl-untied", parse: parseQwen3VlConfig, differences: { eosTokenIds: [267, 265] } },
];

const unusualRanges = (rows: number): [number, number][] =>
  [
    [0, rows],
    [rows - 1, 1],
    [1, Math.min(5, rows - 1)],
    [Math.floor(rows / 2) - 1, Math.min(3, rows - Math.floor(rows / 2) + 1)],
    [Math.floor(rows / 3), rows - Math.floor(rows / 3)],
    [0, 0],
  ].filter(([first, count]) => (first as number) >= 0 && (count as number) >= 0) as [number, number][];

describe("openGguf", () => {
  for (const { name, parse, differences } of pairs) {
    describe(name, () => {
      it("has exactly the tensors of the safetensors checkpoint, with their shapes, in reading order", async () => {
        const { source } = await open(name);
        const expected = [...golden(name).tensors.values()].map(({ name: key, shape }) => [inMemory(key), [...shape]]);
        const actual = [...source.tensors.values()].map(({ name: key, shape }) => [key, [...shape]]);
        expect(Object.fromEntries(actual)).toEqual(Object.fromEntries(expected));
        const places = [...source.tensors.values()].map(({ file: number, offset }) => number * 2 ** 40 + offset);
        expect(places).toEqual([...places].sort((a, b) => a - b));
      });

      it("gives every tensor bit for bit, in whole and in ranges of rows", async () => {
        const { source } = await open(name);
        const file = golden(name);
        for (const { name: key, shape } of file.tensors.values()) {
          const values = file.float32(key);
          const rows = shape[0] as number;
          const width = values.length / rows;
          for (const [first, count] of unusualRanges(rows)) {
            const part = await source.rows(inMemory(key), first, count);
            expect(bitsOf(part), `${key} [${first}, +${count})`).toEqual(
              bitsOf(values.slice(first * width, (first + count) * width)),
            );
          }
        }
      });

      it("describes the configuration of the Hugging Face files, but for what the released models have differently", async () => {
        const pair = await open(name);
        const expected = parse(goldenFiles(name));
        expect(parse(configFiles(pair.json))).toEqual({ ...expected, ...differences });
      });

      it("renders and tokenises the golden prompts to the golden ids", async () => {
        const pair = await open(name);
        const tokenizer = loadTokenizer(pair.json("tokenizer.json"), pair.json("tokenizer_config.json"));
        const original = loadTokenizer(
          JSON.parse(textOf(`${name}/tokenizer.json`)),
          JSON.parse(textOf(`${name}/tokenizer_config.json`)),
        );
        expect(tokenizer.vocabularySize).toBe(original.vocabularySize);
        expect([...tokenizer.specialTokens].sort()).toEqual([...original.specialTokens].sort());
        expect(tokenizer.eosIds).toEqual(original.eosIds);
        expect(tokenizer.namedTokens).toEqual(original.namedTokens);
        const template = pickChatTemplate({ json: pair.json("chat_template.json") });
        expect(template).toBe(textOf(`${name}/chat_template.jinja`));
        for (const index of [0, 1, 2]) {
          const golden = JSON.parse(textOf(`${name}/golden/case-${index}/case.json`));
          expect(renderChat(tokenizer, template, golden.messages).text).toBe(golden.prompt);
          // The golden ids hold expanded picture tokens: their text must give the same ids again.
          const text = original.decode(golden.input_ids);
          expect(text).toContain(golden.response);
          expect(tokenizer.encodeTemplate(text)).toEqual(golden.input_ids);
        }
      });
    });
  }

  it("reads a pair quantised to Q8_0 and F16 as the weights within half a step, scales rounded to half precision", async () => {
    const { source } = await open("smolvlm-q8");
    const file = golden("smolvlm");
    const kinds = new Set([...source.tensors.values()].map(({ dtype }) => dtype));
    expect([...kinds].sort()).toEqual(["F16", "F32", "Q8_0"]);
    for (const { name: key, shape } of file.tensors.values()) {
      const values = file.float32(key);
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const read = await source.rows(key, 0, shape[0] as number);
      const error = values.reduce((most, value, i) => Math.max(most, Math.abs(value - (read[i] as number))), 0);
      expect(error, key).toBeLessThanOrEqual(largest / 254 + largest / 2048);
    }
  });

  it("takes the files in either order", async () => {
    const { source } = await openGguf(file("smolvlm/mmproj.gguf"), file("smolvlm/model.gguf"));
    expect(source.tensors.get("lm_head.weight")?.file).toBe(0);
  });

  it("has no JSON files but those of a checkpoint", async () => {
    const pair: GgufCheckpoint = await open("qwen3_vl-untied");
    expect(pair.json("model.safetensors.index.json")).toBeUndefined();
    expect(pair.json("processor_config.json")).toBeUndefined();
  });

  it("refuses rows that do not exist and tensors it does not have", async () => {
    const { source } = await open("smolvlm");
    await expect(source.rows("lm_head.weight", 287, 2)).rejects.toThrow(RangeError);
    await expect(source.rows("lm_head.bias", 0, 1)).rejects.toThrow(/lm_head\.bias/);
  });

  describe("with a file that lacks what newer converters write", () => {
    const change = (path: string, edit: (bytes: Uint8Array<ArrayBuffer>) => void) => {
      const bytes = bytesOf(`gguf/${path}`);
      edit(bytes);
      return memorySource(path, bytes);
    };

    it("takes four frames per side for SmolVLM's longest edge and 1e-6 for the converter's default epsilon", async () => {
      const projector = change("smolvlm/mmproj.gguf", (bytes) => {
        rename(bytes, "clip.vision.preproc_image_size");
        const epsilon = valueAt(bytes, "clip.vision.attention.layer_norm_epsilon");
        new DataView(bytes.buffer).setFloat32(epsilon, 1e-5, true);
      });
      const config = parseSmolVlmConfig(configFiles((await openGguf(file("smolvlm/model.gguf"), projector)).json));
      expect(config.image.longestEdge).toBe(256);
      expect(config.vision.layerNormEps).toBe(1e-6);
    });

    it("takes Qwen2.5-VL's released window, pixel bounds and m-RoPE sections", async () => {
      const projector = change("qwen2_5_vl-tied/mmproj.gguf", (bytes) => {
        rename(bytes, "clip.vision.window_size");
        rename(bytes, "clip.vision.image_min_pixels");
        rename(bytes, "clip.vision.image_max_pixels");
        rename(bytes, "clip.vision.image_mean");
      });
      const model = change("qwen2_5_vl-tied/model.gguf", (bytes) => rename(bytes, "qwen2vl.rope.dimension_sections"));
      const { json } = await openGguf(model, projector);
      expect(json("config.json")).toMatchObject({
        vision_config: { window_size: 112, fullatt_block_indexes: [1, 3] },
        text_config: { rope_parameters: { mrope_section: [16, 24, 24] } },
      });
      expect(json("preprocessor_config.json")).toMatchObject({
        min_pixels: 3136,
        max_pixels: 12_845_056,
        image_mean: [0.48145466, 0.4578275, 0.40821073],
      });
    });

    it("knows the old, exchanged names of the vision feed-forward", async () => {
      const projector = change("smolvlm/mmproj.gguf", exchangeFeedForward);
      const { source } = await openGguf(file("smolvlm/model.gguf"), projector);
      const { source: current } = await open("smolvlm");
      const name = "model.vision_model.encoder.layers.1.mlp.fc1.weight";
      expect(source.tensors.get(name)?.shape).toEqual([64, 32]);
      expect(await source.rows(name, 0, 64)).toEqual(await current.rows(name, 0, 64));
    });
  });

  describe("refuses", () => {
    const model = (edit: (bytes: Uint8Array<ArrayBuffer>) => void, name = "smolvlm") => {
      const bytes = bytesOf(`gguf/${name}/model.gguf`);
      edit(bytes);
      return openGguf(memorySource("text.gguf", bytes), file(`${name}/mmproj.gguf`));
    };
    const setText = (key: string, value: string) => (bytes: Uint8Array) => {
      bytes.set(new TextEncoder().encode(value), valueAt(bytes, key) + 8);
    };
    const setCount = (key: string, value: number) => (bytes: Uint8Array<ArrayBuffer>) => {
      new DataView(bytes.buffer).setUint32(valueAt(bytes, key), value, true);
    };
    const cases: readonly [string, () => Promise<unknown>, RegExp][] = [
      [
        "a projector of another family",
        () => openGguf(file("smolvlm/model.gguf"), file("qwen3_vl-untied/mmproj.gguf")),
        /qwen3vl_merger.*llama/,
      ],
      ["two projectors", () => openGguf(file("smolvlm/mmproj.gguf"), file("smolvlm/mmproj.gguf")), /both files are projectors/],
      ["two text files", () => openGguf(file("smolvlm/model.gguf"), file("smolvlm/model.gguf")), /it is no projector/],
      [
        "an architecture it does not know",
        () => model(setText("general.architecture", "gemma")),
        /text\.gguf.*"gemma".*SmolVLM, Qwen2\.5-VL, Qwen3-VL/,
      ],
      [
        "a projector of another width",
        () => model(setCount("qwen3vl.embedding_length", 44), "qwen3_vl-untied"),
        /have 40 numbers and "text\.gguf" takes 44/,
      ],
      [
        "a projector with other DeepStack layers",
        () => model(setCount("qwen3vl.n_deepstack_layers", 1), "qwen3_vl-untied"),
        /2 DeepStack layers and "text\.gguf" expects 1/,
      ],
      [
        "a missing tensor",
        () => model((bytes) => replaceText(bytes, "blk.1.attn_v.weight", "blk.1.attn_x.weight")),
        /text\.gguf.*no tensor "blk\.1\.attn_v\.weight"/,
      ],
      ["fewer layers than there are tensors", () => model(setCount("llama.block_count", 2)), /tensor "blk\.2\..*does not know/],
      ["more layers than there are tensors", () => model(setCount("llama.block_count", 4)), /no tensor "blk\.3\./],
      ["a billion layers", () => model(setCount("llama.block_count", 1e9)), /1000000000 layers and has/],
      [
        "heads that do not divide the rows",
        () => model(setCount("llama.attention.head_count", 5)),
        /blk\.0\.attn_q\.weight.*5 heads/,
      ],
      ["no heads", () => model(setCount("llama.attention.head_count", 0)), /blk\.0\.attn_q\.weight.*0 heads/],
      ["a missing entry", () => model((bytes) => rename(bytes, "llama.block_count")), /"llama\.block_count" is missing/],
      ["an entry of another kind", () => model(setLayersNegative), /"llama\.block_count" is not a count/],
      ["another tokenizer", () => model(setText("tokenizer.ggml.model", "bert")), /"bert"; "gpt2" is read/],
      [
        "another way to split words",
        () => model(setText("tokenizer.ggml.pre", "gpt-4o")),
        /"gpt-4o"; "smollm" and "qwen2" are read/,
      ],
      [
        "a stop token outside the vocabulary",
        () => model(setCount("tokenizer.ggml.eos_token_id", 288)),
        /eos_token_id" is outside/,
      ],
      [
        "a vocabulary without picture tokens",
        () => model((bytes) => replaceText(bytes, "<image>", "<xmage>")),
        /vocabulary has no <image>/,
      ],
      [
        "a token twice",
        () => model((bytes) => replaceText(bytes, "<row_1_col_2>", "<row_1_col_1>")),
        /token "<row_1_col_1>" twice/,
      ],
    ];
    for (const [what, attempt, why] of cases) {
      it(what, async () => {
        const error = await attempt().then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error).toBeInstanceOf(UserError);
        expect(String(error)).toMatch(why);
      });
    }
  });
});
