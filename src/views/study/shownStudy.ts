// What the panel can show: recorded studies first, then one's own, each as a plan with results and the facts about them. Pure.

import { recordedKey } from "@/state/studies/studies";
import { chosenPlan, missingRuns, type OwnStudy } from "@/study/ownStudy";
import { type StudyPlan, studyPlans } from "@/study/plan";
import { changedSince, type RecordedStudy } from "@/study/recorded";
import type { StudyResult } from "@/study/results";
import { durationText } from "./wording";

/** A study as the panel draws it. */
export interface ShownStudy {
  readonly key: string;
  readonly name: string;
  readonly plan: StudyPlan;
  readonly results: readonly StudyResult[];
  /** How the results came about, in words. */
  readonly origin: string;
  /** What repeats a recorded study. */
  readonly command?: string;
  /** What of the plan is not any more as it was recorded. */
  readonly changed: string | null;
  readonly own: OwnStudy | null;
  readonly isFinished: boolean;
}

/** All that can be shown, in the order of the menu. */
export function shownStudies(recorded: readonly RecordedStudy[], own: readonly OwnStudy[]): readonly ShownStudy[] {
  return [...recorded.flatMap((study) => shownRecorded(study) ?? []), ...own.flatMap((study) => shownOwn(study) ?? [])];
}

/** The chosen one; else one's own that is to go on, whichever list was read first; else the first. */
export function pickStudy(studies: readonly ShownStudy[], opened: string | null): ShownStudy | undefined {
  const unfinished = ({ own, isFinished }: ShownStudy) => own !== null && !own.isImported && !isFinished;
  return studies.find(({ key }) => key === opened) ?? studies.find(unfinished) ?? studies[0];
}

function shownRecorded(study: RecordedStudy): ShownStudy | undefined {
  const known = studyPlans.find(({ id }) => id === study.plan);
  if (!known) return undefined;
  const { steps, evaluation, targetAccuracy, results, backend, adapter, format, date, command } = study;
  const plan = { ...known, steps, evaluation, targetAccuracy };
  return {
    key: recordedKey(study.plan),
    name: `${known.name}, recorded`,
    plan,
    results,
    origin: `Recorded on ${date} on ${backend} (${adapter}), ${format} weights, in ${timeOf(results)} of computing.`,
    command,
    changed: changedSince(known, study),
    own: null,
    isFinished: missingRuns(plan, results).length === 0,
  };
}

function shownOwn(study: OwnStudy): ShownStudy | undefined {
  const plan = chosenPlan(study.choice);
  if (!plan) return undefined;
  const { results, device, isImported, createdAt, choice } = study;
  const when = new Date(createdAt).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
  const size = `${choice.arms.length} × ${choice.seeds.length}`;
  return {
    key: study.id,
    name: `${plan.name}, ${isImported ? "from a file" : "own"}, ${size} runs, ${when}`,
    plan,
    results,
    origin: isImported
      ? `From a file, opened on ${when}: ${timeOf(results)} of computing.`
      : device === null
        ? `Begun on ${when}.`
        : `Begun on ${when} on ${device}: ${timeOf(results)} of computing so far.`,
    changed: null,
    own: study,
    isFinished: missingRuns(plan, results).length === 0,
  };
}

function timeOf(results: readonly StudyResult[]): string {
  return durationText(results.reduce((sum, { seconds }) => sum + seconds, 0));
}
