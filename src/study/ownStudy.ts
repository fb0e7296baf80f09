// A study that is carried out in the page: which arms, seeds and budget of a plan were chosen, and the results so far. Pure; running it
// is `state/studies/studyRunner.ts`, keeping it `state/studies/studyStorage.ts`.

import * as v from "valibot";
import { gridArm, gridRows, gridTitle } from "./grid";
import type { StudyArm, StudyPlan } from "./plan";
import { runsOfPlan, studyPlans } from "./plan";
import { parseResults, StudyFileError, type StudyResult } from "./results";

const count = (least: number, most: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(least), v.maxValue(most));
const text = (length: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(length));

/** Bounds of what can be chosen. */
export const studyLimits = { seeds: 30, steps: 1000, prompts: 256, problems: 2000, rollouts: 64 } as const;

/** What was chosen; the results are stored beside it. */
export const studyChoiceSchema = v.object({
  plan: text(60),
  arms: v.pipe(v.array(text(60)), v.minLength(1), v.maxLength(60)),
  seeds: v.pipe(v.array(count(0, 0xffffffff)), v.minLength(1), v.maxLength(studyLimits.seeds)),
  steps: count(1, studyLimits.steps),
  /** Prompts of a training step. */
  prompts: count(1, studyLimits.prompts),
  problems: count(1, studyLimits.problems),
  rollouts: count(1, studyLimits.rollouts),
});

/** Arms, seeds and budget of a study of one's own. */
export type StudyChoice = v.InferOutput<typeof studyChoiceSchema>;

/** The gate for what is stored of a study besides its results. */
export const studyHeadSchema = v.object({
  id: v.pipe(v.string(), v.regex(/^[0-9a-z-]{1,64}$/)),
  /** Milliseconds since 1970. */
  createdAt: v.pipe(v.number(), v.finite()),
  choice: studyChoiceSchema,
  /** Backend, GPU and number formats of the runs; null before the first, and for results from a file. */
  device: v.nullable(text(500)),
  isImported: v.boolean(),
});

export type StudyHead = v.InferOutput<typeof studyHeadSchema>;

/** A study of one's own, finished or not. */
export interface OwnStudy extends StudyHead {
  readonly results: readonly StudyResult[];
}

/** The whole plan as a choice. */
export function wholeChoice({ id, arms, seeds, steps, settings, evaluation }: StudyPlan): StudyChoice {
  const { problems, rollouts } = evaluation;
  const prompts = settings.promptsPerStep;
  return { plan: id, arms: arms.map((arm) => arm.id), seeds: [...seeds], steps, prompts, problems, rollouts };
}

/** So many seeds: those of the plan first, then the numbers after them. */
export function firstSeeds({ seeds }: StudyPlan, wanted: number): number[] {
  const last = Math.max(...seeds);
  return Array.from({ length: wanted }, (_, i) => seeds[i] ?? last + 1 + i - seeds.length);
}

/** The plan with what was chosen of it; undefined when this page has no such plan any more. Tables with one row say nothing and go. */
export function chosenPlan(choice: StudyChoice): StudyPlan | undefined {
  const plan = studyPlans.find(({ id }) => id === choice.plan);
  if (!plan) return undefined;
  const { seeds, steps, prompts, problems, rollouts } = choice;
  const arms = [...plan.arms.filter(({ id }) => choice.arms.includes(id)), ...choice.arms.flatMap((id) => gridArm(id) ?? [])];
  const known = plan.tables.map(({ title, rows }) => ({ title, rows: rows.filter((row) => choice.arms.includes(row.arm)) }));
  const tables = [...known, { title: gridTitle, rows: gridRows(choice.arms) }];
  const telling = tables.filter(({ rows }) => rows.length > 1);
  const only = { title: "Arm", rows: arms.map(({ id, label }) => ({ arm: id, label })) };
  return {
    ...plan,
    arms,
    seeds,
    steps,
    settings: { ...plan.settings, promptsPerStep: prompts },
    tables: telling.length > 0 ? telling : [only],
    evaluation: { ...plan.evaluation, problems, rollouts },
  };
}

/** One thing to do: measure the untrained model (no arm), or train an arm with a seed and measure it. */
export interface StudyRun {
  readonly arm: StudyArm | null;
  readonly seed: number;
}

/** Arm name of the untrained model in the results. */
export const baseArm = "base";

/** Everything a plan does, in order: the untrained model first, then seed by seed. */
export function allRuns(plan: StudyPlan): readonly StudyRun[] {
  return [{ arm: null, seed: 0 }, ...runsOfPlan(plan)];
}

/** What has no result yet. */
export function missingRuns(plan: StudyPlan, results: readonly StudyResult[]): readonly StudyRun[] {
  return allRuns(plan).filter(
    ({ arm, seed }) => !results.some((result) => result.arm === (arm?.id ?? baseArm) && result.seed === seed),
  );
}

/** Seconds until the end, from the mean of the finished runs; null before the first trained one. */
export function secondsLeft(plan: StudyPlan, results: readonly StudyResult[]): number | null {
  const taken = results.filter(({ arm }) => arm !== baseArm).map(({ seconds }) => seconds);
  if (taken.length === 0) return null;
  return (taken.reduce((sum, one) => sum + one, 0) / taken.length) * missingRuns(plan, results).length;
}

/** Results from a file as a study of one's own; throws StudyFileError when they are broken, of no known plan, or of several. */
export function importedStudy(content: string, entry: Pick<StudyHead, "id" | "createdAt">): OwnStudy {
  const results = parseResults(content);
  const first = results[0];
  const refuse = (why: string) => new StudyFileError("The study cannot be read", why, "Choose a file of results (JSON lines)");
  if (!first) throw refuse("the file has no results");
  const plan = studyPlans.find(({ id }) => id === first.plan);
  if (!plan) throw refuse(`this page has no plan "${first.plan}"`);
  if (results.some((result) => result.plan !== plan.id)) throw refuse("its lines are of different plans");
  const trained = results.filter(({ arm }) => arm !== baseArm);
  const gridArms = [...new Set(trained.map(({ arm }) => arm))].filter((id) => gridArm(id) !== undefined).sort();
  const choice = v.safeParse(studyChoiceSchema, {
    plan: plan.id,
    arms: [...plan.arms.map(({ id }) => id), ...gridArms].filter((id) => trained.some(({ arm }) => arm === id)),
    seeds: [...new Set(trained.map(({ seed }) => seed))].toSorted((a, b) => a - b),
    steps: Math.max(0, ...trained.map(({ steps }) => steps.length)),
    prompts: plan.settings.promptsPerStep,
    problems: first.after.length,
    rollouts: first.after[0]?.answers,
  });
  if (!choice.success) throw refuse("it has no trained run of this plan");
  return { ...entry, choice: choice.output, device: null, isImported: true, results };
}
