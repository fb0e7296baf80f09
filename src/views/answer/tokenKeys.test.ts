import { describe, expect, it } from "vitest";
import { moveToken, type TokenWalk } from "./tokenKeys";

const texts = ["One", " two", ".", " Three", " four", ".", " Five"];
// Three tokens per line, 20 px high, 30 px wide.
const walk: TokenWalk = {
  count: texts.length,
  textAt: (i) => texts[i]!,
  isKept: (i) => i === 1 || i === 5,
  boxAt: (i) => ({ left: (i % 3) * 30, top: Math.floor(i / 3) * 20, bottom: Math.floor(i / 3) * 20 + 20 }),
};
const key = (name: string, ctrlKey = false) => ({ key: name, ctrlKey, metaKey: false, altKey: false });

describe("moveToken", () => {
  it.each([
    ["ArrowRight", 2, 3],
    ["ArrowRight", 6, 6],
    ["ArrowRight", -1, 0],
    ["ArrowLeft", 0, 0],
    ["Home", 4, 0],
    ["End", 4, 6],
    ["]", 1, 5],
    ["]", 5, 5],
    ["[", 4, 1],
    ["ArrowDown", 1, 4],
    ["ArrowDown", 5, 6],
    ["ArrowUp", 4, 1],
    ["ArrowUp", 1, 1],
  ])("%s leads from %d to %d", (name, from, to) => {
    expect(moveToken(key(name), from, walk)).toBe(to);
  });

  it.each([
    ["ArrowRight", 1, 3],
    ["ArrowRight", 3, 6],
    ["ArrowLeft", 5, 3],
    ["ArrowLeft", 3, 0],
  ])("with Ctrl, %s leads from %d to the start of a sentence at %d", (name, from, to) => {
    expect(moveToken(key(name, true), from, walk)).toBe(to);
  });

  it("leaves all other keys alone", () => {
    expect(moveToken(key("a"), 1, walk)).toBeNull();
    expect(moveToken({ ...key("ArrowLeft"), altKey: true }, 1, walk)).toBeNull();
    expect(moveToken(key("ArrowLeft"), -1, { ...walk, count: 0 })).toBeNull();
  });
});
