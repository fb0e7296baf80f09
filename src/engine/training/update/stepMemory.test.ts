import { tensor1d } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { setUpWasm } from "@/ops/test/wasmFixture";
import type { StepReport } from "@/protocol/training";
import { metricsTable } from "@/state/metrics";
import { withMemory } from "./stepMemory";

setUpWasm();
const report: StepReport = { step: 1, metrics: { "reward/overall": 1 }, rollouts: [], images: [], texts: {} };

describe("withMemory", () => {
  it("adds the bytes that are held now, under a name that the charts know", () => {
    const before = withMemory(report).metrics;
    const held = tensor1d(new Float32Array(1000));
    const after = withMemory(report).metrics;
    held.dispose();
    const [name] = Object.keys(before).filter((key) => !(key in report.metrics));
    expect((after[name as string] as number) - (before[name as string] as number)).toBe(4000);
    expect(metricsTable.find(({ key }) => key === name)?.format).toBe("bytes");
    expect(before["reward/overall"]).toBe(1);
  });
});
