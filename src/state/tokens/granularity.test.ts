import { describe, expect, it } from "vitest";
import { groupEnds, readPattern, spreadOver } from "./granularity";

const texts = ["<think>", "The", " cir", "cle", " is", " red", ".", " It", " stands", "\n", "Yes"];

describe("groupEnds", () => {
  it("joins the pieces of a word", () => {
    expect(groupEnds(texts, "word")).toEqual([2, 4, 5, 7, 8, 9, 10, 11]);
  });

  it("ends a sentence at its stop, at a line break and at a tag", () => {
    expect(groupEnds(texts, "sentence")).toEqual([1, 7, 10, 11]);
  });

  it("ends a reasoning step at a line break and after a tag, not at a stop", () => {
    expect(groupEnds(texts, "step")).toEqual([1, 10, 11]);
    expect(groupEnds(["So", " 2", ".", "</think>", "2"], "step")).toEqual([4, 5]);
  });

  it("leaves a line break with what it ends", () => {
    const lines = ["So", " 2", ".", "\n\n", "</think>", "\n", "2", "."];
    expect(groupEnds(lines, "sentence")).toEqual([4, 6, 8]);
    expect(groupEnds(lines, "step")).toEqual([4, 6, 8]);
  });

  it("cuts after every match of a pattern, also where one token holds several or a match ends inside one", () => {
    const cut = (source: string, parts: readonly string[]) => {
      const read = readPattern(source);
      return groupEnds(parts, "pattern", "pattern" in read ? read.pattern : undefined);
    };
    expect(cut("[,;]", ["a", ",", " b", ";,", "c"])).toEqual([2, 4, 5]);
    expect(cut("is", texts)).toEqual([5, 11]);
    expect(cut("ir", texts)).toEqual([3, 11]);
    expect(cut("zzz", texts)).toEqual([11]);
    expect(cut("(", ["a", "b"])).toEqual([1, 2]);
  });

  it("has no groups without tokens", () => {
    for (const granularity of ["word", "sentence", "step", "pattern"] as const) {
      expect(groupEnds([], granularity, /x/g)).toEqual([]);
    }
  });
});

describe("spreadOver", () => {
  const values = Float32Array.of(1, 3, 5, -8, 8);
  const ends = [2, 4, 5];

  it("gives every token the mean, the sum or the largest of its group, by size and with its sign", () => {
    expect([...spreadOver(values, ends, "mean")]).toEqual([2, 2, -1.5, -1.5, 8]);
    expect([...spreadOver(values, ends, "sum")]).toEqual([4, 4, -3, -3, 8]);
    expect([...spreadOver(values, ends, "max")]).toEqual([3, 3, -8, -8, 8]);
  });
});

describe("readPattern", () => {
  it("says what is wrong with a pattern that is none", () => {
    expect(readPattern("")).toEqual({ problem: expect.stringContaining("is empty") });
    expect(readPattern("(")).toEqual({ problem: expect.stringContaining("no regular expression") });
    expect(readPattern("[.!?]")).toHaveProperty("pattern");
  });
});
