import { describe, expect, it } from "vitest";
import { groupAdvantages } from "./advantage";
import { rewardShapedAdvantages } from "./rewardShaping";
import { policyPresets } from "./settings";
import { shapeGroup } from "./shapeGroup";
import type { ScoredTrajectory } from "./trajectory";

const answer = (reward: number, dependency: number, group = 0): ScoredTrajectory => ({
  group,
  reward,
  dependency: new Float32Array(4).fill(dependency),
});

describe("rewardShapedAdvantages", () => {
  it("normalises alpha R instead of R", () => {
    const batch = [answer(1, 1), answer(1, 2), answer(0, 3)];
    const alpha = Float32Array.of(0.9, 1.1, 1);
    expect(rewardShapedAdvantages(batch, alpha)).toEqual(groupAdvantages([alpha[0]!, alpha[1]!, 0], [0, 0, 0]));
  });

  it("ranks right answers of one group by their dependency, also where all are right", () => {
    const { advantages, shapedAdvantages, alpha } = shapeGroup([answer(1, 0.1), answer(1, 0.4)], policyPresets.rewardShaping);
    expect(alpha[0]).toBeCloseTo(0.9, 6);
    expect(alpha[1]).toBeCloseTo(1.1, 6);
    expect(advantages[0]).toBeCloseTo(-Math.SQRT1_2, 4);
    expect(advantages[1]).toBeCloseTo(Math.SQRT1_2, 4);
    expect([...shapedAdvantages]).toEqual([...advantages]);
  });

  it("teaches nothing where all are wrong", () => {
    const { advantages } = shapeGroup([answer(0, 0.1), answer(0, 0.4)], policyPresets.rewardShaping);
    expect([...advantages]).toEqual([0, 0]);
  });

  it("takes its scaling from the whole mini-batch, whatever the micro-batches", () => {
    const batch = [answer(1, 0.1), answer(0, 0.2), answer(1, 0.9, 1), answer(0, 0.4, 1)];
    const whole = shapeGroup(batch, policyPresets.rewardShaping);
    const split = shapeGroup(batch, { ...policyPresets.rewardShaping, microBatchSize: 1 });
    expect(split.alpha).toEqual(whole.alpha);
    expect(split.shapedAdvantages).toEqual(whole.shapedAdvantages);
    expect(split.betaMax).toEqual(Array(4).fill(whole.betaMax[0]));
  });

  it("refuses an advantage that was computed from unshaped rewards", () => {
    const given = { ...answer(1, 1), advantage: 0.5 };
    expect(() => shapeGroup([answer(1, 2), given], policyPresets.rewardShaping)).toThrow(/Answer 2 .*not shaped/);
  });
});
