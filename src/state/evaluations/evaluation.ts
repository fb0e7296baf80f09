// One evaluation: what was evaluated, on which problems, and the outcomes so far; what is missing, what it says, and whether two of
// them can be compared. Pure; running it is `evaluationJob.ts`, keeping it `evaluationStore.ts`, arithmetic `rl/evaluation.ts`.

import type { PrecisionChoice } from "@/protocol/model";
import type { EvaluationRequest, StepMetrics } from "@/protocol/training";
import { type Comparison, compare, type ProblemOutcome, summarise } from "@/rl/evaluation";

/** The model and adapter that answer. */
export interface EvaluationSubject {
  readonly model: string;
  readonly parameters: number;
  readonly precision: PrecisionChoice;
  /** Name of the adapter; null without one. */
  readonly adapter: string | null;
  /** SHA-256 of the adapter's files, "none" without an adapter; other weights are another subject, whatever they are called. */
  readonly fingerprint: string;
  /** The run and its step where the adapter was trained on this page. */
  readonly run?: { readonly id: string; readonly name: string };
  readonly step?: number;
}

/** What is asked; `masked` and `first` change from call to call. */
export type EvaluationPlan = Omit<EvaluationRequest, "masked" | "first" | "difficulty"> & { readonly difficulty: number };

/** An evaluation, finished or not. */
export interface Evaluation {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly subject: EvaluationSubject;
  readonly plan: EvaluationPlan;
  /** Whether the problems are also answered with the image masked. */
  readonly withMasked: boolean;
  /** Outcomes from problem 0 on. */
  readonly seen: readonly ProblemOutcome[];
  readonly masked: readonly ProblemOutcome[];
  /** Time spent so far, for the estimate of what is left. */
  readonly elapsedMs: number;
}

/** Problems that are answered, and all that will be; each counts once per condition. */
export function progressOf({ plan, withMasked, seen, masked }: Evaluation): { readonly done: number; readonly total: number } {
  return { done: seen.length + masked.length, total: plan.problems * (withMasked ? 2 : 1) };
}

/** Whether every problem is answered. */
export function isFinished(evaluation: Evaluation): boolean {
  const { done, total } = progressOf(evaluation);
  return done >= total;
}

/** Milliseconds until the end at the speed so far; null before the first outcome. */
export function timeLeftMs(evaluation: Evaluation): number | null {
  const { done, total } = progressOf(evaluation);
  return done === 0 ? null : ((total - done) * evaluation.elapsedMs) / done;
}

/** The next request of at most `problems` problems; seen and masked take turns, so that they stay a pair. Null at the end. */
export function nextRequest({ plan, withMasked, seen, masked }: Evaluation, problems: number): EvaluationRequest | null {
  const isMaskedTurn = withMasked && masked.length < seen.length;
  const first = isMaskedTurn ? masked.length : seen.length;
  if (first >= plan.problems) return null;
  // A masked part ends where its seen one ended, also after a change of size.
  const end = isMaskedTurn ? seen.length : plan.problems;
  return { ...plan, masked: isMaskedTurn, first, problems: Math.min(end, first + problems) };
}

/** The evaluation with the outcomes of one request. */
export function withOutcomes(
  evaluation: Evaluation,
  { masked }: Pick<EvaluationRequest, "masked">,
  outcomes: readonly ProblemOutcome[],
  elapsedMs: number,
): Evaluation {
  const key = masked ? "masked" : "seen";
  return { ...evaluation, [key]: [...evaluation[key], ...outcomes], elapsedMs: evaluation.elapsedMs + elapsedMs };
}

/** Whether two subjects have the same weights. */
export function isSameSubject(a: EvaluationSubject, b: EvaluationSubject): boolean {
  const sameFormats = (["text", "vision", "head", "groupSize"] as const).every((key) => a.precision[key] === b.precision[key]);
  return a.model === b.model && a.parameters === b.parameters && sameFormats && a.fingerprint === b.fingerprint;
}

/** "VPPO 3, step 12", an adapter's name, or "without adapter". */
export function subjectName({ adapter, run, step }: EvaluationSubject): string {
  if (run && step !== undefined) return `${run.name}, step ${step}`;
  return adapter ?? "without adapter";
}

/** Why two evaluations cannot be compared, as a sentence; null where they can. */
export function notComparable(a: Evaluation, b: Evaluation): string | null {
  const refused = (why: string, todo: string) => `They cannot be compared: ${why}. ${todo}.`;
  if (a.id === b.id) return refused("both are the same evaluation", "Choose two");
  if (a.plan.task !== b.plan.task || a.plan.difficulty !== b.plan.difficulty || a.plan.seed !== b.plan.seed) {
    return refused("their problems are not the same", "Choose two of one task, difficulty and seed");
  }
  const [one, other] = [a.plan.reward, b.plan.reward];
  if (one.kind !== other.kind || one.tolerance !== other.tolerance || one.source !== other.source) {
    return refused("their answers were graded in different ways", "Choose two with the same reward");
  }
  if (a.seen.length === 0 || b.seen.length === 0) return refused("one has no outcome yet", "Let it answer some problems");
  return null;
}

/** Paired differences overall and by family, over the problems that both have. */
export interface FamilyComparison {
  readonly all: Comparison;
  readonly perFamily: Readonly<Record<string, Comparison>>;
}

/** Change from `before` to `after`; outcomes of one index are of one problem. */
export function compareByFamily(before: readonly ProblemOutcome[], after: readonly ProblemOutcome[]): FamilyComparison {
  const count = Math.min(before.length, after.length);
  const [first, second] = [before.slice(0, count), after.slice(0, count)];
  const families = [...new Set(second.map(({ family }) => family))].sort();
  const ofFamily = (outcomes: readonly ProblemOutcome[], name: string) => outcomes.filter(({ family }) => family === name);
  return {
    all: compare(first, second),
    perFamily: Object.fromEntries(families.map((name) => [name, compare(ofFamily(first, name), ofFamily(second, name))])),
  };
}

/**
 * What an evaluation adds to the step of its run: `val/accuracy_reward` and `val_response_length/mean` as the official trainer
 * names them (trainer/ray_trainer.py); `val/accuracy_masked` is this project's own.
 */
export function metricsOf({ seen, masked }: Pick<Evaluation, "seen" | "masked">): StepMetrics {
  if (seen.length === 0) return {};
  const { accuracy, meanLength } = summarise(seen);
  return {
    "val/accuracy_reward": accuracy.value,
    "val_response_length/mean": meanLength,
    ...(masked.length > 0 && { "val/accuracy_masked": summarise(masked).accuracy.value }),
  };
}
