import { describe, expect, it } from "vitest";
import type { StepReport } from "@/protocol/training";
import { SeriesBuffer } from "./seriesBuffer";

describe("SeriesBuffer", () => {
  it("keeps columns aligned with steps, with NaN where a step lacks a metric, past several enlargements", () => {
    const series = new SeriesBuffer();
    for (let step = 1; step <= 200; step++)
      series.append(step, step % 50 === 0 ? { reward: step, accuracy: 1 / step } : { reward: step });
    expect(series.length).toBe(200);
    expect([...series.steps()]).toEqual([...series.values("reward")]);
    const accuracy = series.values("accuracy");
    expect(accuracy).toHaveLength(200);
    expect([accuracy[49], accuracy[50], accuracy[199]]).toEqual([1 / 50, Number.NaN, 1 / 200]);
    expect(series.values("unknown")).toHaveLength(0);
    expect(series.keys()).toEqual(["reward", "accuracy"]);
  });

  it("takes values of a step later, leaves the other steps without them, and has no place for those of an unknown step", () => {
    const series = new SeriesBuffer();
    series.append(1, { reward: 0.5 });
    series.append(2, { reward: 0.75 });
    const version = series.version;
    expect(series.amend(2, { "val/accuracy_reward": 0.6 })).toBe(true);
    expect([...series.values("val/accuracy_reward")]).toEqual([Number.NaN, 0.6]);
    expect([...series.values("reward")]).toEqual([0.5, 0.75]);
    expect(series.version).toBeGreaterThan(version);
    expect(series.amend(3, { "val/accuracy_reward": 0.9 })).toBe(false);
    expect(series.length).toBe(2);
  });

  it("holds no more after 1 000 steps than after 200, and far fewer reports where pictures are large", () => {
    const picture = (side: number) => ({ width: side, height: side, data: new Uint8Array(3 * side ** 2) });
    const reportOf = (step: number, side: number): StepReport => {
      const length = 64;
      const rollout = {
        prompt: 0,
        question: "How many?",
        answer: "3",
        family: "count",
        text: "three",
        reward: 1,
        advantage: 0,
        alpha: 1,
        meanDependency: 0.5,
        length,
        dependency: new Float32Array(length),
        mask: new Float32Array(length),
      };
      return { step, metrics: { reward: 1 }, rollouts: [rollout, rollout], images: [picture(side)], texts: { 1: "a" } };
    };
    const series = new SeriesBuffer();
    const after: number[] = [];
    for (let step = 1; step <= 1000; step++) {
      series.append(step, { reward: 1 }, reportOf(step, 16));
      if (step === 200 || step === 1000) after.push(series.reportBytes, series.reportSteps().length);
    }
    expect(after.slice(2)).toEqual(after.slice(0, 2));
    expect(after[1]).toBe(200);
    // 3 MiB each.
    for (let step = 1001; step <= 1100; step++) series.append(step, { reward: 1 }, reportOf(step, 1024));
    expect(series.reportBytes).toBeLessThan(100 * 2 ** 20);
    expect(series.reportSteps().length).toBeLessThan(40);
    expect(series.report(1100)?.step).toBe(1100);
    expect(series.length).toBe(1100);
    series.reset();
    expect(series.reportBytes).toBe(0);
  });

  it("keeps the reports of the newest steps only", () => {
    const series = new SeriesBuffer();
    for (let step = 1; step <= 201; step++) {
      const report: StepReport = { step, metrics: {}, rollouts: [], images: [], texts: {} };
      series.append(step, {}, report);
    }
    expect(series.report(1)).toBeUndefined();
    expect(series.report(2)?.step).toBe(2);
    expect(series.reportSteps()).toHaveLength(200);
  });

  it("is empty after a reset and tells its listeners", () => {
    const series = new SeriesBuffer();
    let calls = 0;
    series.append(1, { reward: 1 });
    series.subscribe(() => calls++);
    series.reset();
    expect([series.length, series.keys().length, calls]).toEqual([0, 0, 1]);
  });
});
