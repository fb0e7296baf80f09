import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { filterTokens, keptTokenCount } from "./tokenFilter";
import { isKept, keptTokens, type SelectionSettings, selectTokens } from "./tokenSelection";
import type { ScoredTrajectory } from "./trajectory";
import { TrajectoryError } from "./trajectory";

const scores = (length: number) => fc.float32Array({ min: 0, max: 10, noNaN: true, minLength: length, maxLength: length });
const trajectories: fc.Arbitrary<Required<Omit<ScoredTrajectory, "advantage">>> = fc
  .integer({ min: 1, max: 60 })
  .chain((length) =>
    fc.record({
      group: fc.constant(0),
      reward: fc.constant(1),
      dependency: scores(length),
      entropy: scores(length),
      stream: fc.nat(),
    }),
  );
const ratio = fc.double({ min: 0.01, max: 1, noNaN: true });
const settingsOf = (tokenSelection: SelectionSettings["tokenSelection"]) =>
  fc.record({ tokenSelection: fc.constant(tokenSelection), keepRatio: ratio, entropyKeepRatio: ratio });
const count = (mask: Float32Array) => mask.reduce((a, b) => a + b, 0);

describe("selectTokens", () => {
  it("by dependency, by entropy and for all tokens is the filter on these numbers", () => {
    fc.assert(
      fc.property(trajectories, settingsOf("dependency"), (trajectory, settings) => {
        const { keepRatio, entropyKeepRatio } = settings;
        const byDependency = filterTokens(trajectory.dependency, keepRatio);
        expect(selectTokens(trajectory, settings)).toMatchObject(byDependency);
        const byEntropy = filterTokens(trajectory.entropy, entropyKeepRatio);
        const entropy = selectTokens(trajectory, { ...settings, tokenSelection: "entropy" });
        expect(entropy.mask).toEqual(byEntropy.mask);
        expect(entropy.byEntropy).toEqual(byEntropy);
        expect(entropy.threshold).toBeNaN();
        expect(count(selectTokens(trajectory, { ...settings, tokenSelection: "all" }).mask)).toBe(trajectory.dependency.length);
      }),
    );
  });

  it("by either keeps exactly the tokens that one of the two filters keeps", () => {
    fc.assert(
      fc.property(trajectories, settingsOf("either"), (trajectory, settings) => {
        const { mask, keptCount } = selectTokens(trajectory, settings);
        const dependency = filterTokens(trajectory.dependency, settings.keepRatio).mask;
        const entropy = filterTokens(trajectory.entropy, settings.entropyKeepRatio).mask;
        expect([...mask]).toEqual([...dependency].map((kept, t) => (kept || entropy[t] ? 1 : 0)));
        expect(keptCount).toBe(count(mask));
      }),
    );
  });

  it("at random keeps K tokens, the same in every pass and whatever the dependency", () => {
    fc.assert(
      fc.property(trajectories, settingsOf("random"), (trajectory, settings) => {
        const { mask, keptCount } = selectTokens(trajectory, settings);
        expect(keptCount).toBe(keptTokenCount(settings.keepRatio, trajectory.dependency.length));
        expect(count(mask)).toBe(keptCount);
        expect(selectTokens({ ...trajectory, dependency: trajectory.entropy }, settings).mask).toEqual(mask);
      }),
    );
  });

  it("at random keeps every place equally often over many answers", () => {
    const settings = { tokenSelection: "random", keepRatio: 0.4, entropyKeepRatio: 1 } as const;
    const times = new Float64Array(10);
    for (let stream = 0; stream < 2000; stream++) {
      const { mask } = selectTokens({ group: 0, reward: 0, dependency: new Float32Array(10), stream }, settings);
      mask.forEach((kept, t) => {
        times[t]! += kept;
      });
    }
    // Five standard deviations of a binomial of 2000 draws with p = 0.4.
    for (const value of times) expect(Math.abs(value - 800)).toBeLessThan(110);
  });

  it("names the number that is missing", () => {
    const bare: ScoredTrajectory = { group: 0, reward: 1, dependency: Float32Array.of(1) };
    const select = (tokenSelection: SelectionSettings["tokenSelection"]) => () =>
      selectTokens(bare, { tokenSelection, keepRatio: 0.4, entropyKeepRatio: 0.2 });
    expect(select("entropy")).toThrow(TrajectoryError);
    expect(select("entropy")).toThrow(/its entropy is missing/);
    expect(select("either")).toThrow(/its entropy is missing/);
    expect(select("random")).toThrow(/its number in the run is missing/);
  });
});

describe("keptTokens", () => {
  it("are those that count at least half", () => {
    expect([...keptTokens(Float32Array.of(0, 0.4, 0.5, 1))]).toEqual([0, 0, 1, 1]);
    expect(isKept(undefined)).toBe(false);
  });
});
