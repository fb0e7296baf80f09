import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dependencySample, familiesOf, median, type SampledRollout, topShare } from "./dependencySample";

const rollout = (step: number, reward: number, family: string, ...dependency: number[]): SampledRollout => ({
  step,
  reward,
  family,
  dependency: Float32Array.from(dependency),
});
const rollouts = [
  rollout(1, 1, "count", 0, 0, 4),
  rollout(2, 0, "count", 1, 1),
  rollout(3, 1, "colour", 12, 0, 0, 0, 0, 0, 0, 0, 0, 0),
];
const all = { steps: null, answers: "all", family: "" } as const;

describe("dependencySample", () => {
  it("takes all tokens and the mean of every rollout", () => {
    const sample = dependencySample(rollouts, all);
    expect(sample.tokens).toHaveLength(15);
    expect([...sample.means].map((mean) => Number(mean.toFixed(3)))).toEqual([1.333, 1, 1.2]);
    expect(sample.tokenMedian).toBe(0);
    expect(sample.meanMedian).toBeCloseTo(1.2, 6);
    // 15 tokens: the top two hold 16 of 18, the top three 17, the top six all.
    expect(sample.topShares.map(({ holds }) => Number(holds.toFixed(3)))).toEqual([0.889, 0.944, 1]);
  });

  it("narrows by steps, by right or wrong answers and by family", () => {
    expect(dependencySample(rollouts, { ...all, steps: [2, 3] }).rollouts).toBe(2);
    expect([...dependencySample(rollouts, { ...all, answers: "wrong" }).tokens]).toEqual([1, 1]);
    expect(dependencySample(rollouts, { ...all, answers: "right", family: "count" }).rollouts).toBe(1);
    expect(familiesOf(rollouts)).toEqual(["colour", "count"]);
  });

  it("has no numbers where there is nothing", () => {
    const { tokenMedian, meanMedian, topShares } = dependencySample([], all);
    expect([tokenMedian, meanMedian, ...topShares.map(({ holds }) => holds)].every(Number.isNaN)).toBe(true);
  });
});

describe("topShare", () => {
  it("is between the share itself and 1, and grows with it", () => {
    const values = fc.array(fc.float({ min: 0, max: 10, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.double({ min: 0.01, max: 1, noNaN: true }), (numbers, share) => {
        const sorted = Float32Array.from(numbers).sort();
        const holds = topShare(sorted, share);
        if (Number.isNaN(holds)) return;
        expect(holds).toBeGreaterThanOrEqual(share - 1e-5);
        expect(holds).toBeLessThanOrEqual(1 + 1e-9);
        expect(topShare(sorted, 1)).toBeCloseTo(1, 9);
      }),
    );
  });
});

describe("median", () => {
  it("is the middle, or the mean of the two middles", () => {
    expect(median(Float32Array.of(1, 2, 9))).toBe(2);
    expect(median(Float32Array.of(1, 2, 4, 9))).toBe(3);
  });
});
