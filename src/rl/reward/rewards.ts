// The table of built-in rewards: how a text is scored against the truth of its problem. One row is one reward. The user's own
// function ("custom") has no row here: it runs in a sandbox. Official names: reward_function/math.py.

import { UserError } from "@/lib/errors";
import { choiceLetter } from "./choiceLetter";
import { exactMatch, extractBoxed, responseText } from "./extractBoxed";
import { grade } from "./grade";
import { numericValue } from "./numericValue";
import type { RewardKind } from "./rewardKind";

/** The rewards of the table. */
export type BuiltInRewardKind = Exclude<RewardKind, "custom">;

/** A scored text: `overall` is R_i of the algorithm, the others are logged. All in [0, 1]. */
export interface Reward {
  readonly overall: number;
  readonly accuracy: number;
  /** 1 when the text keeps the format that was asked for; absent where the reward does not look at it. */
  readonly format?: number;
}

export interface RewardOptions {
  /** Of "numeric": the largest |answer − truth| / max(1, |truth|) that counts as right. */
  readonly tolerance: number;
}

export const defaultRewardOptions: RewardOptions = { tolerance: 0.01 };

/** One built-in reward. */
export interface RewardRow {
  readonly label: string;
  readonly help: string;
  /** Scores a whole response text; does not look at whether the truth is usable. */
  readonly score: (text: string, truth: string, options: RewardOptions) => Reward;
  /** Why a truth that is not empty cannot be scored against, or undefined when it can. */
  readonly truthProblem?: (truth: string) => string | undefined;
}

/** A problem's answer cannot be scored against. */
export class RewardError extends UserError {
  override readonly name = "RewardError";
}

const formatWeight = 0.1;

/** THE built-in rewards. */
export const rewards: Readonly<Record<BuiltInRewardKind, RewardRow>> = {
  official: {
    label: "Official",
    help: "1 when the last \\boxed{} is the answer as MathRuler grades it (1/2 = 0.5, 5\\sqrt{2} = \\sqrt{50}), else 0",
    score: (text, truth) => ofAccuracy(officialAccuracy(text, truth)),
  },
  official_format: {
    label: "Official with format",
    help: "0.9 for the right answer and 0.1 for the form <think>…</think>…\\boxed{…}",
    score: (text, truth) => {
      const accuracy = officialAccuracy(text, truth);
      const format = hasOfficialFormat(text) ? 1 : 0;
      return { overall: (1 - formatWeight) * accuracy + formatWeight * format, accuracy, format };
    },
  },
  exact: {
    label: "Exact match",
    help: "1 when the last \\boxed{} is the answer character by character, else 0",
    score: (text, truth) => ofAccuracy(exactMatch(text, truth)),
  },
  choice: {
    label: "Multiple choice",
    help: "1 when the last \\boxed{} names the right letter: B, (B), B. or B) with text behind it",
    score: (text, truth) => ofAccuracy(sameChoice(extractBoxed(text), truth)),
    truthProblem: (truth) => (choiceLetter(truth) === undefined ? "is not a letter A to Z" : undefined),
  },
  numeric: {
    label: "Number with tolerance",
    help: "1 when the last \\boxed{} is a number within the tolerance of the answer (relative above 1, absolute below), else 0",
    score: (text, truth, { tolerance }) => ofAccuracy(nearNumber(extractBoxed(text), truth, tolerance)),
    truthProblem: (truth) => (numericValue(truth) === undefined ? "is not a number" : undefined),
  },
};

/** Throws RewardError when a truth is empty or is none that this reward can score against. */
export function checkTruth(kind: BuiltInRewardKind, truth: string): void {
  const { label, truthProblem } = rewards[kind];
  if (truth.trim() === "") {
    throw new RewardError("This problem cannot be scored", "its answer is empty", "Give every problem of the task an answer");
  }
  const problem = truthProblem?.(truth);
  if (problem === undefined) return;
  const shown = truth.length > 60 ? `${truth.slice(0, 60)}…` : truth;
  const todo = "Choose another reward or correct the answers of the task";
  throw new RewardError(`The reward "${label}" cannot score this problem`, `its answer "${shown}" ${problem}`, todo);
}

/** Scores a response text against the truth of its problem; throws RewardError as checkTruth does. */
export function scoreAnswer(kind: BuiltInRewardKind, text: string, truth: string, options: RewardOptions): Reward {
  checkTruth(kind, truth);
  return rewards[kind].score(text, truth, options);
}

/** math.py compute_score_wo_format: white space around < > / goes, the last box is taken, MathRuler grades it. */
function officialAccuracy(text: string, truth: string): 0 | 1 {
  return grade(extractBoxed(text), truth) ? 1 : 0;
}

/** math.py format_reward: the whole text matches `<think>.*</think>.*\\boxed\{.*\}.*` (searched part by part, in linear time). */
function hasOfficialFormat(text: string): boolean {
  const response = responseText(text);
  if (!response.startsWith("<think>")) return false;
  let at = "<think>".length;
  for (const part of ["</think>", "\\boxed{", "}"]) {
    const found = response.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return true;
}

function sameChoice(answer: string, truth: string): 0 | 1 {
  const letter = choiceLetter(answer);
  return letter !== undefined && letter === choiceLetter(truth) ? 1 : 0;
}

function nearNumber(answer: string, truth: string, tolerance: number): 0 | 1 {
  const given = numericValue(answer);
  const expected = numericValue(truth);
  if (given === undefined || expected === undefined) return 0;
  // The last factor keeps an answer that is exactly at the limit inside it despite rounding.
  const allowed = tolerance * Math.max(1, Math.abs(expected)) * (1 + 1e-9);
  return Math.abs(given - expected) <= allowed ? 1 : 0;
}

function ofAccuracy(accuracy: 0 | 1): Reward {
  return { overall: accuracy, accuracy };
}
