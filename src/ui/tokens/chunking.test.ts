import { describe, expect, it } from "vitest";
import { createChunker, displayText, isSpecialToken, splitUnseen, tokenLabel, unseenCode } from "./chunking";

/** Blocks as [text, thinking]. */
function blocks(texts: readonly string[]): readonly (readonly [string, boolean])[] {
  const chunker = createChunker();
  const found: [string, boolean][] = [];
  for (const text of texts) {
    const { opens, thinking } = chunker.place(text);
    if (opens) found.push(["", thinking]);
    found.at(-1)![0] += text;
  }
  return found;
}

describe("createChunker", () => {
  it("sets the thinking part apart, white space after its end included", () => {
    expect(blocks(["<think>", "Two", " red", ".", "</think>", "\n", "\\boxed{", "2", "}"])).toEqual([
      ["<think>Two red.</think>\n", true],
      ["\\boxed{2}", false],
    ]);
  });

  it("finds tags that are spread over tokens", () => {
    expect(blocks(["<", "think", ">", " hm", " </", "think", ">", " It", " is"])).toEqual([
      ["<think> hm </think>", true],
      [" It is", false],
    ]);
  });

  it("finds the end of thinking whose opening tag stood in the prompt, once", () => {
    const chunker = createChunker();
    const texts = ["Two", " red", ".", "</", "think", ">", "\n\n", "It", " is", "</think>"];
    const places = texts.map((text) => chunker.place(text));
    expect(places.flatMap(({ endsThinking }, i) => (endsThinking ? [i] : []))).toEqual([5]);
    expect(places.flatMap(({ opens }, i) => (opens ? [i] : []))).toEqual([0, 7]);
  });

  it("cuts at line breaks and keeps empty lines with the line before", () => {
    expect(blocks(["One", ".\n", "\n", "Two"])).toEqual([
      ["One.\n\n", false],
      ["Two", false],
    ]);
  });

  it("cuts very long lines at a sentence, or anywhere in the end", () => {
    const sentences = Array.from({ length: 300 }, (_, i) => (i % 10 === 9 ? "." : " a"));
    for (const [text] of blocks(sentences)) expect(text.length).toBeLessThan(2 * 130);
    expect(blocks(Array.from({ length: 400 }, () => "x")).map(([text]) => text.length)).toEqual([192, 192, 16]);
  });
});

describe("token texts", () => {
  it("show white space and empty pieces", () => {
    expect([displayText("\n"), displayText(""), displayText("\t")]).toEqual(["⏎\n", "∅", "⇥"]);
    expect([tokenLabel(" bus"), tokenLabel("bus"), tokenLabel("\n")]).toEqual(["␣bus", "bus", "⏎"]);
  });

  it("show what would hide or turn the text around it by its code", () => {
    expect(displayText("a\u202eb")).toBe("a⟨U+202E⟩b");
    expect(displayText("\u200b")).toBe("⟨U+200B⟩");
    expect(displayText("\u0000\u001b[31m")).toBe("⟨U+0000⟩⟨U+001B⟩[31m");
    expect(splitUnseen("a\u202eb\n")).toEqual(["a", "\u202e", "b\n"]);
    expect(["\u202e", "b", "\n", "\u{e0041}"].map(unseenCode)).toEqual(["U+202E", undefined, undefined, "U+E0041"]);
    // What other scripts need stays: letters, combining marks, emoji.
    for (const text of ["שלום", "مرحبا", "é", "日本", "🙂"]) expect(displayText(text)).toBe(text);
  });

  it("are shortened in lists", () => {
    expect(tokenLabel("W".repeat(100_000))).toHaveLength(81);
  });

  it("tell special tokens from text in angle brackets", () => {
    expect(["<|im_end|>", "<end_of_utterance>", "</s>"].every(isSpecialToken)).toBe(true);
    expect(["<think>", "</think>", "<", "a < b"].some(isSpecialToken)).toBe(false);
  });
});
