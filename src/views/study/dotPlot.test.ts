import { describe, expect, it } from "vitest";
import { type DotRow, dotPlotGeometry } from "./dotPlot";

const row = (label: string, dots: number[], value: number, low: number, high: number): DotRow => ({
  label,
  dots,
  value,
  low,
  high,
});
const frame = { width: 400, labelWidth: 80, numberWidth: 60, format: String };

describe("dotPlotGeometry", () => {
  it("puts dots, mean and interval on one scale, between the names and the numbers", () => {
    const { plot, rows } = dotPlotGeometry(
      [row("a", [0.4, 0.6], 0.5, 0.3, 0.7), row("b", [0.8], 0.8, Number.NaN, Number.NaN)],
      frame,
    );
    expect(plot).toMatchObject({ left: 88, right: 332 });
    const [a, b] = rows;
    const [low, high] = a!.dots as [number, number];
    expect(a!.mean).toBeCloseTo((low + high) / 2, 1);
    expect(a!.interval!.from).toBeLessThan(low);
    expect(a!.interval!.to).toBeGreaterThan(high);
    expect(b!.dots).toEqual([b!.mean]);
    expect(b!.interval).toBeNull();
    expect(b!.y).toBeGreaterThan(a!.y);
    for (const x of [...a!.dots, ...b!.dots, a!.interval!.from]) {
      expect(x).toBeGreaterThanOrEqual(plot.left);
      expect(x).toBeLessThanOrEqual(plot.right);
    }
  });

  it("cuts an interval that would leave no room for the values, and says so", () => {
    const { rows, plot } = dotPlotGeometry([row("a", [0.5, 0.6], 0.55, -0.2, 1.3), row("b", [0.6], 0.6, 0.58, 0.62)], frame);
    expect(rows[0]!.interval).toMatchObject({ isCutLow: true, isCutHigh: true });
    expect(rows[1]!.interval).toMatchObject({ isCutLow: false, isCutHigh: false });
    expect((rows[0]!.dots[1] as number) - (rows[0]!.dots[0] as number)).toBeGreaterThan((plot.right - plot.left) / 4);
  });

  it("keeps a line in sight and no axis outside its limits", () => {
    const { lines, plot, ticks } = dotPlotGeometry([row("a", [0.95, 0.99], 0.97, 0.9, 1.1)], {
      ...frame,
      lines: [0.2, Number.NaN],
      limits: [0, 1],
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toBeGreaterThanOrEqual(plot.left);
    expect(Math.max(...ticks.map(({ label }) => Number(label)))).toBeLessThanOrEqual(1);
  });

  it("has a scale for no row, no value, one value and equal values", () => {
    for (const rows of [
      [],
      [row("a", [], Number.NaN, Number.NaN, Number.NaN)],
      [row("a", [0.5, 0.5], 0.5, 0.5, 0.5)],
      [row("a", [0], 0, 0, 0)],
    ]) {
      const geometry = dotPlotGeometry(rows, frame);
      expect(geometry.ticks.length).toBeGreaterThan(0);
      expect(JSON.stringify(geometry)).not.toContain("NaN");
      for (const { mean } of geometry.rows) if (mean !== null) expect(Number.isFinite(mean)).toBe(true);
    }
  });
});
