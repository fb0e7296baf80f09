import { describe, expect, it } from "vitest";
import { fuzzyScore } from "./fuzzy";

const names = [
  "Ask",
  "Go to the question",
  "Go to Keep k",
  "Step",
  "Show step",
  "Show system",
  "Copy a link to this view",
  "Switch light and dark",
];
const found = (query: string) =>
  names
    .flatMap((name) => {
      const score = fuzzyScore(name, query);
      return score === null ? [] : [{ name, score }];
    })
    .sort((a, b) => a.score - b.score)
    .map(({ name }) => name);

describe("finding a command", () => {
  it("takes words in any order, beginnings first", () => {
    expect(found("dark light")).toEqual(["Switch light and dark"]);
    expect(found("sys")[0]).toBe("Show system");
    expect(found("step").slice(0, 2)).toEqual(["Step", "Show step"]);
  });

  it("takes letters in their order, initials before others", () => {
    expect(found("gtk")[0]).toBe("Go to Keep k");
    expect(found("gtq")[0]).toBe("Go to the question");
    expect(found("cal")).toContain("Copy a link to this view");
  });

  it("finds all without a word, and nothing for what does not fit", () => {
    expect(found("")).toEqual(names);
    expect(found("zzz")).toEqual([]);
    expect(found("ksa")).toEqual([]);
  });
});
