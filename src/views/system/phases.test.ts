import { describe, expect, it } from "vitest";
import type { JobReport } from "@/protocol/system";
import { flameBlocks, phaseTotals } from "./phases";

const job: JobReport = {
  kind: "answer",
  elapsedMs: 100,
  phases: [
    { name: "pictures", ms: 20 },
    { name: "decoding", ms: 80 },
  ],
  memory: [],
  tokens: 8,
  decodeSteps: 4,
  rows: 30,
  productsPerRow: 1,
};
const kernel = (phase: string, name: string, ms: number) => ({ phase, name, calls: 2, ms });

describe("the flame bar", () => {
  it("is the job above its phases, which fill it in order", () => {
    expect(flameBlocks(job).map(({ level, from, width, name }) => [level, from, width, name])).toEqual([
      [0, 0, 1, "Last answer"],
      [1, 0, 0.2, "Image encoding"],
      [1, 0.2, 0.8, "Decode"],
    ]);
  });

  it("puts kernels below their phase, on the same scale of time", () => {
    const kernels = { kernels: [kernel("decoding", "linear", 40), kernel("decoding", "rope", 8)], stepNs: 100, untimed: 0 };
    const blocks = flameBlocks({ ...job, kernels }).filter(({ level }) => level === 2);
    expect(blocks.map(({ name, from, width }) => [name, from, width])).toEqual([
      ["linear", 0.2, 0.4],
      ["rope", 0.6, 0.08],
    ]);
  });

  it("squeezes kernels whose rounded times pass the end of their phase, and says their time as measured", () => {
    const kernels = { kernels: [kernel("pictures", "linear", 30), kernel("pictures", "norm", 10)], stepNs: 100, untimed: 0 };
    const blocks = flameBlocks({ ...job, kernels }).filter(({ level }) => level === 2);
    expect(blocks.reduce((sum, { width }) => sum + width, 0)).toBeCloseTo(0.2);
    expect(blocks.map(({ ms }) => ms)).toEqual([30, 10]);
  });

  it("adds up a phase that comes several times", () => {
    const phases = ["rollouts", "update", "rollouts", "update"].map((name, i) => ({ name, ms: i + 1 }));
    expect(phaseTotals({ ...job, phases })).toEqual([
      { name: "rollouts", ms: 4 },
      { name: "update", ms: 6 },
    ]);
  });
});
