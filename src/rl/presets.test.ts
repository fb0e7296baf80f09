import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { uniformAt } from "@/lib/rng";
import { type PolicySettings, policyPresets } from "./settings";
import type { Trajectory } from "./trajectory";
import { policyUpdate } from "./vppo";

/** Twelve answers to three prompts, of different lengths, off policy. */
function batchOf(seed: number): readonly Trajectory[] {
  return Array.from({ length: 12 }, (_, i) => {
    const length = 1 + Math.floor(40 * uniformAt(seed, i, 9));
    const column = (counter: number, scale: number, offset = 0) =>
      Float32Array.from({ length }, (_, t) => offset + scale * uniformAt(seed, 16 * i + counter, t));
    const logpOld = column(0, -2, -0.1);
    return {
      group: i % 3,
      reward: uniformAt(seed, i, 8) < 0.5 ? 0 : 1,
      stream: i,
      logpOld,
      logp: column(1, 0.6, -0.3).map((shift, t) => (logpOld[t] as number) + shift),
      logpReference: column(2, -2),
      logpMasked: column(3, -3),
      dependency: column(4, 3).map((value) => value ** 3),
      entropy: column(5, 2),
    };
  });
}

const largest = (rows: readonly Float32Array[]) => Math.max(...rows.flatMap((row) => [...row].map(Math.abs)));
const withoutMicroBatches = Object.entries(policyPresets as Readonly<Record<string, PolicySettings>>).filter(
  ([, { microBatchSize }]) => microBatchSize === "whole",
);
const orders = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], { minLength: 12 });

describe("the preset", () => {
  it.each(withoutMicroBatches)("%s gives the same step in whatever order the answers come", (_, settings) => {
    fc.assert(
      fc.property(fc.nat(1000), orders, (seed, order) => {
        const batch = batchOf(seed);
        const sorted = policyUpdate(batch, settings);
        const shuffled = policyUpdate(
          order.map((i) => batch[i]!),
          settings,
        );
        const limit = 1e-6 * largest(sorted.gradient);
        order.forEach((from, to) => {
          shuffled.gradient[to]!.forEach((slope, t) => {
            expect(Math.abs(slope - sorted.gradient[from]![t]!)).toBeLessThanOrEqual(limit);
          });
        });
        expect(Math.abs(shuffled.loss - sorted.loss)).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(sorted.loss)));
      }),
      { numRuns: 20 },
    );
  });

  // Scaling with mean 1 per micro-batch, and the mean of an answer's mean, do depend on the division, officially too.
  it.each(withoutMicroBatches.filter(([, { shaping, aggregation }]) => shaping !== "advantage" && aggregation === "token"))(
    "%s gives the same step however it is divided",
    (_, settings) => {
      fc.assert(
        fc.property(fc.nat(1000), fc.integer({ min: 1, max: 12 }), (seed, microBatchSize) => {
          const batch = batchOf(seed);
          const whole = policyUpdate(batch, settings);
          const divided = policyUpdate(batch, { ...settings, microBatchSize });
          const limit = 1e-6 * largest(whole.gradient);
          whole.gradient.forEach((row, i) => {
            row.forEach((slope, t) => {
              expect(Math.abs(slope - divided.gradient[i]![t]!)).toBeLessThanOrEqual(limit);
            });
          });
        }),
        { numRuns: 20 },
      );
    },
  );

  it("officialCode scales by micro-batch: order changes its step", () => {
    const batch = batchOf(7);
    const settings: PolicySettings = { ...policyPresets.officialCode, microBatchSize: 4 };
    const reversed = policyUpdate([...batch].reverse(), settings).alpha.reverse();
    const { alpha } = policyUpdate([...batch.slice(6), ...batch.slice(0, 6)], settings);
    const back = [...alpha.subarray(6), ...alpha.subarray(0, 6)];
    expect(Math.max(...back.map((value, i) => Math.abs(value - reversed[i]!)))).toBeGreaterThan(1e-3);
  });

  it.each([
    ["shapingOnly", "dapo"],
    ["random", "filteringOnly"],
    ["soft", "vppo"],
    ["rewardShaping", "vppo"],
    ["fixedBeta", "shapingOnly"],
    ["grpoKl", "grpo"],
    ["papo", "dapo"],
    ["entropyTokens", "filteringOnly"],
  ] as const)("%s is a step of its own, unlike %s", (name, other) => {
    const batch = batchOf(3);
    const [a, b] = [policyUpdate(batch, policyPresets[name]).gradient, policyUpdate(batch, policyPresets[other]).gradient];
    const differences = a.flatMap((row, i) => [...row].map((slope, t) => Math.abs(slope - b[i]![t]!)));
    expect(Math.max(...differences)).toBeGreaterThan(1e-5);
  });
});
