// A table of a study as four columns of plots: accuracy after training, the difference to the first row, accuracy with the image masked,
// and steps to the target; each with the single seeds, in the rows' order. Pure.
import { compare, type Estimate, summarise } from "@/rl/evaluation";
import { baseArm } from "@/study/ownStudy";
import type { StudyPlan } from "@/study/plan";
import { type ArmSummary, runsOf, type StudyResult, stepsTo } from "@/study/results";
import type { DotRow } from "./dotPlot";
import { percentText, plotSentence, pointsText, rangeText, rowName, stepsText } from "./wording";

/** A row with what is written beside it. */
export interface MeasureRow extends DotRow {
  readonly arm: string;
  /** "72.4". */
  readonly number: string;
  /** "69.8 to 75.0", or what is to be known in its place; empty when there is nothing to say. */
  readonly note: string;
}

/** One column of plots. */
export interface Measure {
  readonly id: "accuracy" | "difference" | "masked" | "steps";
  readonly title: string;
  readonly help: string;
  readonly rows: readonly MeasureRow[];
  readonly lines: readonly number[];
  readonly limits: readonly [number, number];
  readonly format: (value: number) => string;
  /** All of it in words. */
  readonly sentence: string;
}

/** The columns of a table. */
export function measuresOf(
  plan: StudyPlan,
  results: readonly StudyResult[],
  { title, rows }: { readonly title: string; readonly rows: readonly ArmSummary[] },
): readonly Measure[] {
  const { rollouts, problems } = plan.evaluation;
  const first = rows[0];
  const base = results.find(({ plan: id, arm }) => id === plan.id && arm === baseArm);
  const baseLine = (pick: "after" | "masked") => (base ? [summarise(base[pick]).accuracy.value] : []);
  const shares = (arm: string, pick: "after" | "masked") =>
    runsOf(plan, results, arm).map((run) => summarise(run[pick]).accuracy.value);
  const percent = (label: string, arm: string, estimate: Estimate, dots: readonly number[]) =>
    rowOf({ label, arm, dots, ...pick(estimate) }, percentText, rangeText(estimate, percentText) ?? "");
  const target = percentText(plan.targetAccuracy).replace(/\.0$/, "");
  return [
    {
      id: "accuracy",
      title: `Accuracy@${rollouts}, %`,
      help: `Right answers to ${problems} held-out problems after training; the dashed line is the untrained model.`,
      rows: rows.map(({ label, arm, accuracy }) => percent(label, arm, accuracy, shares(arm, "after"))),
      lines: baseLine("after"),
      limits: [0, 1] as const,
      format: percentText,
    },
    {
      id: "difference",
      title: `Against ${first ? rowName(title, first.label) : "the first row"}, points`,
      help: "Difference of the accuracies, seed by seed; the line is no difference.",
      rows: rows.map(({ label, arm, againstFirst }) => {
        const { difference: value, low, high } = againstFirst ?? { difference: Number.NaN, low: Number.NaN, high: Number.NaN };
        const row = { label, arm, dots: first ? differences(plan, results, { first: first.arm, arm }) : [], value, low, high };
        if (arm === first?.arm) return { ...row, dots: [], number: "", note: "" };
        return rowOf(row, pointsText, rangeText({ low, high }, pointsText) ?? "");
      }),
      lines: [0],
      limits: [-1, 1] as const,
      format: pointsText,
    },
    {
      id: "masked",
      title: "Image masked, %",
      help: "The same with the image blacked out: what is guessed. The dashed line is the untrained model.",
      rows: rows.map(({ label, arm, masked }) => percent(label, arm, masked, shares(arm, "masked"))),
      lines: baseLine("masked"),
      limits: [0, 1] as const,
      format: percentText,
    },
    {
      id: "steps",
      title: `Steps to ${target} %`,
      help: `Steps until the training answers of five steps are right to ${target} % on average, over the seeds that get there.`,
      rows: rows.map(({ label, arm, stepsToTarget, reached, seeds }) => {
        const dots = runsOf(plan, results, arm).flatMap(({ steps }) => stepsTo(steps, plan.targetAccuracy) ?? []);
        const note = seeds === 0 ? "" : `${reached} of ${seeds} ${seeds === 1 ? "seed" : "seeds"}`;
        return rowOf({ label, arm, dots, ...pick(stepsToTarget) }, stepsText, note);
      }),
      lines: [],
      limits: [0, plan.steps] as const,
      format: stepsText,
    },
  ].map(
    (measure): Measure => ({
      ...(measure as Omit<Measure, "sentence">),
      sentence: plotSentence(
        measure.title,
        measure.rows.filter(({ number }) => number !== ""),
        measure.format,
      ),
    }),
  );
}

/** Mean over seeds of the training answers' accuracy at every step that all the runs have. */
export function meanCurve(runs: readonly StudyResult[]): number[] {
  const curves = runs.map(curveOf);
  const length = curves.length === 0 ? 0 : Math.min(...curves.map((curve) => curve.length));
  return Array.from({ length }, (_, i) => curves.reduce((sum, curve) => sum + (curve[i] ?? Number.NaN), 0) / curves.length);
}

/** Accuracy of a run's training answers, step by step. */
export function curveOf({ steps }: StudyResult): number[] {
  return steps.map((metrics) => metrics["reward/accuracy"] ?? Number.NaN);
}

function differences(
  plan: StudyPlan,
  results: readonly StudyResult[],
  { first, arm }: { readonly first: string; readonly arm: string },
): number[] {
  const base = runsOf(plan, results, first);
  return runsOf(plan, results, arm).flatMap((run) => {
    const partner = base.find(({ seed }) => seed === run.seed);
    return partner ? [compare(partner.after, run.after).difference] : [];
  });
}

function rowOf(row: DotRow & { readonly arm: string }, format: (value: number) => string, note: string): MeasureRow {
  return { ...row, number: format(row.value), note };
}

const pick = ({ value, low, high }: Estimate) => ({ value, low, high });
