import { describe, expect, it } from "vitest";
import { exactMatch, extractBoxed } from "./extractBoxed";

describe("extractBoxed", () => {
  it.each([
    ["<think> two </think> \\boxed{2}", "2"],
    ["\\boxed{1} and then \\boxed{2}", "2"],
    ["\\boxed{1} and then \\boxed{2", "None"],
    ["\\boxed {A}", "None"],
    ["\\boxed{}", ""],
    ["no answer", "None"],
    ["\\boxed{\\frac{1}{2}} done}", "\\frac{1}{2}"],
    ["\\boxed{ blue }", "blue"],
    ["\\boxed{1 / 2}", "1/2"],
    ["\\boxed{a < b}", "a<b"],
    ["<think>\\boxed{3}</think>", "3"],
  ])("of %j is %j", (text, expected) => {
    expect(extractBoxed(text)).toBe(expected);
  });
});

describe("exactMatch", () => {
  it("is 1 only for the same text", () => {
    expect(exactMatch("so \\boxed{red}", "red")).toBe(1);
    expect(exactMatch("so \\boxed{red}.", " red ")).toBe(1);
    expect(exactMatch("so \\boxed{Red}", "red")).toBe(0);
    expect(exactMatch("so red", "red")).toBe(0);
  });
});
