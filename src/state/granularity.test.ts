import { describe, expect, it } from "vitest";
import { averageOver, groupEnds } from "./granularity";

const texts = ["<think>", "The", " cir", "cle", " is", " red", ".", " It", " stands", "\n", "Yes"];

describe("groupEnds", () => {
  it("joins the pieces of a word", () => {
    expect(groupEnds(texts, "word")).toEqual([1 + 1, 4, 5, 7, 8, 9, 10, 11]);
  });

  it("ends a sentence at its stop, at a line break and at a tag", () => {
    expect(groupEnds(texts, "step")).toEqual([1, 7, 10, 11]);
  });

  it("has no groups without tokens", () => {
    expect(groupEnds([], "word")).toEqual([]);
  });
});

describe("averageOver", () => {
  it("gives every token the mean of its group", () => {
    expect([...averageOver(Float32Array.of(1, 3, 5, 5, 8), [2, 4, 5])]).toEqual([2, 2, 5, 5, 8]);
  });
});
