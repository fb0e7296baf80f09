import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countBins, histogramGeometry } from "./histogramGeometry";

describe("countBins", () => {
  it("counts every value exactly once, where it belongs", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 25, noNaN: true })), fc.boolean(), (values, overflow) => {
        const bins = countBins(values, { max: 10, bins: 8, overflow });
        expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
        bins.forEach(({ from, to, count }, i) => {
          const isLast = !overflow && i === bins.length - 1;
          expect(count).toBe(values.filter((value) => value >= from && (value < to || isLast)).length);
        });
      }),
    );
  });

  it("has a bar of its own for what reaches the end, or none", () => {
    expect(countBins([0, 9.99, 10, 50], { max: 10, bins: 2, overflow: true }).map(({ count }) => count)).toEqual([1, 1, 2]);
    expect(countBins([0, 9.99, 10, 50], { max: 10, bins: 2 }).map(({ count }) => count)).toEqual([1, 3]);
  });
});

describe("histogramGeometry", () => {
  const bins = countBins([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 12], { max: 10, bins: 4, overflow: true });
  const frame = { width: 300, height: 120 };

  it("draws no bar for nothing, and in logarithmic counts one is a bar still", () => {
    const { bars, plot } = histogramGeometry(bins, { ...frame, logCounts: true });
    expect(bars.map(({ height }) => height > 0)).toEqual([true, true, false, false, true]);
    for (const { x, y, width, height } of bars) {
      expect(x).toBeGreaterThanOrEqual(plot.left);
      expect(x + width).toBeLessThanOrEqual(plot.right);
      expect(y + height).toBeCloseTo(plot.bottom, 6);
    }
  });

  it("is proportional in linear counts", () => {
    const { bars } = histogramGeometry(bins, { ...frame, logCounts: false });
    expect((bars[0]?.height ?? 0) / (bars[1]?.height ?? 1)).toBeCloseTo(10, 1);
  });

  it("names the bar beyond the end and keeps the other labels clear of it", () => {
    const { xTicks } = histogramGeometry(bins, { ...frame, logCounts: true });
    expect(xTicks.at(-1)?.label).toBe("≥ 10");
    expect(xTicks.slice(0, -1).map(({ label }) => label)).toEqual(["0", "2", "4", "6", "8"]);
  });

  it("has a scale without values", () => {
    const { bars, yTicks } = histogramGeometry(countBins([], { max: 1, bins: 3 }), { ...frame, logCounts: true });
    expect(bars.every(({ height }) => height === 0)).toBe(true);
    expect(yTicks.length).toBeGreaterThan(0);
  });
});
