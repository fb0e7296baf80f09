import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { filterTokens, keptTokenCount } from "@/rl/tokenFilter";
import { drawHistogram, keepRatioAt, keepRatioFor, nextBar, tokensOfBar } from "./drawHistogram";

const size = { width: 400, height: 128 };
const column = fc
  .array(fc.float({ min: 0, max: 20, noNaN: true }), { minLength: 1, maxLength: 300 })
  .map((list) => Float32Array.from(list));

describe("drawHistogram", () => {
  it("counts every value in exactly one bar, between the bar's bounds", () => {
    fc.assert(
      fc.property(column, (values) => {
        const { bars } = drawHistogram(values, size);
        expect(bars.reduce((sum, bar) => sum + bar.count, 0)).toBe(values.length);
        for (const bar of bars) {
          const inside = values.filter((value) => value >= bar.from - 1e-4 && value <= bar.to + 1e-4).length;
          expect(inside).toBeGreaterThanOrEqual(bar.count);
        }
      }),
    );
  });

  it("lists the tokens of every bar, each token once, the strongest first", () => {
    fc.assert(
      fc.property(column, (values) => {
        const drawing = drawHistogram(values, size);
        const lists = drawing.bars.map((_, bar) => tokensOfBar(values, drawing, bar));
        expect(lists.map((tokens) => tokens.length)).toEqual(drawing.bars.map(({ count }) => count));
        expect([...lists.flat()].sort((a, b) => a - b)).toEqual([...values.keys()]);
        for (const tokens of lists) {
          const sizes = tokens.map((t) => values[t]!);
          expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
        }
      }),
      { numRuns: 30 },
    );
  });

  it("goes from bar to bar over empty ones", () => {
    const { bars } = drawHistogram(Float32Array.of(0, 0, 4, 9), size);
    const filled = bars.flatMap(({ count }, i) => (count > 0 ? [i] : []));
    expect(filled).toHaveLength(3);
    expect([nextBar(bars, filled[0]!, 1), nextBar(bars, filled[2]!, -1)]).toEqual([filled[1], filled[1]]);
    expect([nextBar(bars, filled[0]!, -1), nextBar(bars, filled[2]!, 1)]).toEqual([null, null]);
  });

  it("draws the curve from the whole dependency at the left to nothing at the right", () => {
    const drawing = drawHistogram(Float32Array.of(1, 1, 2), { width: 300, height: 100 });
    expect(drawing.plot).toEqual({ left: 28, right: 256, top: 8, bottom: 80 });
    expect(drawing.curve).toMatchInlineSnapshot(`"M28,8L28,8L189.22,8L189.22,44L256,44L256,80L256,80L256,80L256,80"`);
  });

  it("has no curve when there is no dependency, and no endless axis", () => {
    const drawing = drawHistogram(new Float32Array(5), size);
    expect(drawing.curve).toBe("");
    expect(drawing.valueAt(1e9)).toBeCloseTo(0.01, 12);
  });

  it("turns pixels into values and back", () => {
    const drawing = drawHistogram(Float32Array.of(0, 3), size);
    for (const value of [0, 0.2, 1, 3]) expect(drawing.valueAt(drawing.x(value))).toBeCloseTo(value, 9);
    expect(drawing.valueAt(-50)).toBe(0);
  });
});

describe("the threshold", () => {
  it("keeps exactly as many tokens as asked, with a short number", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4096 }), fc.double({ min: 0, max: 1, noNaN: true }), (tokenCount, share) => {
        const count = Math.max(1, Math.round(share * tokenCount));
        const ratio = keepRatioFor(count, tokenCount);
        expect(keptTokenCount(ratio, tokenCount)).toBe(count);
        expect(ratio).toBeGreaterThanOrEqual(0.0001);
        expect(ratio).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("becomes the k that keeps the tokens at or above it", () => {
    fc.assert(
      fc.property(column, fc.float({ min: 0, max: 20, noNaN: true }), (values, threshold) => {
        const { mask } = filterTokens(values, keepRatioAt(values, threshold));
        const above = values.filter((value) => value >= threshold).length;
        expect(mask.reduce((sum, kept) => sum + kept, 0)).toBe(Math.max(1, above));
      }),
    );
  });
});
