// What a study compares: arms (methods, k, β_min) over seeds, all with the same model, problems and budget. Pure; `npm run study`
// and the page run the same plans, and a result names its plan, arm and seed, so that both can go on where the other stopped.

import type { TrainSettings } from "@/protocol/training";
import { trainDefaults } from "@/protocol/training";
import { type PolicySettings, policyPresets } from "@/rl/settings";

/** One configuration that is trained with every seed. */
export interface StudyArm {
  readonly id: string;
  readonly label: string;
  readonly policy: PolicySettings;
}

/** A row of a table: the arm under the name it has there. Some arms stand in several tables, because they are the same algorithm. */
export interface StudyRow {
  readonly label: string;
  readonly arm: string;
}

export interface StudyPlan {
  readonly id: string;
  readonly name: string;
  /** Folder of the checkpoint under `public/models`. */
  readonly model: string;
  readonly task: string;
  readonly difficulty?: number;
  readonly seeds: readonly number[];
  readonly steps: number;
  /** Everything but policy and seeds. */
  readonly settings: TrainSettings;
  readonly arms: readonly StudyArm[];
  readonly tables: readonly { readonly title: string; readonly rows: readonly StudyRow[] }[];
  readonly evaluation: { readonly problems: number; readonly rollouts: number; readonly seed: number };
  /** The fixed accuracy of "steps to": of the training rollouts, mean of five steps. */
  readonly targetAccuracy: number;
}

const vppo = policyPresets.vppo;

const arms: readonly StudyArm[] = [
  { id: "vppo", label: "VPPO", policy: vppo },
  { id: "tgf", label: "TGF only", policy: policyPresets.filteringOnly },
  { id: "tas", label: "TAS only", policy: policyPresets.shapingOnly },
  { id: "dapo", label: "DAPO", policy: policyPresets.dapo },
  { id: "grpo", label: "GRPO", policy: policyPresets.grpo },
  { id: "random", label: "Random tokens", policy: { ...policyPresets.filteringOnly, tokenSelection: "random" } },
  { id: "k0.2", label: "k = 0.2", policy: { ...vppo, keepRatio: 0.2 } },
  { id: "k0.6", label: "k = 0.6", policy: { ...vppo, keepRatio: 0.6 } },
  { id: "k0.8", label: "k = 0.8", policy: { ...vppo, keepRatio: 0.8 } },
  { id: "beta0.8", label: "β_min = 0.8", policy: { ...vppo, betaMin: 0.8 } },
];

// k = 1 keeps every token, which is TAS only; β_min = 1 makes every α 1, which is TGF only.
const tables: StudyPlan["tables"] = [
  {
    title: "Method",
    rows: ["vppo", "tas", "tgf", "dapo", "grpo", "random"].map((arm) => ({
      arm,
      label: arms.find(({ id }) => id === arm)?.label ?? arm,
    })),
  },
  {
    title: "k, at β_min = 0.9",
    rows: [
      { arm: "k0.2", label: "0.2" },
      { arm: "vppo", label: "0.4" },
      { arm: "k0.6", label: "0.6" },
      { arm: "k0.8", label: "0.8" },
      { arm: "tas", label: "1 (TAS only)" },
    ],
  },
  {
    title: "β_min, at k = 0.4",
    rows: [
      { arm: "beta0.8", label: "0.8" },
      { arm: "vppo", label: "0.9" },
      { arm: "tgf", label: "1 (TGF only)" },
    ],
  },
];

const seeds = [1, 2, 3, 4, 5];

/** The studies this repository carries results of. */
export const studyPlans: readonly StudyPlan[] = [
  {
    id: "shapes",
    name: "Shapes world",
    model: "shapes-vlm",
    task: "shapes",
    seeds,
    steps: 12,
    settings: {
      ...trainDefaults,
      sampling: { ...trainDefaults.sampling, maxNewTokens: 64 },
      promptsPerStep: 8,
      measureMoves: false,
    },
    arms,
    tables,
    evaluation: { problems: 120, rollouts: 8, seed: 7777 },
    targetAccuracy: 0.7,
  },
  {
    id: "sums",
    name: "Running sums",
    model: "shapes-vlm-sums",
    task: "sums",
    difficulty: 2,
    seeds,
    steps: 16,
    settings: {
      ...trainDefaults,
      sampling: { ...trainDefaults.sampling, maxNewTokens: 192 },
      promptsPerStep: 6,
      measureMoves: false,
    },
    arms,
    tables,
    evaluation: { problems: 64, rollouts: 8, seed: 7777 },
    targetAccuracy: 0.7,
  },
];

/** The settings of one run of a plan: the arm's policy, and the seed for problems, sampling, masks and the fresh adapter. */
export function settingsOfRun({ settings, task, difficulty }: StudyPlan, arm: StudyArm, seed: number): TrainSettings {
  return {
    ...settings,
    policy: arm.policy,
    task,
    ...(difficulty === undefined ? {} : { difficulty }),
    sampling: { ...settings.sampling, seed },
    mask: { ...settings.mask, seed },
    seed,
  };
}

/** All runs, seed by seed, so that a study that is not finished has equally many seeds of every arm. */
export function runsOfPlan(plan: StudyPlan): readonly { readonly arm: StudyArm; readonly seed: number }[] {
  return plan.seeds.flatMap((seed) => plan.arms.map((arm) => ({ arm, seed })));
}
