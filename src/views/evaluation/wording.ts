// Evaluations in words: accuracy with interval, differences with a verdict, settings, time left. Pure.
import type { Comparison, Estimate } from "@/rl/evaluation";
import { type Evaluation, type EvaluationPlan, progressOf, subjectName, timeLeftMs } from "@/state/evaluations/evaluation";
import { tasks } from "@/tasks/registry";
import { formatNumber } from "@/ui/formatNumber";

/** Below so many problems the intervals of differences, which take them for normal, are only rough. */
const fewProblems = 30;

const tenths = (value: number) => formatNumber(Number(value.toFixed(1)));

/** "58.3 %"; a dash where nothing was measured. */
export function shareText(value: number): string {
  return Number.isNaN(value) ? "–" : `${tenths(value * 100)} %`;
}

/** "51 to 65 %". */
export function intervalText({ low, high }: Pick<Estimate, "low" | "high">): string {
  return Number.isNaN(low) ? "–" : `${tenths(low * 100)} to ${tenths(high * 100)} %`;
}

/** "+21.2 points", in percentage points with a sign. */
export function pointsText(difference: number): string {
  if (Number.isNaN(difference)) return "–";
  const points = Number((difference * 100).toFixed(1));
  return `${points > 0 ? "+" : ""}${tenths(points)} ${Math.abs(points) === 1 ? "point" : "points"}`;
}

/** "from 17 to 25": the interval of a difference in points; null where there is none. */
export function rangeText({ low, high }: Pick<Comparison, "low" | "high">): string | null {
  return Number.isNaN(low) ? null : `from ${tenths(low * 100)} to ${tenths(high * 100)}`;
}

/** "+21.2 points, 95 % from 17 to 25: VPPO 3, step 12 is better." */
export function verdict(comparison: Comparison, names: { readonly before: string; readonly after: string }): string {
  const { difference, low, high, problems } = comparison;
  const change = pointsText(difference);
  const range = rangeText(comparison);
  if (range === null) return `${change} on one problem, which has no interval: nothing can be told.`;
  if (difference === 0 && low === 0 && high === 0) return "No difference: every problem has the same accuracy in both.";
  const told = low > 0 ? `${names.after} is better` : high < 0 ? `${names.before} is better` : "no difference can be told";
  const rough = problems < fewProblems ? ` With ${problems} problems this is rough.` : "";
  return `${change}, 95 % ${range}: ${told}.${rough}`;
}

/** "count color", of "count_color". */
export function familyText(family: string): string {
  return family.replaceAll("_", " ");
}

/** "Shapes world, pale". */
export function taskText({ task, difficulty }: EvaluationPlan): string {
  const known = tasks.find(({ id }) => id === task);
  const level = known?.difficulties.find(({ value }) => value === difficulty)?.label.toLowerCase();
  return `${known?.name ?? task}, ${level ?? `level ${formatNumber(difficulty)}`}`;
}

/** "100 × 8, T 1, top-k 50, seed 2026". */
export function settingsText({ problems, rollouts, sampling, seed }: EvaluationPlan): string {
  const { temperature, topP, topK } = sampling;
  const parts = [
    `${problems} × ${rollouts}`,
    temperature === 0 ? "greedy" : `T ${formatNumber(temperature)}`,
    ...(topP < 1 ? [`top-p ${formatNumber(topP)}`] : []),
    ...(topK > 0 ? [`top-k ${topK}`] : []),
    `seed ${seed}`,
  ];
  return parts.join(", ");
}

/** What was evaluated, in two parts: the model, and what it carries. */
export function subjectTexts({ subject }: Evaluation): { readonly model: string; readonly adapter: string } {
  return { model: subject.model, adapter: subjectName(subject) };
}

/** "about 3 minutes left"; null where nothing is known yet. */
export function timeLeftText(evaluation: Evaluation): string | null {
  const left = timeLeftMs(evaluation);
  return left === null ? null : `about ${durationText(left)} left`;
}

/** "40 s", "3 min", "1 h 20 min". */
export function durationText(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** "12 of 200 problems": a problem counts once per condition. */
export function progressText(evaluation: Evaluation): string {
  const { done, total } = progressOf(evaluation);
  return `${done} of ${total} problems${evaluation.withMasked ? " (each with and without image)" : ""}`;
}
