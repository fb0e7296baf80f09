// What the Step tab recomputes of a report is what the trainer reported: steps of a real trainer on the tiny checkpoint.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSession, uniformPrecision } from "@/engine/loading/openSession";
import { removeLora } from "@/engine/lora";
import type { Session } from "@/engine/session";
import { fixtureFolder } from "@/engine/test/fixtureFolder";
import { parityParts, trainSettings, withoutEnd } from "@/engine/test/tinySession";
import { Trainer } from "@/engine/training/trainer";
import { setUpWasm } from "@/ops/test/wasmFixture";
import type { StepReport, TrainSettings } from "@/protocol/training";
import { policyPresets } from "@/rl/settings";
import { spreadOf } from "@/views/equations/spreadOf";
import { takeApart } from "./anatomy";
import { sourceOfStep } from "./stepSource";

setUpWasm();
let session: Session;
beforeAll(async () => {
  session = withoutEnd(await openSession(fixtureFolder("smolvlm"), "tiny", { precision: uniformPrecision("f32") }));
});
afterAll(() => session[Symbol.dispose]());

async function step(settings: TrainSettings): Promise<StepReport> {
  removeLora(session.model);
  const trainer = Trainer.create(session, settings, parityParts);
  const report = await trainer.takeStep(settings);
  trainer[Symbol.dispose]();
  if (!report) throw new Error("the step was stopped");
  return report;
}

function apart(report: StepReport) {
  const source = sourceOfStep(report, policyPresets.grpo);
  return {
    source,
    anatomy: takeApart(
      source,
      report.rollouts.map(({ reward }) => reward),
    ),
  };
}

const small: TrainSettings = {
  ...trainSettings,
  promptsPerStep: 2,
  rolloutsPerPrompt: 4,
  learningRate: 0.01,
  measureMoves: true,
};
const cases: readonly (readonly [name: string, settings: TrainSettings])[] = [
  ["VPPO", small],
  ["several updates and micro-batches", { ...small, promptsPerUpdate: 1, policy: { ...small.policy, microBatchSize: 2 } }],
  ["reward shaping and a soft mask", { ...small, policy: { ...policyPresets.rewardShaping, tokenSelection: "soft" } }],
  ["tokens by entropy", { ...small, policy: policyPresets.entropyTokens }],
  ["random tokens, answers averaged", { ...small, policy: { ...policyPresets.random, aggregation: "seq" } }],
  ["PAPO", { ...small, policy: policyPresets.papo }],
];

describe.each(cases)("a step taken apart: %s", (_, settings) => {
  it("recomputes what the trainer reported", { timeout: 120_000 }, async () => {
    const report = await step(settings);
    const { source, anatomy } = apart(report);
    expect(source.isOwnPolicy).toBe(true);
    expect(report.rollouts.some(({ advantage }) => advantage !== 0)).toBe(true);
    for (const [i, { advantage, alpha, meanDependency, mask }] of report.rollouts.entries()) {
      const shaped = anatomy.rollouts[i];
      expect(shaped?.advantage).toBeCloseTo(advantage, 6);
      expect(shaped?.alpha).toBeCloseTo(alpha, 6);
      expect(shaped?.meanDependency).toBeCloseTo(meanDependency, 6);
      expect([...(shaped?.mask ?? [])]).toEqual([...mask]);
    }
    const losses = anatomy.updates.flatMap((update) => (update ? [update] : []));
    expect(losses).toHaveLength(settings.promptsPerUpdate === 1 ? 2 : 1);
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    const { metrics } = report;
    expect(mean(losses.flatMap(({ microPolicyLosses }) => microPolicyLosses))).toBeCloseTo(metrics["actor/pg_loss"] as number, 6);
    if (settings.policy.aggregation === "token") {
      expect(mean(losses.map(({ surprise }) => surprise))).toBeCloseTo(metrics["actor/entropy_loss"] as number, 5);
    }
    expect(mean(losses.map(({ clippedHigher }) => clippedHigher))).toBeCloseTo(metrics["actor/pg_clipfrac_higher"] as number, 6);
    expect(mean(losses.map(({ clippedLower }) => clippedLower))).toBeCloseTo(metrics["actor/pg_clipfrac_lower"] as number, 6);
  });
});

describe("the numbers in the equations", () => {
  it("give the results: advantage from mean and deviation, α from z, weight and gradient from their factors", async () => {
    const report = await step(small);
    const { source, anatomy } = apart(report);
    const { betaMin, entropyPenaltyCoef } = source.policy;
    for (const { rollouts } of source.groups) {
      const { mean, sd } = spreadOf(rollouts.map((i) => anatomy.rollouts[i]?.reward ?? Number.NaN));
      for (const i of rollouts) {
        const one = anatomy.rollouts[i]!;
        expect((one.reward - mean) / (sd + 1e-6)).toBeCloseTo(one.advantage, 5);
        expect(betaMin + one.z * ((one.betaMax as number) - betaMin)).toBeCloseTo(one.alpha, 5);
        expect(one.alpha * one.advantage).toBeCloseTo(one.shapedAdvantage, 6);
        const tokens = anatomy.updates[one.update]?.tokenCount as number;
        one.weights.forEach((weight, t) => {
          expect(-(weight + entropyPenaltyCoef) / tokens).toBeCloseTo(one.gradient?.[t] as number, 6);
        });
      }
    }
  });

  it("keep the ratio of updates after the first: what the loss was of is not what sampled", async () => {
    const report = await step({ ...small, promptsPerUpdate: 1 });
    const { source, anatomy } = apart(report);
    const [first = [], second = []] = source.groups.map(({ rollouts }) => rollouts);
    for (const i of first) expect(source.rollouts[i]?.logp).toBe(source.rollouts[i]?.logpOld);
    const ratios = second.flatMap((i) => {
      const { logp, logpOld } = source.rollouts[i]!;
      return Array.from(logp!, (value, t) => value - (logpOld![t] as number));
    });
    expect(ratios.some((ratio) => Math.abs(ratio) > 1e-4)).toBe(true);
    expect(anatomy.updates[1]?.surprise).not.toBeNaN();
  });
});

describe("an edited reward", () => {
  it("moves advantages and weights of its group, and nothing of the others", async () => {
    const report = await step(small);
    const { source, anatomy } = apart(report);
    const rewards = report.rollouts.map(({ reward }) => reward);
    const edited = takeApart(source, rewards.with(0, 1 - (rewards[0] as number)));
    const [mine = [], others = []] = source.groups.map(({ rollouts }) => rollouts);
    expect(mine.some((i) => edited.rollouts[i]?.advantage !== anatomy.rollouts[i]?.advantage)).toBe(true);
    for (const i of others) expect(edited.rollouts[i]?.weights).toEqual(anatomy.rollouts[i]?.weights);
    for (const i of mine) expect(edited.rollouts[i]?.mask).toEqual(anatomy.rollouts[i]?.mask);
  });

  it("changes nothing when it is the measured one", async () => {
    const report = await step(small);
    const { source, anatomy } = apart(report);
    expect(
      takeApart(
        source,
        report.rollouts.map(({ reward }) => reward),
      ),
    ).toEqual(anatomy);
  });
});
