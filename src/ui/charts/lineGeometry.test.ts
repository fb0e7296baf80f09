import { describe, expect, it } from "vitest";
import { describeSeries, endLabelHeights, lineGeometry, nearestStep, stepToPixel } from "./lineGeometry";

const frame = { width: 240, height: 132, include: [0, 1] };
const rising = { label: "Reward", xs: [1, 2, 3, 4], ys: [0.25, 0.5, 0.5, 0.75] };

describe("lineGeometry", () => {
  it("draws a path through every point inside the plot and marks the last one", () => {
    const { lines, plot } = lineGeometry([rising], frame);
    const points =
      lines[0]?.path
        .slice(1)
        .split("L")
        .map((pair) => pair.split(",").map(Number)) ?? [];
    expect(points.map(([x]) => x)).toEqual([40, 104, 168, 232]);
    // y grows downwards: 0.25 lies as far below 0.5 as 0.75 above it.
    const [low, middle, , high] = points.map(([, y]) => y as number);
    expect((low as number) - (middle as number)).toBeCloseTo((middle as number) - (high as number), 1);
    expect(low).toBeLessThan(plot.bottom);
    expect(high).toBeGreaterThan(plot.top);
    expect(lines[0]?.end).toMatchObject({ x: plot.right, value: 0.75 });
  });

  it("interrupts the line at values that are not numbers and says where", () => {
    const broken = { label: "Loss", xs: [1, 2, 3, 4, 5], ys: [1, 2, Number.NaN, 2, 1] };
    const [line] = lineGeometry([broken], frame).lines;
    expect(line?.path.match(/M/g)).toHaveLength(2);
    expect(line?.gaps).toEqual([136]);
  });

  it("has a scale for no data, one point and a flat line", () => {
    for (const ys of [[], [3], [3, 3]]) {
      const geometry = lineGeometry([{ label: "x", xs: ys.map((_, i) => i), ys }], { width: 240, height: 132 });
      expect(geometry.yTicks.length).toBeGreaterThan(0);
      expect(geometry.lines[0]?.path).not.toContain("NaN");
    }
  });

  it("takes rounding for a flat line, and gives ticks that differ little labels that differ", () => {
    const flat = { label: "α", xs: [1, 2], ys: [1, 1 - 1e-9] };
    expect(lineGeometry([flat], { width: 240, height: 132 }).yTicks.map(({ label }) => label)).toEqual([
      "0.8",
      "0.9",
      "1",
      "1.1",
    ]);
    const close = { label: "α", xs: [1, 2], ys: [1, 1.0002] };
    const labels = lineGeometry([close], { width: 240, height: 132 }).yTicks.map(({ label }) => label);
    expect(new Set(labels).size).toBe(labels.length);
  });

  it("labels the x axis with whole steps only", () => {
    const { xTicks } = lineGeometry([rising], frame);
    expect(xTicks.map(({ label }) => label)).toEqual(["1", "2", "3", "4"]);
  });

  it("leaves out labels of steps that would run into each other", () => {
    const xs = [1, 20_000];
    const { xTicks } = lineGeometry([{ label: "Reward", xs, ys: [0, 1] }], frame);
    const spans = xTicks.map(({ x, label, anchor }) => {
      const width = label.length * 6;
      const left = x - { start: 0, middle: width / 2, end: width }[anchor];
      return [left, left + width] as const;
    });
    expect(spans.length).toBeGreaterThan(1);
    spans.slice(1).forEach(([left], i) => {
      expect(left).toBeGreaterThan(spans[i]?.[1] as number);
    });
  });

  it("finds the step under a pixel and the pixel of a step", () => {
    const geometry = lineGeometry([rising], frame);
    for (const step of rising.xs) expect(nearestStep(stepToPixel(step, geometry), geometry, rising.xs)).toBe(step);
    expect(nearestStep(-100, geometry, rising.xs)).toBe(1);
    expect(nearestStep(50, geometry, [])).toBeUndefined();
  });
});

describe("endLabelHeights", () => {
  const plot = { left: 40, right: 200, top: 8, bottom: 112 };

  it("leaves names that do not touch where their lines end", () => {
    expect(endLabelHeights([20, 60, 100], plot, 12)).toEqual([20, 60, 100]);
  });

  it("spreads names that would overlap, in the order of the lines, and keeps them above the lower edge", () => {
    expect(endLabelHeights([50, 50, 49], plot, 12)).toEqual([61, 73, 49]);
    const low = endLabelHeights([110, 111, 112], plot, 12);
    expect(low).toEqual([88, 100, 112]);
  });
});

describe("describeSeries", () => {
  it("says what the line shows", () => {
    expect(describeSeries("Reward", rising.ys)).toBe("Reward rose from 0.25 to 0.75 in 4 steps");
    expect(describeSeries("Loss", [2, 1])).toBe("Loss fell from 2 to 1 in 2 steps");
    expect(describeSeries("Kept", [0.4, 0.4])).toBe("Kept stayed at 0.4 in 2 steps");
    expect(describeSeries("Kept", [])).toBe("Kept: no values yet");
    expect(describeSeries("Loss", [1, Number.NaN])).toBe("Loss is 1 after 1 step; 1 value is not a number");
  });
});
