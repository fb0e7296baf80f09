import { describe, expect, it } from "vitest";
import { drawCharts, noisyRun } from "./chartWork";

// A line has at most one point per pixel of its plot, and its band two.
const plotWidth = 232 - 48;
const most = 8 * 3 * (plotWidth + 2);

describe("the work of eight charts", () => {
  it("does not grow with the length of the run: what is drawn is bounded by the pixels", () => {
    const [short, long] = [noisyRun(500), noisyRun(20_000)];
    expect(drawCharts(long)).toBeLessThanOrEqual(most);
    expect(drawCharts(long)).toBeLessThanOrEqual(drawCharts(short) * 1.1);
    expect(drawCharts(long, { smoothing: 0.99 })).toBeLessThanOrEqual(most);
  });

  it("draws every point of a short run", () => {
    expect(drawCharts(noisyRun(50))).toBe(8 * 50);
  });
});
