import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadTokenizer } from "@/text/tokenizer";
import type { GgufValue } from "./header";
import { GgufMetadata, shortestDecimal } from "./metadata";
import { readTokenizer } from "./tokenizerFiles";

interface TokenizerJson {
  readonly added_tokens: readonly { readonly id: number; readonly content: string; readonly special: boolean }[];
  readonly model: { readonly vocab: Readonly<Record<string, number>>; readonly merges: readonly (string | readonly string[])[] };
}

const json = <T>(name: string) =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/text/${name}.json`, import.meta.url), "utf8")) as T;

/** The tokenizer.* entries that llama.cpp's converter makes of a tokenizer.json, with two rows of padding. */
function entriesOf({ added_tokens, model }: TokenizerJson, pre: string): Map<string, GgufValue> {
  const size = Math.max(...Object.values(model.vocab), ...added_tokens.map(({ id }) => id)) + 3;
  const tokens = Array.from({ length: size }, (_, i) => `[PAD${i}]`);
  const types = tokens.map(() => 5);
  for (const [token, id] of Object.entries(model.vocab)) {
    tokens[id] = token;
    types[id] = 1;
  }
  for (const { id, content, special } of added_tokens) {
    tokens[id] = content;
    types[id] = special ? 3 : 4;
  }
  return new Map<string, GgufValue>([
    ["tokenizer.ggml.model", "gpt2"],
    ["tokenizer.ggml.pre", pre],
    ["tokenizer.ggml.tokens", tokens],
    ["tokenizer.ggml.token_type", types],
    ["tokenizer.ggml.merges", model.merges.map((merge) => (typeof merge === "string" ? merge : merge.join(" ")))],
  ]);
}

const metadataOf = (metadata: ReadonlyMap<string, GgufValue>) =>
  new GgufMetadata({ file: "a.gguf", metadata, tensors: new Map() });

describe("readTokenizer", () => {
  for (const [name, pre] of [
    ["digits", "smollm"],
    ["qwen", "qwen2"],
  ] as const) {
    it(`splits and merges as ${name}'s tokenizer.json for "${pre}": awkward texts, added tokens of both kinds`, () => {
      const original = json<TokenizerJson>(`${name}-tokenizer`);
      const files = readTokenizer(metadataOf(entriesOf(original, pre)), "a.gguf");
      const tokenizer = loadTokenizer(files.tokenizerJson, files.tokenizerConfig({ image_token: "<image>", odd_token: "<odd>" }));
      const { cases } = json<{ cases: readonly { text: string; ids: number[] }[] }>(`${name}-cases`);
      expect(cases.length).toBeGreaterThan(100);
      for (const { text, ids } of cases) expect(tokenizer.encodeTemplate(text), JSON.stringify(text)).toEqual(ids);
      expect(tokenizer.namedTokens).toEqual({ image_token: "<image>" });
      expect(tokenizer.vocabularySize).toBe(loadTokenizer(original, {}).vocabularySize);
    });
  }

  it("refuses lists that do not fit each other", () => {
    const entries = entriesOf(json("qwen-tokenizer"), "qwen2").set("tokenizer.ggml.token_type", [1, 1]);
    expect(() => readTokenizer(metadataOf(entries), "a.gguf")).toThrow(/tokens and 2 token types/);
  });
});

describe("shortestDecimal", () => {
  it("gives back what a float32 was written as", () => {
    for (const value of [1e-6, 1e-5, 0.1, 0.4578275, 273_768, 5e6, -0.3]) {
      expect(shortestDecimal(Math.fround(value))).toBe(value);
    }
  });

  it("leaves a double alone that is no float32", () => {
    expect(shortestDecimal(0.123456789012)).toBe(0.123456789012);
  });
});
