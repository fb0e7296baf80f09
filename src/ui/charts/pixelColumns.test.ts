import { describe, expect, it } from "vitest";
import { createRng } from "@/lib/rng";
import { indexRange, pixelColumns } from "./pixelColumns";

const count = 20_000;
function noise() {
  const rng = createRng(7, 1);
  return {
    xs: Float64Array.from({ length: count }, (_, i) => i),
    ys: Float64Array.from({ length: count }, () => rng.next()),
  };
}
const frame = { from: 0, to: count - 1, columns: 200, canDraw: Number.isFinite };

describe("pixelColumns", () => {
  it("keeps every point while there are few, without a band", () => {
    const xs = [1, 2, 3];
    expect(pixelColumns({ xs, ys: [5, 6, 7] }, { ...frame, from: 1, to: 3 })).toEqual({
      xs,
      ys: [5, 6, 7],
      low: [],
      high: [],
      gaps: [],
    });
  });

  it("makes one point per pixel of many: the mean, with lowest and highest as the band", () => {
    const { xs, ys, low, high } = pixelColumns(noise(), frame);
    expect(xs).toHaveLength(200);
    for (const [i, y] of ys.entries()) {
      expect(y).toBeGreaterThan(0.3);
      expect(y).toBeLessThan(0.7);
      expect(low[i]).toBeLessThan(0.15);
      expect(high[i]).toBeGreaterThan(0.85);
    }
  });

  it("never loses the highest and the lowest value", () => {
    const source = noise();
    source.ys[12_345] = 99;
    source.ys[777] = -99;
    const { low, high } = pixelColumns(source, frame);
    expect(Math.max(...high)).toBe(99);
    expect(Math.min(...low)).toBe(-99);
  });

  it("says where values are that are not numbers, because gaps must not disappear", () => {
    const source = noise();
    source.ys[4321] = Number.NaN;
    expect(pixelColumns(source, frame).gaps).toEqual([4321]);
  });

  it("cuts a line that begins and ends outside of the range at its edges", () => {
    const { xs, ys } = pixelColumns({ xs: [0, 10, 20], ys: [0, 10, 20] }, { ...frame, from: 5, to: 15 });
    expect([xs, ys]).toEqual([
      [5, 10, 15],
      [5, 10, 15],
    ]);
  });

  it("leaves out what the axis cannot show", () => {
    const { ys } = pixelColumns({ xs: [1, 2, 3], ys: [1, 0, 2] }, { ...frame, from: 1, to: 3, canDraw: (value) => value > 0 });
    expect(ys).toEqual([1, Number.NaN, 2]);
  });

  it("finds the points of a range with both ends", () => {
    expect(indexRange([1, 3, 5, 7], 3, 5)).toEqual([1, 3]);
    expect(indexRange([1, 3, 5, 7], 4, 4)).toEqual([2, 2]);
    expect(indexRange([], 0, 9)).toEqual([0, 0]);
  });
});
