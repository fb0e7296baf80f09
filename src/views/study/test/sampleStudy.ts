// Made-up results for tests of the view: five seeds of every arm of the first plan, with a clear difference for one arm and none for the
// others. No measurement.
import { createRng } from "@/lib/rng";
import type { ProblemOutcome } from "@/rl/evaluation";
import { runsOfPlan, type StudyPlan, studyPlans } from "@/study/plan";
import type { StudyResult } from "@/study/results";

export const samplePlan = studyPlans[0] as StudyPlan;

/** Shares that the arms are made to have; 0.75 for those that are not named. */
const shares: Readonly<Record<string, number>> = { base: 0.62, dapo: 0.68, random: 0.74 };

/** Results of the plan's arms with its first seeds. */
export function sampleResults(seeds = 5): StudyResult[] {
  const { problems, rollouts } = samplePlan.evaluation;
  const runs = runsOfPlan(samplePlan).filter(({ seed }) => seed <= seeds);
  return [{ arm: "base", seed: 0 }, ...runs.map(({ arm, seed }) => ({ arm: arm.id, seed }))].map(({ arm, seed }, number) => {
    const rng = createRng(seed + 1, number);
    const share = (shares[arm] ?? 0.75) + (rng.next() - 0.5) * 0.03;
    const outcomes = (of: number): ProblemOutcome[] =>
      Array.from({ length: problems }, (_, i) => {
        // Spread over the problems so that the whole comes to the share.
        const right = Math.floor(of * rollouts * (i + 1)) - Math.floor(of * rollouts * i);
        const family = i % 2 === 0 ? "count" : "total";
        return { family, right, answers: rollouts, parseable: rollouts, tokens: 160 };
      });
    const steps = arm === "base" ? 0 : samplePlan.steps;
    return {
      plan: samplePlan.id,
      arm,
      seed,
      steps: Array.from({ length: steps }, (_, i) => ({
        "reward/accuracy": 0.6 + ((share - 0.58) * i) / steps + (rng.next() - 0.5) * 0.08,
      })),
      after: outcomes(share),
      masked: outcomes(0.32 + (rng.next() - 0.5) * 0.02),
      seconds: 300,
    };
  });
}
