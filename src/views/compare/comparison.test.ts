import { describe, expect, it } from "vitest";
import { commonIds, compareSides } from "./comparison";

describe("compareSides", () => {
  const a = { ids: [1, 2, 3, 4], dependency: Float32Array.of(0.5, 1, 2, 0.25) };
  const b = { ids: [1, 9, 3, 4, 5], dependency: Float32Array.of(0.5, 4, 0.5, 1, 3) };
  const compared = compareSides(a, b);

  it("counts what is shared and what stands on one side alone", () => {
    expect(compared).toMatchObject({ alignment: { same: 3 }, onlyA: 1, onlyB: 2 });
  });

  it("takes the differences where both have the token, for both sides alike", () => {
    expect([...compared.deltaA]).toEqual([0, Number.NaN, 1.5, -0.75]);
    expect([...compared.deltaB]).toEqual([0, Number.NaN, 1.5, -0.75, Number.NaN]);
  });

  it("names the strongest changes first and leaves out what is equal", () => {
    expect(compared.changes).toEqual([
      { a: 2, b: 2, delta: 1.5 },
      { a: 3, b: 3, delta: -0.75 },
    ]);
  });

  it("has sums of both sides, whose difference is that of the shared tokens plus what stands on one side", () => {
    expect([compared.sumA, compared.sumB, compared.sumDelta]).toEqual([3.75, 9, 0.75]);
    expect(compared.sumA - compared.sumB).toBe(compared.sumDelta + 1 - (4 + 3));
  });
});

describe("commonIds", () => {
  it("go by texts where ids come from other tokenizers", () => {
    const left = { ids: Int32Array.of(1, 2, 1), text: (id: number) => (id === 1 ? "a" : "b") };
    const right = { ids: Int32Array.of(7, 8), text: (id: number) => (id === 7 ? "b" : "c") };
    expect(commonIds(left, right, true)).toEqual([left.ids, right.ids]);
    const [x, y] = commonIds(left, right, false);
    expect([x, y]).toEqual([
      [0, 1, 0],
      [1, 2],
    ]);
  });
});
