import { describe, expect, it } from "vitest";
import { type ClipSettings, clippedTerms, type LossType, microBatchLoss } from "./loss";
import { policyPresets } from "./settings";

const official: ClipSettings = { lossType: "default", clipLow: 0.2, clipHigh: 0.28, clipDual: 3 };
const bare = { ...policyPresets.dapo, entropyPenaltyCoef: 0 };
const termsOf = (ratio: number, shapedAdvantage: number, lossType: LossType = "default") => {
  const logpOld = Float32Array.of(-1);
  const logp = Float32Array.of(-1 + Math.log(ratio));
  const terms = clippedTerms({ logp, logpOld, shapedAdvantage }, { ...official, lossType });
  return { loss: terms.loss[0]!, slope: terms.slope[0]!, higher: terms.clippedHigher, lower: terms.clippedLower };
};
const close = (expected: number) => expect.closeTo(expected, 5);

describe("clippedTerms", () => {
  it.each([
    { ratio: 1, advantage: 2, loss: -2, slope: -2, higher: 0, lower: 0 },
    { ratio: 1.2, advantage: 1, loss: -1.2, slope: -1.2, higher: 0, lower: 0 },
    { ratio: 1.5, advantage: 1, loss: -1.28, slope: 0, higher: 1, lower: 0 },
    { ratio: 0.5, advantage: 1, loss: -0.5, slope: -0.5, higher: 0, lower: 0 },
    { ratio: 0.5, advantage: -1, loss: 0.8, slope: 0, higher: 1, lower: 0 },
    { ratio: 2, advantage: -1, loss: 2, slope: 2, higher: 0, lower: 0 },
    { ratio: 4, advantage: -1, loss: 3, slope: 0, higher: 0, lower: 1 },
    { ratio: 5, advantage: 0, loss: 0, slope: 0, higher: 0, lower: 0 },
  ])(
    "at ratio $ratio and advantage $advantage is $loss with slope $slope",
    ({ ratio, advantage, loss, slope, higher, lower }) => {
      expect(termsOf(ratio, advantage)).toEqual({ loss: close(loss), slope: close(slope), higher, lower });
    },
  );

  it("of cispo keeps a gradient where the ratio is clipped", () => {
    expect(termsOf(5, 1, "cispo").slope).toBeCloseTo(-1.28, 5);
    expect(termsOf(0.1, -1, "cispo").slope).toBeCloseTo(0.8, 5);
  });

  it("of gspo and gspo_token uses one ratio for the whole trajectory", () => {
    const logpOld = Float32Array.of(-1, -1, -1);
    const logp = Float32Array.of(-0.8, -1.1, -1);
    for (const lossType of ["gspo", "gspo_token"] as const) {
      const { loss } = clippedTerms({ logp, logpOld, shapedAdvantage: 1 }, { ...official, lossType });
      for (const value of loss) expect(value).toBeCloseTo(-Math.exp(0.1 / 3), 5);
    }
  });

  it("stays finite when the policies are far apart", () => {
    for (const ratio of [1e-30, 1e30])
      for (const advantage of [1, -1]) expect(termsOf(ratio, advantage).loss).toSatisfy(Number.isFinite);
  });
});

describe("microBatchLoss", () => {
  const row = (length: number, kept: number) => ({
    logp: new Float32Array(length).fill(-1),
    logpOld: new Float32Array(length).fill(-1),
    shapedAdvantage: 1,
    mask: Float32Array.from({ length }, (_, t) => (t < kept ? 1 : 0)),
  });

  it("keeps filtered tokens in the denominator", () => {
    const rows = [row(8, 2), row(2, 2)];
    expect(microBatchLoss(rows, { ...bare, aggregation: "token" }).pgLoss).toBeCloseTo(-4 / 10, 9);
    expect(microBatchLoss(rows, { ...bare, aggregation: "seq" }).pgLoss).toBeCloseTo(-(2 / 8 + 1) / 2, 9);
  });

  it("takes a token by its weight", () => {
    const soft = { ...row(4, 0), mask: Float32Array.of(0.5, 0.25, 0, 1) };
    const { pgLoss, gradient } = microBatchLoss([soft], bare);
    expect(pgLoss).toBeCloseTo(-1.75 / 4, 9);
    expect([...gradient[0]!]).toEqual([-0.125, -0.0625, 0, -0.25]);
  });

  it("leaves filtered tokens a gradient of exactly 0 when no penalty is on", () => {
    for (const lossType of ["default", "gspo_token", "cispo"] as const) {
      const { gradient } = microBatchLoss([row(6, 2)], { ...bare, lossType });
      expect([...gradient[0]!.subarray(2)]).toEqual([0, 0, 0, 0]);
      expect(gradient[0]![0]).not.toBe(0);
    }
  });

  it("adds the entropy penalty on every token, filtered or not", () => {
    const { gradient, loss } = microBatchLoss([row(10, 0)], { ...bare, entropyPenaltyCoef: 0.06 });
    expect(loss).toBeCloseTo(0.06, 9);
    for (const slope of gradient[0]!) expect(slope).toBeCloseTo(-0.006, 9);
  });
});
