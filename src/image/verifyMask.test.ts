import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isMaskFile, verifyMask } from "./verifyMask";

const golden = JSON.parse(readFileSync("fixtures/vppo/patch-blackening.json", "utf8"));

describe("verifying random patch blackening", () => {
  it("finds the official draws and cells", () => {
    expect(isMaskFile(golden)).toBe(true);
    expect(verifyMask(golden).map(({ name, ok }) => [name, ok])).toEqual([
      ["draws", true],
      ["black cells", true],
    ]);
  });

  it("tells another seed and another grid from them", () => {
    expect(verifyMask({ ...golden, numpy_seed: 1 }).every(({ ok }) => ok)).toBe(false);
    const flipped = golden.black_grid.map((row: number[]) => row.map((cell) => 1 - cell));
    expect(verifyMask({ ...golden, black_grid: flipped }).map(({ ok }) => ok)).toEqual([true, false]);
  });

  it("does not take other files", () => {
    expect(isMaskFile({ cases: [] })).toBe(false);
  });
});
