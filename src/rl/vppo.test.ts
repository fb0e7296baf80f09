import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { k3 } from "./dependency";
import {
  type KlPenalty,
  officialDefaults,
  type PolicySettings,
  PolicySettingsError,
  policyPresets,
  type ShapingTarget,
  type TokenSelectionRule,
} from "./settings";
import { shapeGroup } from "./shapeGroup";
import { type Trajectory, TrajectoryError } from "./trajectory";
import { policyUpdate, previewUpdate } from "./vppo";

const logProbs = (length: number) =>
  fc.array(fc.double({ min: -5, max: 0, noNaN: true }), { minLength: length, maxLength: length });
const trajectory: fc.Arbitrary<Trajectory> = fc.integer({ min: 1, max: 12 }).chain((length) =>
  fc
    .record({
      group: fc.constantFrom("a", "b"),
      reward: fc.constantFrom(0, 1),
      old: logProbs(length),
      shift: fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: length, maxLength: length }),
      dependency: fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: length, maxLength: length }),
      entropy: fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { minLength: length, maxLength: length }),
      // How far reference and masked policy are from the new one: not so near to 0 or so far that a step crosses a corner of the KL.
      apart: fc.array(fc.integer({ min: 5, max: 150 }), { minLength: length, maxLength: length }),
      stream: fc.nat(),
    })
    .map(({ group, reward, old, shift, dependency, entropy, apart, stream }) => ({
      group,
      reward,
      logpOld: Float32Array.from(old),
      logp: Float32Array.from(old, (value, t) => value + shift[t]!),
      dependency: Float32Array.from(dependency),
      entropy: Float32Array.from(entropy),
      stream,
      logpReference: Float32Array.from(old, (value, t) => value + shift[t]! + (t % 2 ? 1 : -1) * (apart[t]! / 100)),
      logpMasked: Float32Array.from(old, (value, t) => value + shift[t]! - (t % 3 ? 1 : -1) * (apart[t]! / 100)),
    })),
);
const batches = fc.array(trajectory, { minLength: 2, maxLength: 8 });
const settingsOf = fc.record({
  keepRatio: fc.double({ min: 0.05, max: 1, noNaN: true }),
  betaMin: fc.double({ min: 0, max: 1, noNaN: true }),
  betaMax: fc.constantFrom("dynamic" as const, 1.2),
  tokenSelection: fc.constantFrom<TokenSelectionRule>("all", "dependency", "entropy", "either", "random", "soft"),
  entropyKeepRatio: fc.double({ min: 0.05, max: 1, noNaN: true }),
  shaping: fc.constantFrom<ShapingTarget>("off", "advantage", "reward"),
  aggregation: fc.constantFrom("token" as const, "seq" as const),
  microBatchSize: fc.constantFrom("whole" as const, 1, 3),
});
const penaltiesOf = fc.record({
  entropyPenaltyCoef: fc.constantFrom(0, 0.06),
  klCoef: fc.constantFrom(0, 0.5),
  klPenalty: fc.constantFrom<KlPenalty>("kl", "abs", "mse", "low_var_kl"),
  papoKlCoef: fc.constantFrom(0, 0.3),
  papoEntropyCoef: fc.constantFrom(0, 0.2),
  papoMaskedEntropyCoef: fc.constantFrom(0, 0.2),
});

/** True where a small step of this log-prob crosses no kink of the loss: the ratio is not near a clip limit. */
function isSmooth(x: number): boolean {
  return [Math.log(0.8), Math.log(1.28), Math.log(3)].every((kink) => Math.abs(x - kink) > 0.01);
}

function nudged(
  batch: readonly Trajectory[],
  i: number,
  change: { t: number; by: number },
): { batch: readonly Trajectory[]; value: number } {
  const logp = batch[i]!.logp.slice();
  logp[change.t] = logp[change.t]! + change.by;
  return { batch: batch.map((entry, j) => (j === i ? { ...entry, logp } : entry)), value: logp[change.t]! };
}

describe("policyUpdate", () => {
  it.each(["default", "gspo"] as const)(
    "has the gradient that finite differences of its %s loss and every penalty give",
    (lossType) => {
      fc.assert(
        fc.property(batches, settingsOf, penaltiesOf, (batch, partial, penalties) => {
          const settings: PolicySettings = { ...officialDefaults, ...partial, ...penalties, lossType };
          const { gradient } = policyUpdate(batch, settings);
          batch.forEach(({ logp, logpOld }, i) => {
            const x = logp.map((value, t) => value - logpOld[t]!);
            const mean = x.reduce((a, b) => a + b, 0) / x.length;
            for (let t = 0; t < logp.length; t++) {
              if (!isSmooth(lossType === "gspo" ? mean : x[t]!)) continue;
              const up = nudged(batch, i, { t, by: 1e-3 });
              const down = nudged(batch, i, { t, by: -1e-3 });
              const slope =
                (policyUpdate(up.batch, settings).loss - policyUpdate(down.batch, settings).loss) / (up.value - down.value);
              expect(Math.abs(slope - gradient[i]![t]!)).toBeLessThan(1e-5 * (1 + Math.abs(slope)));
            }
          });
        }),
        { numRuns: 40 },
      );
    },
  );

  it("has no gradient and no loss when all rewards are equal and the entropy penalty is off", () => {
    fc.assert(
      fc.property(
        batches,
        fc.constantFrom("default" as const, "gspo" as const, "gspo_token" as const, "cispo" as const),
        (batch, lossType) => {
          const equal = batch.map((entry) => ({ ...entry, reward: 1 }));
          const { loss, gradient } = policyUpdate(equal, { ...officialDefaults, entropyPenaltyCoef: 0, lossType });
          expect(Math.abs(loss)).toBe(0);
          for (const slopes of gradient) for (const slope of slopes) expect(Math.abs(slope)).toBe(0);
        },
      ),
    );
  });

  it("gives tokens without weight a gradient of exactly 0 when no penalty is on", () => {
    fc.assert(
      fc.property(
        batches,
        settingsOf,
        fc.constantFrom("default" as const, "gspo_token" as const, "cispo" as const),
        (...args) => {
          const [batch, partial, lossType] = args;
          const { gradient, masks } = policyUpdate(batch, { ...officialDefaults, ...partial, lossType, entropyPenaltyCoef: 0 });
          masks.forEach((mask, i) => {
            mask.forEach((weight, t) => {
              if (weight === 0) expect(gradient[i]![t]).toBe(0);
            });
          });
        },
      ),
    );
  });

  it("gives filtered tokens the entropy slope alone", () => {
    fc.assert(
      fc.property(batches, (batch) => {
        const { gradient, masks, tokenCount } = policyUpdate(batch, officialDefaults);
        masks.forEach((mask, i) => {
          mask.forEach((kept, t) => {
            if (!kept) expect(gradient[i]![t]).toBeCloseTo(-0.06 / tokenCount, 8);
          });
        });
      }),
    );
  });

  it("on policy weighs each kept token by -A alpha / N", () => {
    fc.assert(
      fc.property(batches, (batch) => {
        const onPolicy = batch.map((entry) => ({ ...entry, logp: entry.logpOld }));
        const settings = { ...officialDefaults, entropyPenaltyCoef: 0 };
        const { gradient, tokenCount, metrics } = policyUpdate(onPolicy, settings);
        const { weights } = previewUpdate(onPolicy, settings);
        weights.forEach((row, i) => {
          row.forEach((weight, t) => {
            expect(gradient[i]![t]).toBeCloseTo(-weight / tokenCount, 6);
          });
        });
        expect(metrics["actor/ppo_kl"]).toBe(0);
        expect(metrics["actor/pg_clipfrac_higher"]).toBe(0);
      }),
    );
  });

  it("with filter and shaping off does not depend on the dependency, as DAPO", () => {
    fc.assert(
      fc.property(batches, (batch) => {
        const blind = batch.map((entry) => ({ ...entry, dependency: new Float32Array(entry.dependency.length) }));
        expect(policyUpdate(batch, policyPresets.dapo).gradient).toEqual(policyUpdate(blind, policyPresets.dapo).gradient);
      }),
    );
  });

  it("with token aggregation and no shaping does not depend on the micro-batch size", () => {
    fc.assert(
      fc.property(batches, fc.integer({ min: 1, max: 5 }), (batch, microBatchSize) => {
        const whole = policyUpdate(batch, policyPresets.filteringOnly);
        const split = policyUpdate(batch, { ...policyPresets.filteringOnly, microBatchSize });
        expect(split.loss).toBeCloseTo(whole.loss, 9);
        split.gradient.forEach((slopes, i) => {
          slopes.forEach((slope, t) => {
            expect(slope).toBeCloseTo(whole.gradient[i]![t]!, 7);
          });
        });
      }),
    );
  });

  const scored = { group: 0, reward: 1, logp: Float32Array.of(-1), logpOld: Float32Array.of(-1), dependency: Float32Array.of(1) };

  it("takes empty answers and an empty batch without a NaN", () => {
    const none = new Float32Array(0);
    const empty: Trajectory = { group: 0, reward: 0, logp: none, logpOld: none, dependency: none };
    for (const batch of [[scored, empty], [empty], []]) {
      const { loss, gradient, metrics } = policyUpdate(batch, { ...officialDefaults, microBatchSize: 1 });
      expect(loss).toSatisfy(Number.isFinite);
      expect(gradient.map((slopes) => slopes.length)).toEqual(batch.map((entry) => entry.logp.length));
      for (const value of [...gradient.flatMap((slopes) => [...slopes]), ...Object.values(metrics)])
        expect(value).toSatisfy(Number.isFinite);
    }
  });

  it("refuses numbers that are not finite, arrays of different lengths and settings out of range", () => {
    const update = (change: Partial<Trajectory>, settings: Partial<PolicySettings> = {}) =>
      policyUpdate([scored, { ...scored, ...change }], { ...officialDefaults, ...settings });
    expect(() => update({ logp: Float32Array.of(Number.NaN) })).toThrow(/Answer 2.*its log-prob is not a finite number/);
    expect(() => update({ dependency: Float32Array.of(Number.POSITIVE_INFINITY) })).toThrow(TrajectoryError);
    expect(() => update({ reward: Number.NaN })).toThrow(TrajectoryError);
    expect(() => update({ logpOld: new Float32Array(3) })).toThrow(/3 .*old log-prob.* for 1 tokens/);
    expect(() => update({}, { keepRatio: 2 })).toThrow(PolicySettingsError);
  });
});

describe("previewUpdate", () => {
  it("shows the mask, scaling and advantages the update uses", () => {
    fc.assert(
      fc.property(batches, settingsOf, (batch, partial) => {
        const settings = { ...officialDefaults, ...partial };
        const { weights, ...preview } = previewUpdate(batch, settings);
        expect(policyUpdate(batch, settings)).toMatchObject(preview);
        expect(preview.keptCount).toBeCloseTo(
          preview.masks.reduce((sum, mask) => sum + mask.reduce((a, b) => a + b, 0), 0),
          4,
        );
        weights.forEach((row, i) => {
          const weight = preview.advantages[i]! * (settings.shaping === "reward" ? 1 : preview.alpha[i]!);
          row.forEach((value, t) => {
            expect(value).toBeCloseTo(weight * preview.masks[i]![t]!, 6);
            if (preview.masks[i]![t] === 0) expect(value).toBe(0);
          });
        });
      }),
    );
  });

  it("keeps at least the share k of the dependency", () => {
    fc.assert(
      fc.property(batches, settingsOf, (batch, partial) => {
        const single = batch.slice(0, 1);
        const { keptShare } = previewUpdate(single, { ...officialDefaults, ...partial, tokenSelection: "dependency" });
        expect(keptShare).toBeGreaterThanOrEqual(partial.keepRatio - 1e-6);
      }),
    );
  });
});

describe("shapeGroup on the reference run of a small SmolVLM", () => {
  interface Golden {
    rewards: number[];
    advantages: number[];
    old_logp: number[][];
    masked_logp: number[][];
    results: Record<
      "k3" | "kl",
      { alpha: number[]; beta_max: number; keep: number[][]; dependency: number[][]; mean_dependency: number[] }
    >;
  }
  const path = new URL("../../fixtures/smolvlm/golden/vppo/vppo.json", import.meta.url);
  const golden = JSON.parse(readFileSync(path, "utf8")) as Golden;

  it("finds the official k3 of every token from the log-probs", () => {
    golden.results.k3.dependency.forEach((expected, i) => {
      const actual = k3(Float32Array.from(golden.old_logp[i]!), Float32Array.from(golden.masked_logp[i]!));
      actual.forEach((value, t) => {
        expect(Math.abs(value - expected[t]!)).toBeLessThan(1e-6);
      });
    });
  });

  it.each(["k3", "kl"] as const)("finds the kept tokens, scaling and advantages of the %s run", (measure) => {
    const expected = golden.results[measure];
    const trajectories = golden.rewards.map((reward, i) => ({
      group: 0,
      reward,
      dependency:
        measure === "k3"
          ? k3(Float32Array.from(golden.old_logp[i]!), Float32Array.from(golden.masked_logp[i]!))
          : Float32Array.from(expected.dependency[i]!),
    }));
    const shaped = shapeGroup(trajectories, { ...officialDefaults, dependencyMeasure: measure });
    expect(shaped.masks.map((mask) => [...mask])).toEqual(expected.keep);
    expect(shaped.betaMax).toEqual([expect.closeTo(expected.beta_max, 5)]);
    expected.alpha.forEach((alpha, i) => {
      expect(shaped.alpha[i]).toBeCloseTo(alpha, 5);
    });
    expected.mean_dependency.forEach((mean, i) => {
      expect(shaped.meanDependency[i]).toBeCloseTo(mean, 6);
    });
    golden.advantages.forEach((advantage, i) => {
      expect(shaped.advantages[i]).toBeCloseTo(advantage, 6);
    });
  });
});
