// A study that comes with the page: the results of a plan in one small JSON file, `public/recorded/study-<plan>.json`, written by
// `npm run study -- --plan <plan> --record` from the results file and read back into the same results. Nothing is computed here: of a
// run its held-out outcomes stay as they are, and of its training steps the accuracy.

import * as v from "valibot";
import { UserError } from "@/lib/errors";
import type { ProblemOutcome } from "@/rl/evaluation";
import type { StudyPlan } from "./plan";
import type { StudyResult } from "./results";

/** A recorded study cannot be written or read. */
export class RecordedStudyError extends UserError {
  override readonly name = "RecordedStudyError";
}

/** How the results came about. */
export interface StudyOrigin {
  /** What repeats it. */
  readonly command: string;
  /** "webgpu" or "wasm". */
  readonly backend: string;
  /** GPU or processor. */
  readonly adapter: string;
  /** Number format of the weights. */
  readonly format: string;
  /** Day of the last run, "2026-11-21". */
  readonly date: string;
}

/** What must be the same in a plan for its recorded results to be the plan's. */
type PlanFacts = Pick<StudyPlan, "model" | "task" | "steps" | "targetAccuracy" | "evaluation"> & { readonly difficulty?: number };

/** A recorded study after it has been read. */
export interface RecordedStudy extends StudyOrigin, PlanFacts {
  readonly plan: string;
  readonly results: readonly StudyResult[];
}

const finite = v.pipe(v.number(), v.finite());
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = v.pipe(v.string(), v.maxLength(300));
const column = v.pipe(v.array(finite), v.maxLength(5000));
const outcomesSchema = v.object({ right: column, parseable: column, tokens: column });

const fileSchema = v.pipe(
  v.object({
    version: v.literal(1),
    plan: text,
    command: text,
    backend: text,
    adapter: text,
    format: text,
    date: text,
    model: text,
    task: text,
    difficulty: v.exactOptional(finite),
    steps: count,
    targetAccuracy: finite,
    evaluation: v.object({ problems: count, rollouts: v.pipe(count, v.minValue(1)), seed: count }),
    /** Family of each held-out problem, in order. */
    families: v.pipe(v.array(text), v.maxLength(5000)),
    runs: v.pipe(
      v.array(
        v.object({
          arm: text,
          seed: count,
          seconds: finite,
          /** Accuracy of the training rollouts of each step. */
          accuracy: column,
          after: outcomesSchema,
          masked: outcomesSchema,
        }),
      ),
      v.maxLength(1000),
    ),
  }),
  v.check(
    ({ families, runs }) =>
      runs.every((run) =>
        [run.after, run.masked].every((outcomes) => Object.values(outcomes).every((values) => values.length === families.length)),
      ),
    "not every run has one outcome per problem",
  ),
);

type RecordedFile = v.InferOutput<typeof fileSchema>;

/** The key of the one number that is kept of a training step. */
const accuracyKey = "reward/accuracy";
/** Bytes that a recorded study may add to the page. */
const mostBytes = 150_000;

/** The file of a plan's results; throws RecordedStudyError when they do not belong together or are too large. */
export function recordedText(plan: StudyPlan, results: readonly StudyResult[], origin: StudyOrigin): string {
  const own = results.filter((result) => result.plan === plan.id);
  const families = own[0]?.after.map(({ family }) => family) ?? [];
  if (own.length === 0) throw new RecordedStudyError("Nothing was recorded", "there are no results", "Run the study first");
  const { model, task, difficulty, steps, targetAccuracy, evaluation } = plan;
  const file: RecordedFile = {
    version: 1,
    plan: plan.id,
    ...origin,
    model,
    task,
    ...(difficulty === undefined ? {} : { difficulty }),
    steps,
    targetAccuracy,
    evaluation,
    families,
    runs: own.map(({ arm, seed, seconds, steps: taken, after, masked }) => ({
      arm,
      seed,
      seconds: rounded(seconds, 1),
      // Shares of up to some hundred rollouts: six digits keep which of them are equal.
      accuracy: taken.flatMap((metrics) => metrics[accuracyKey] ?? []).map((value) => rounded(value, 6)),
      after: columnsOf(after, families, evaluation.rollouts),
      masked: columnsOf(masked, families, evaluation.rollouts),
    })),
  };
  const written = `${JSON.stringify(file)}\n`;
  if (written.length > mostBytes) {
    const why = `it has ${written.length} bytes and the page takes ${mostBytes}`;
    throw new RecordedStudyError("The study cannot be recorded", why, "Use fewer problems or arms");
  }
  return written;
}

/** Checks a parsed file; throws RecordedStudyError naming the first wrong field. */
export function parseRecorded(json: unknown): RecordedStudy {
  const read = v.safeParse(fileSchema, json);
  if (!read.success) {
    const [issue] = read.issues;
    const why = `the field ${v.getDotPath(issue) ?? "(root)"} is wrong (${issue.message})`;
    throw new RecordedStudyError("The recorded study cannot be shown", why, "Run the study here");
  }
  const { families, runs, version: _, ...facts } = read.output;
  const outcomes = ({ right, parseable, tokens }: RecordedFile["runs"][number]["after"]): ProblemOutcome[] =>
    families.map((family, i) => ({
      family,
      right: right[i] as number,
      answers: facts.evaluation.rollouts,
      parseable: parseable[i] as number,
      tokens: tokens[i] as number,
    }));
  return {
    ...facts,
    results: runs.map(({ arm, seed, seconds, accuracy, after, masked }) => ({
      plan: facts.plan,
      arm,
      seed,
      seconds,
      steps: accuracy.map((value) => ({ [accuracyKey]: value })),
      after: outcomes(after),
      masked: outcomes(masked),
    })),
  };
}

/** What is different in the plan today; null when the recorded results are still its own. */
export function changedSince(plan: StudyPlan, recorded: RecordedStudy): string | null {
  const facts = ({ model, task, difficulty, steps, targetAccuracy, evaluation }: PlanFacts) => ({
    "the model": model,
    "the task": `${task} ${difficulty ?? ""}`,
    "the number of steps": steps,
    "the accuracy to reach": targetAccuracy,
    "the held-out problems": `${evaluation.problems} ${evaluation.rollouts} ${evaluation.seed}`,
  });
  const [then, now] = [facts(recorded), facts(plan)];
  return (Object.keys(now) as (keyof typeof now)[]).find((key) => now[key] !== then[key]) ?? null;
}

function columnsOf(
  outcomes: readonly ProblemOutcome[],
  families: readonly string[],
  rollouts: number,
): RecordedFile["runs"][number]["after"] {
  const fits =
    outcomes.length === families.length &&
    outcomes.every(({ family, answers }, i) => family === families[i] && answers === rollouts);
  if (!fits) {
    throw new RecordedStudyError(
      "The study cannot be recorded",
      "its runs were measured on different problems",
      "Delete the lines that do not belong to the plan",
    );
  }
  return {
    right: outcomes.map(({ right }) => rounded(right, 6)),
    parseable: outcomes.map(({ parseable }) => parseable),
    tokens: outcomes.map(({ tokens }) => tokens),
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
