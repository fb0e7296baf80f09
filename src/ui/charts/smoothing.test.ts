import { describe, expect, it } from "vitest";
import { bandOf, smooth, smoothingSpan } from "./smoothing";

describe("smooth", () => {
  it("does nothing with weight 0 and keeps a constant with any weight", () => {
    expect([...smooth([1, 5, 2], 0)]).toEqual([1, 5, 2]);
    for (const value of smooth([3, 3, 3, 3], 0.9)) expect(value).toBeCloseTo(3, 12);
  });

  it("stays between the values it averages and passes over gaps", () => {
    const result = smooth([0, 1, Number.NaN, 1], 0.5);
    expect(result[1]).toBeCloseTo(2 / 3, 12);
    expect(result[2]).toBeNaN();
    expect(result[3]).toBeCloseTo(6 / 7, 12);
  });
});

describe("bandOf", () => {
  it("has the lowest and the highest of the last steps, as a search through them finds", () => {
    const ys = Array.from({ length: 300 }, (_, i) => (i % 37 === 5 ? Number.NaN : Math.sin(i * 12.9898) * 43.7));
    for (const span of [1, 2, 19, 500]) {
      const { low, high } = bandOf(ys, span);
      ys.forEach((_, i) => {
        const last = ys.slice(Math.max(0, i - span + 1), i + 1).filter(Number.isFinite);
        expect(low[i]).toBe(last.length === 0 ? Number.NaN : Math.min(...last));
        expect(high[i]).toBe(last.length === 0 ? Number.NaN : Math.max(...last));
      });
    }
  });

  it("spans what the average spans", () => {
    expect([0, 0.5, 0.9, 0.99, 0.999].map(smoothingSpan)).toEqual([1, 3, 19, 199, 1999]);
  });
});
