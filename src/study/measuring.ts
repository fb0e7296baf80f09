// What a study measures of a run, the same wherever it runs: the numbers kept of each training step, and the question put to the
// trained model. Pure; `scripts/study.ts` and `state/studies/studyRunner.ts` carry it out.

import type { EvaluationRequest, StepMetrics } from "@/protocol/training";
import type { StudyPlan } from "./plan";

/** Metrics that the results keep. */
const keptMetrics = [
  "reward/accuracy",
  "actor/grad_norm",
  "actor/sensitivity_score_mean",
  "response_length/mean",
  "vppo/kept_dependency_share",
  "timing_s/step",
] as const;

/** Of a step's metrics those that a result keeps; what is not a finite number has no place in a JSON line. */
export function keptOf(metrics: StepMetrics): StepMetrics {
  return Object.fromEntries(
    keptMetrics.flatMap((key) => {
      const value = metrics[key];
      return value !== undefined && Number.isFinite(value) ? [[key, value]] : [];
    }),
  );
}

/** The held-out problems of a plan, at temperature 1 as the paper does, with the image or with it blacked out. */
export function evaluationOf({ task, difficulty, settings, evaluation }: StudyPlan, masked: boolean): EvaluationRequest {
  const { topP, topK, maxNewTokens } = settings.sampling;
  return {
    task,
    ...(difficulty === undefined ? {} : { difficulty }),
    reward: settings.reward,
    ...evaluation,
    sampling: { temperature: 1, topP, topK, maxNewTokens },
    masked,
  };
}
