import { describe, expect, it } from "vitest";
import { drawable, yAxisOf } from "./yAxis";

const range = [100, 0] as const;
const log = (values: number[], include: number[] = []) => yAxisOf(values, { kind: "log", include, range });

describe("yAxisOf", () => {
  it("gives equal factors equal distances on a logarithmic axis", () => {
    const { place } = log([0.01, 100]);
    expect(place(0.01)).toBeCloseTo(100, 6);
    expect(place(1)).toBeCloseTo(50, 6);
    expect(place(100)).toBeCloseTo(0, 6);
  });

  it("labels powers of ten, few of them over many", () => {
    expect(log([0.05, 20]).ticks.map(({ label }) => label)).toEqual(["0.1", "1", "10"]);
    expect(log([1e-9, 1e3]).ticks.length).toBeLessThanOrEqual(5);
    expect(log([2, 6]).ticks.map(({ value }) => value)).toEqual([2, 3, 4, 5, 6]);
  });

  it("leaves values that have no logarithm out of the range", () => {
    expect(log([-1, 0, 1, 10], [0]).place(1)).toBeCloseTo(100, 6);
    expect(drawable("log")(0)).toBe(false);
    expect(drawable("linear")(0)).toBe(true);
  });

  it("has an axis for nothing, one value and equal values", () => {
    for (const values of [[], [3], [3, 3], [-1]]) {
      for (const kind of ["linear", "log"] as const) {
        const { ticks, place } = yAxisOf(values, { kind, include: [], range });
        expect(ticks.length, `${kind} ${values}`).toBeGreaterThan(0);
        for (const { value } of ticks) expect(Number.isFinite(place(value))).toBe(true);
      }
    }
  });
});
