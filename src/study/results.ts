// Results of a study: one line per run, and the tables made of them. Pure; the file is JSON lines, so a run that is finished is
// never lost and two processes may append to it.

import * as v from "valibot";
import { UserError } from "@/lib/errors";
import { type Comparison, compare, type Estimate, meanOverSeeds, summarise } from "@/rl/evaluation";
import type { StudyPlan } from "./plan";

const outcomeSchema = v.object({
  family: v.string(),
  right: v.number(),
  answers: v.number(),
  parseable: v.number(),
  tokens: v.number(),
});

const resultSchema = v.object({
  plan: v.string(),
  /** "base" is the model before any training. */
  arm: v.string(),
  seed: v.number(),
  /** Metrics of every step under the official names. */
  steps: v.array(v.record(v.string(), v.number())),
  /** Held-out problems after the last step, with the image and with it blacked out. */
  after: v.array(outcomeSchema),
  masked: v.array(outcomeSchema),
  seconds: v.number(),
});

/** One finished run. */
export type StudyResult = v.InferOutput<typeof resultSchema>;

/** A line of a results file is not one. */
export class StudyFileError extends UserError {
  override readonly name = "StudyFileError";
}

/** The results of a file; throws StudyFileError naming the line. */
export function parseResults(text: string): StudyResult[] {
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      return [v.parse(resultSchema, JSON.parse(line))];
    } catch {
      throw new StudyFileError("The study cannot be read", `line ${index + 1} of the file is no result`, "Delete that line");
    }
  });
}

/** What the tables tell of one arm. */
export interface ArmSummary {
  readonly label: string;
  readonly arm: string;
  readonly seeds: number;
  /** accuracy@n after training, mean over seeds. */
  readonly accuracy: Estimate;
  /** The same with the image blacked out. */
  readonly masked: Estimate;
  /** Steps until the training rollouts reach the plan's accuracy, mean over the seeds that do. */
  readonly stepsToTarget: Estimate;
  /** Seeds that reach it. */
  readonly reached: number;
  /** Accuracy minus that of the first row, over seeds that both have, each measured on the same problems. */
  readonly againstFirst: Comparison | null;
}

/** The plan's tables as far as there are results. */
export function tablesOf(
  plan: StudyPlan,
  results: readonly StudyResult[],
): readonly { readonly title: string; readonly rows: readonly ArmSummary[] }[] {
  return plan.tables.map(({ title, rows }) => {
    const first = rows[0]?.arm;
    return { title, rows: rows.map((row) => summaryOf(plan, results, row, first)) };
  });
}

function summaryOf(
  plan: StudyPlan,
  results: readonly StudyResult[],
  { label, arm }: { label: string; arm: string },
  first: string | undefined,
): ArmSummary {
  const own = runsOf(plan, results, arm);
  const reached = own.flatMap(({ steps }) => stepsTo(steps, plan.targetAccuracy) ?? []);
  return {
    label,
    arm,
    seeds: own.length,
    accuracy: meanOverSeeds(own.map(({ after }) => summarise(after).accuracy.value)),
    masked: meanOverSeeds(own.map(({ masked }) => summarise(masked).accuracy.value)),
    stepsToTarget: meanOverSeeds(reached),
    reached: reached.length,
    againstFirst: first === undefined || first === arm ? null : pairedBySeed(runsOf(plan, results, first), own),
  };
}

/** Results of one arm, by seed. */
export function runsOf(plan: StudyPlan, results: readonly StudyResult[], arm: string): readonly StudyResult[] {
  return results
    .filter((result) => result.plan === plan.id && result.arm === arm && plan.seeds.includes(result.seed))
    .toSorted((a, b) => a.seed - b.seed);
}

const window = 5;

/** The first step at which the mean accuracy of the last five steps' rollouts is at least the target; undefined when never. */
export function stepsTo(steps: readonly Readonly<Record<string, number>>[], target: number): number | undefined {
  const values = steps.map((metrics) => metrics["reward/accuracy"] ?? Number.NaN);
  for (let end = window; end <= values.length; end++) {
    const mean = values.slice(end - window, end).reduce((sum, value) => sum + value, 0) / window;
    if (mean >= target) return end;
  }
  return undefined;
}

/** Seeds share their training problems and the held-out ones, so arms are compared seed by seed, with a Student interval. */
function pairedBySeed(base: readonly StudyResult[], own: readonly StudyResult[]): Comparison | null {
  const differences = own.flatMap((run) => {
    const partner = base.find(({ seed }) => seed === run.seed);
    return partner ? [compare(partner.after, run.after).difference] : [];
  });
  if (differences.length === 0) return null;
  const { value, low, high } = meanOverSeeds(differences);
  return { difference: value, low, high, problems: differences.length };
}

/** The tables as Markdown. */
export function markdownOf(plan: StudyPlan, results: readonly StudyResult[]): string {
  const percent = (value: number) => (Number.isNaN(value) ? "–" : `${(100 * value).toFixed(1)}`);
  const range = ({ value, low, high }: Estimate) =>
    Number.isNaN(low) ? percent(value) : `${percent(value)} (${percent(low)} to ${percent(high)})`;
  return tablesOf(plan, results)
    .map(({ title, rows }) => {
      const lines = rows.map(({ label, seeds, accuracy, masked, stepsToTarget, reached, againstFirst }) => {
        const steps = reached === 0 ? "–" : `${stepsToTarget.value.toFixed(1)} (${reached} of ${seeds})`;
        const difference = againstFirst
          ? `${signed(100 * againstFirst.difference)} (${signed(100 * againstFirst.low)} to ${signed(100 * againstFirst.high)})`
          : "";
        return `| ${label} | ${seeds} | ${range(accuracy)} | ${difference} | ${steps} | ${range(masked)} |`;
      });
      const target = `${(100 * plan.targetAccuracy).toFixed(0)} %`;
      return [
        `| ${title} | seeds | accuracy@${plan.evaluation.rollouts}, % | against the first row | steps to ${target} | image masked, % |`,
        "|---|---|---|---|---|---|",
        ...lines,
      ].join("\n");
    })
    .join("\n\n");
}

function signed(value: number): string {
  if (Number.isNaN(value)) return "–";
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;
}

/** A run's outcomes as its line of the file. */
export function lineOf(result: StudyResult): string {
  return `${JSON.stringify(result)}\n`;
}
