import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadTokenizer, TokenizerError } from "./tokenizer";

const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));
const smolvlm = loadTokenizer(json("fixtures/smolvlm/tokenizer.json"), json("fixtures/smolvlm/tokenizer_config.json"));

describe("loadTokenizer", () => {
  for (const name of ["digits", "qwen"]) {
    const tokenizer = loadTokenizer(json(`fixtures/text/${name}-tokenizer.json`), {});
    const { cases }: { cases: { text: string; ids: number[] }[] } = json(`fixtures/text/${name}-cases.json`);

    it(`gives the ids of Python's tokenizers on awkward texts (${name})`, () => {
      for (const { text, ids } of cases) expect(tokenizer.encodeTemplate(text), JSON.stringify(text)).toEqual(ids);
    });

    it(`decodes back to the text (${name})`, () => {
      for (const { text, ids } of cases) expect(tokenizer.decode(ids)).toBe(name === "qwen" ? text.normalize("NFC") : text);
    });
  }

  it("composes letters, splits numbers into digits and keeps line breaks together, as Qwen's tokenizers do", () => {
    const tokenizer = loadTokenizer(json("fixtures/text/qwen-tokenizer.json"), {});
    const parts = (text: string) => tokenizer.encode(text).map((id) => tokenizer.tokenText(id));
    expect(tokenizer.encode("e\u0301")).toEqual(tokenizer.encode("\u00e9"));
    expect(parts("1212")).toEqual(["1", "2", "1", "2"]);
    expect(parts("\n\n")).toEqual(["\n\n"]);
    expect(parts("circle\n\ncircle")).toContain("\n\n");
  });

  it("keeps special tokens in user text as letters, and matches other added tokens anywhere", () => {
    const tokenizer = loadTokenizer(json("fixtures/text/qwen-tokenizer.json"), {});
    const image = tokenizer.tokenId("<image>")!;
    const think = tokenizer.tokenId("<think>")!;
    const ids = tokenizer.encode("<image><think>");
    expect(ids).not.toContain(image);
    expect(ids).toContain(think);
    expect(tokenizer.decode(ids)).toBe("<image><think>");
    expect(tokenizer.encodeTemplate("<image><think>")).toEqual([image, think]);
  });

  it("encodes and decodes any text without special ids", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const ids = smolvlm.encode(text);
        expect(smolvlm.decode(ids)).toBe(text);
        expect(ids.some((id) => smolvlm.isSpecial(id))).toBe(false);
      }),
    );
  });

  it("merges across the border of two text pieces, but not across a special token", () => {
    const text = (value: string) => ({ kind: "text", text: value }) as const;
    expect(smolvlm.encodePieces([text("t"), text("he")])).toEqual(smolvlm.encode("the"));
    expect(smolvlm.encodePieces([text("t"), { kind: "special", text: "<image>" }, text("he")])).toEqual([
      ...smolvlm.encode("t"),
      286,
      ...smolvlm.encode("he"),
    ]);
  });

  it("knows its end token, its named tokens and its size", () => {
    expect(smolvlm.eosIds).toEqual([287]);
    expect(smolvlm.vocabularySize).toBe(288);
    expect(smolvlm.namedTokens).toMatchObject({ image_token: "<image>", fake_image_token: "<fake_token_around_image>" });
    expect(smolvlm.specialTokens).toContain("<row_4_col_4>");
    expect(smolvlm.tokenId("<end_of_utterance>")).toBe(287);
    expect(smolvlm.tokenId("nonesuch")).toBeUndefined();
  });

  it("shows part of a character as bytes and a whole one as itself", () => {
    const ids = smolvlm.encode("🔴 a\n");
    expect(ids.map((id) => smolvlm.tokenText(id))).toEqual(["<0xF0>", "<0x9F>", "<0x94>", "<0xB4>", " ", "a", "\n"]);
    expect(smolvlm.decode(ids.slice(0, 3))).toBe("\ufffd");
    expect(smolvlm.tokenText(286)).toBe("<image>");
    expect(smolvlm.tokenText(100_000)).toBe("");
    expect(smolvlm.decode([286, ...ids, 287], { skipSpecial: true })).toBe("🔴 a\n");
  });

  it("strips around special tokens that ask for it", () => {
    const file = json("fixtures/smolvlm/tokenizer.json");
    for (const token of file.added_tokens) if (token.content === "<image>") Object.assign(token, { lstrip: true, rstrip: true });
    expect(loadTokenizer(file, {}).encodeTemplate("a <image> b")).toEqual([...smolvlm.encode("a"), 286, ...smolvlm.encode("b")]);
  });

  it("refuses files that are no byte-level BPE with a sentence", () => {
    const file = json("fixtures/smolvlm/tokenizer.json");
    expect(() => loadTokenizer({}, {})).toThrow(TokenizerError);
    expect(() => loadTokenizer(null, {})).toThrow(TokenizerError);
    expect(() => loadTokenizer(file, "text")).toThrow(TokenizerError);
    expect(() => loadTokenizer({ ...file, decoder: { type: "WordPiece" } }, {})).toThrow(/decoder/);
    expect(() => loadTokenizer({ ...file, model: { ...file.model, type: "Unigram" } }, {})).toThrow(/model\.type/);
  });
});
