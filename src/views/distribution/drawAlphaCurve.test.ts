import { describe, expect, it } from "vitest";
import { policyPresets } from "@/rl/settings";
import { previewUpdate } from "@/rl/vppo";
import { dotAt, drawAlphaCurve } from "./drawAlphaCurve";

const size = { width: 320, height: 104 };
const trajectories = [0.1, 0.4, 1.2, 0.7].map((mean, i) => ({
  group: 0,
  reward: i % 2,
  dependency: new Float32Array(8).fill(mean),
  stream: i,
}));

function drawn(changes: Partial<typeof policyPresets.vppo>) {
  const settings = { ...policyPresets.vppo, ...changes };
  const preview = previewUpdate(trajectories, settings);
  return { preview, drawing: drawAlphaCurve({ ...preview, betaMin: settings.betaMin }, size) };
}

/** Height of a line at x. */
function heightAt(path: string, x: number): number {
  const [x0, y0, x1, y1] = path.match(/[\d.]+/g)!.map(Number) as [number, number, number, number];
  return y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
}

describe("drawAlphaCurve", () => {
  it("puts every rollout of the update on the line between β_min and β_max", () => {
    for (const betaMin of [0.2, 0.9]) {
      const { drawing, preview } = drawn({ betaMin });
      expect(drawing.lines).toHaveLength(1);
      expect(drawing.dots.map(({ alpha }) => alpha)).toEqual([...preview.alpha]);
      for (const dot of drawing.dots) expect(dot.y).toBeCloseTo(heightAt(drawing.lines[0]!.path, dot.x), 0);
      const low = drawing.levels.find(({ label }) => label === "β_min")!;
      expect(low.value).toBe(betaMin);
      expect(drawing.dots[0]!.y).toBeCloseTo(low.y, 1);
      expect(drawing.dots[2]!.y).toBeCloseTo(drawing.levels.find(({ label }) => label === "β_max")!.y, 1);
    }
  });

  it("draws one line per micro-batch, because each has its own β_max", () => {
    const { drawing, preview } = drawn({ microBatchSize: 2, betaMin: 0.2 });
    expect(drawing.lines.map(({ betaMax }) => betaMax)).toEqual(preview.betaMax);
    expect(drawing.lines).toHaveLength(2);
    drawing.dots.forEach((dot, i) => {
      expect(dot.y).toBeCloseTo(heightAt(drawing.lines[Math.floor(i / 2)]!.path, dot.x), 0);
    });
  });

  it("has dots at 1 and no line where nothing is scaled", () => {
    const { drawing } = drawn({ shaping: "off" });
    expect(drawing.lines).toEqual([]);
    expect(drawing.levels.map(({ label }) => label)).toEqual(["α = 1"]);
    expect(new Set(drawing.dots.map(({ y }) => y)).size).toBe(1);
  });

  it("stays inside its frame, without rollouts too", () => {
    const { drawing } = drawn({ betaMin: 0 });
    for (const { x, y } of drawing.dots) {
      expect(x).toBeGreaterThanOrEqual(drawing.plot.left);
      expect(x).toBeLessThanOrEqual(drawing.plot.right);
      expect(y).toBeGreaterThanOrEqual(drawing.plot.top);
      expect(y).toBeLessThanOrEqual(drawing.plot.bottom);
    }
    expect(drawAlphaCurve({ meanDependency: [], alpha: [], range: null, betaMin: 0.9, betaMax: [] }, size).dots).toEqual([]);
  });

  it("leaves rollouts without tokens out", () => {
    const input = { meanDependency: [0.5, Number.NaN], alpha: [1, 1], range: null, betaMin: 0.9, betaMax: [null] };
    expect(drawAlphaCurve(input, size).dots.map(({ rollout }) => rollout)).toEqual([0]);
  });
});

describe("dotAt", () => {
  it("finds the nearest dot within reach", () => {
    const { drawing } = drawn({});
    const [first, second] = drawing.dots;
    expect(dotAt(drawing.dots, { x: first!.x + 2, y: first!.y }, 16)).toBe(first);
    expect(dotAt(drawing.dots, { x: second!.x, y: second!.y + 200 }, 16)).toBeNull();
  });
});
