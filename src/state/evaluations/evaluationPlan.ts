// From knobs to an evaluation: named sets of the evaluation knobs, and the plan that is carried out. Pure.

import { tasks } from "@/tasks/registry";
import { pixelsOf, rewardOf } from "../requests";
import type { Settings } from "../settings";
import type { EvaluationPlan } from "./evaluation";

type Knobs = Pick<Settings, "evalTemperature" | "evalTopP" | "evalTopK" | "evalRollouts" | "evalPixels">;

/** One protocol of the menu. */
export interface EvaluationPreset {
  readonly label: string;
  readonly help: string;
  readonly knobs: Knobs;
}

const sampled: Knobs = { evalTemperature: 1, evalTopP: 1, evalTopK: 0, evalRollouts: 8, evalPixels: "input" };

/** Protocols by name, in the order of the menu. */
export const evaluationPresets = {
  paper: { label: "Paper: accuracy@8", help: "8 answers at temperature 1, top-p 1, no top-k.", knobs: sampled },
  papoEval: {
    label: "PAPO-Eval",
    help: "As its script runs: like the paper, but top-k 50 and pictures of 32² to 768² pixels.",
    knobs: { ...sampled, evalTopK: 50, evalPixels: "papoEval" },
  },
  greedy: {
    label: "Greedy",
    help: "One answer of the most likely tokens: fast, and without chance in the draws.",
    knobs: { ...sampled, evalTemperature: 0, evalRollouts: 1 },
  },
} as const satisfies Readonly<Record<string, EvaluationPreset>>;

export type EvaluationPresetName = keyof typeof evaluationPresets;

/** The protocol whose knobs stand; null for the user's own. */
export function presetOf(settings: Settings): EvaluationPresetName | null {
  const names = Object.keys(evaluationPresets) as EvaluationPresetName[];
  const stands = (name: EvaluationPresetName) =>
    Object.entries(evaluationPresets[name].knobs).every(([key, value]) => settings[key as keyof Knobs] === value);
  return names.find(stands) ?? null;
}

/** The task and level that are evaluated on. */
export function evaluatedTask({
  task,
  difficulty,
  evalTask,
  evalDifficulty,
}: Settings): Pick<EvaluationPlan, "task" | "difficulty"> {
  const id = evalTask === "training" ? task : evalTask;
  // The training's level means nothing to another task.
  const wanted = evalDifficulty !== "training" ? evalDifficulty : id === task ? difficulty : "0";
  const own = tasks.find((one) => one.id === id)?.defaultDifficulty ?? 1;
  return { task: id, difficulty: wanted === "0" ? own : Number(wanted) };
}

/** Side lengths of PAPO-Eval's limits: image area clamped to [32², 768²]. */
const papoEvalPixels = { minPixels: 32 ** 2, maxPixels: 768 ** 2 };

/** What an evaluation with these knobs does. */
export function evaluationPlanOf(settings: Settings): EvaluationPlan {
  const { evalProblems, evalRollouts, evalTemperature, evalTopP, evalTopK, evalSeed, maxNewTokens, evalPixels } = settings;
  return {
    ...evaluatedTask(settings),
    reward: rewardOf(settings),
    problems: evalProblems,
    rollouts: evalRollouts,
    sampling: { temperature: evalTemperature, topP: evalTopP, topK: evalTopK, maxNewTokens },
    ...(evalPixels === "papoEval" ? { pixels: papoEvalPixels } : pixelsOf(settings)),
    seed: evalSeed,
  };
}

/** Why no evaluation can start with these knobs; null when one can. */
export function evaluationBlockedBy(settings: Settings): string | null {
  const { task, difficulty } = evaluatedTask(settings);
  const evaluated = tasks.find(({ id }) => id === task);
  if (!evaluated?.difficulties.some(({ value }) => value === difficulty)) {
    return `No problems can be drawn: the task has no level ${difficulty}. Choose another difficulty.`;
  }
  const { rewardKind, rewardSource } = settings;
  return rewardKind === "custom" && rewardSource.trim() === ""
    ? "Answers cannot be graded: the reward function is empty. Write one, or choose another reward."
    : null;
}
