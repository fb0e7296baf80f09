import { describe, expect, it } from "vitest";
import { type LearningRateSettings, learningRateAt } from "./schedule";

const base: LearningRateSettings = { learningRate: 1e-3, lrSchedule: "constant", lrWarmupSteps: 0, minLrRatio: 0, maxSteps: 100 };

/** get_cosine_schedule_with_warmup's lr_lambda, written out as it stands there (num_cycles 0.5, init_lr_ratio 0). */
function officialCosine(step: number, warmup: number, total: number, floor: number): number {
  if (step < warmup) return step / Math.max(1, warmup);
  const progress = (step - warmup) / Math.max(1, total - warmup);
  const x = Math.cos(Math.PI * 0.5 * 2 * progress);
  return Math.max(floor, x * (1 - floor) * 0.5 + (1 + floor) * 0.5);
}

describe("learningRateAt", () => {
  it("is the same at every step when constant without warm-up", () => {
    for (const step of [0, 1, 99, 100, 100_000]) expect(learningRateAt({ ...base, minLrRatio: 0.5 }, step)).toBe(1e-3);
  });

  it("rises from 0 in equal steps during warm-up, whatever comes after", () => {
    for (const lrSchedule of ["constant", "cosine", "linear"] as const) {
      const rates = [0, 1, 2, 3, 4].map((step) => learningRateAt({ ...base, lrSchedule, lrWarmupSteps: 4 }, step));
      expect(rates).toEqual([0, 0.25e-3, 0.5e-3, 0.75e-3, 1e-3]);
    }
  });

  it("follows the official cosine up to the last step", () => {
    for (const [warmup, total, floor] of [
      [0, 20, 0],
      [5, 20, 0.1],
      [3, 4, 0.5],
      [0, 1, 0],
    ] as const) {
      const settings = { ...base, lrSchedule: "cosine", lrWarmupSteps: warmup, minLrRatio: floor, maxSteps: total } as const;
      for (let step = 0; step <= total; step++)
        expect(learningRateAt(settings, step)).toBeCloseTo(1e-3 * officialCosine(step, warmup, total, floor), 12);
    }
  });

  it("falls in equal steps to the floor when linear", () => {
    const settings = { ...base, lrSchedule: "linear", lrWarmupSteps: 2, minLrRatio: 0.2, maxSteps: 12 } as const;
    expect(learningRateAt(settings, 7)).toBeCloseTo(0.6e-3, 12);
    expect(learningRateAt(settings, 12)).toBeCloseTo(0.2e-3, 12);
  });

  it("stays at the floor after the last step", () => {
    for (const lrSchedule of ["cosine", "linear"] as const) {
      const settings = { ...base, lrSchedule, minLrRatio: 0.1 };
      for (const step of [100, 101, 150, 200, 1000]) expect(learningRateAt(settings, step)).toBeCloseTo(1e-4, 12);
    }
  });

  it("is a number for a schedule shorter than its warm-up", () => {
    const settings = { ...base, lrSchedule: "cosine", lrWarmupSteps: 10, maxSteps: 5 } as const;
    for (let step = 0; step < 20; step++) expect(learningRateAt(settings, step)).toBeGreaterThanOrEqual(0);
  });
});
