import { describe, expect, it } from "vitest";
import { microBatchLoss } from "./loss";
import { activePenalties } from "./penalties";
import { policyPresets } from "./settings";

const bare = { ...policyPresets.dapo, entropyPenaltyCoef: 0 };
const answer = (logp: readonly number[], other: readonly number[]) => ({
  logp: Float32Array.from(logp),
  logpOld: Float32Array.from(logp),
  logpReference: Float32Array.from(other),
  logpMasked: Float32Array.from(other),
  shapedAdvantage: 0,
  mask: new Float32Array(logp.length),
});
const rows = [answer([-1, -2], [-1.5, -2]), answer([-0.5, -1, -1, -2], [-0.5, -2, -1, -3])];
const k3 = (d: number) => Math.exp(d) - d - 1;

describe("activePenalties", () => {
  it("are none where every coefficient is 0, and three for PAPO", () => {
    expect(activePenalties(bare)).toEqual([]);
    expect(activePenalties(policyPresets.papo).map(({ name, coef }) => [name, coef])).toEqual([
      ["papoKl", -0.01],
      ["papoEntropy", 0.03],
      ["papoMaskedEntropy", 0.03],
    ]);
  });

  it("add the KL to the reference, averaged as the loss is", () => {
    const settings = { ...bare, klCoef: 0.5, klPenalty: "mse" } as const;
    const token = microBatchLoss(rows, settings);
    expect(token.penalties.referenceKl).toBeCloseTo((0.125 + 0.5 + 0.5) / 6, 9);
    expect(token.loss).toBeCloseTo(0.5 * (1.125 / 6), 9);
    expect([...token.gradient[0]!]).toEqual([expect.closeTo((0.5 * 0.5) / 6, 9), 0]);
    const seq = microBatchLoss(rows, { ...settings, aggregation: "seq" });
    expect(seq.penalties.referenceKl).toBeCloseTo((0.125 / 2 + 1 / 4) / 2, 9);
  });

  it("of PAPO reward a policy that differs from its masked self and restrain both surprises", () => {
    const { loss, penalties, gradient } = microBatchLoss(rows, policyPresets.papo);
    const kl = (k3(-0.5) + 2 * k3(-1)) / 6;
    expect(penalties.papoKl).toBeCloseTo(kl, 9);
    expect(penalties.papoEntropy).toBeCloseTo(7.5 / 6, 9);
    expect(penalties.papoMaskedEntropy).toBeCloseTo(10 / 6, 9);
    expect(loss).toBeCloseTo(-0.01 * kl + (0.03 * 7.5) / 6 + (0.03 * 10) / 6, 9);
    // The masked log-prob is a constant: its entropy has no gradient.
    expect(gradient[1]![1]).toBeCloseTo((-0.01 * (1 - Math.exp(-1)) - 0.03) / 6, 9);
    expect(gradient[1]![0]).toBeCloseTo(-0.03 / 6, 9);
  });

  it("names the log-prob that is missing", () => {
    const { logp, logpOld, shapedAdvantage, mask } = rows[0]!;
    const row = { logp, logpOld, shapedAdvantage, mask };
    expect(() => microBatchLoss([row], { ...bare, klCoef: 0.01 })).toThrow(/reference model is missing/);
    expect(() => microBatchLoss([row], policyPresets.papo)).toThrow(/masked image is missing/);
    expect(() => microBatchLoss([row], { ...bare, papoMaskedEntropyCoef: 0.1 })).toThrow(/masked image is missing/);
  });
});
