// The job that runs, in words, with its done share and the way to end it: loading, answering, training, a study, an evaluation, a measurement. One at a
// time, because the engine does one at a time. The code of what is seldom on comes when it is needed.

import type { TrainPhase } from "@/protocol/training";
import { stopAsk } from "@/state/answers/askJob";
import { type Evaluation, progressOf } from "@/state/evaluations/evaluation";
import { useEvaluations } from "@/state/evaluations/evaluations";
import { type LookKind, type LookStatus, stopLooking, useLook } from "@/state/look/look";
import { cancelLoading } from "@/state/models/modelJob";
import { pauseTraining } from "@/state/runs/trainJob";
import { type AppState, useStore } from "@/state/store";
import { type RunningStudy, useStudies } from "@/state/studies/studies";
import { formatBytes } from "@/ui/formatNumber";

/** A job as the status bar shows it. */
export interface RunningJob {
  readonly text: string;
  /** In [0, 1]; null where it is not known. */
  readonly share: number | null;
  /** What ends it; null while that is under way. */
  readonly end: { readonly label: string; readonly run: () => unknown } | null;
}

const phaseTexts: Readonly<Record<TrainPhase, string>> = {
  rollouts: "sampling rollouts",
  scoring: "scoring",
  update: "updating the adapter",
  evaluating: "evaluating",
  saving: "saving the run",
};

/** The job of the engine itself. */
export function jobOf({ model, ask, training }: Pick<AppState, "model" | "ask" | "training">): RunningJob | null {
  if (model.status === "loading") {
    const { name, progress } = model;
    const end = { label: "Cancel loading", run: cancelLoading };
    if (!progress || progress.totalBytes === 0) return { text: `Loading ${name}`, share: null, end };
    const { doneBytes, totalBytes, paused, waiting } = progress;
    const state = paused ? ", paused" : waiting ? `, ${waiting}` : "";
    const text = `Loading ${name} (${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}${state})`;
    return { text, share: doneBytes / totalBytes, end };
  }
  if (ask.status === "running") {
    return { text: `Answering, ${ask.rollouts} rollouts`, share: null, end: { label: "Stop answering", run: stopAsk } };
  }
  if (training.status === "running") {
    const { step, phase, done, total, pausing } = training;
    return {
      text: `${pausing ? "Pausing after" : "Training"} step ${step + 1}: ${phaseTexts[phase]}`,
      share: total > 0 ? done / total : null,
      end: pausing ? null : { label: "Pause after this step", run: pauseTraining },
    };
  }
  return null;
}

/** The running job; null while nothing is on. */
export function useRunningJob(): RunningJob | null {
  const model = useStore((state) => state.model);
  const ask = useStore((state) => state.ask);
  const training = useStore((state) => state.training);
  const study = useStudies((state) => state.running);
  const evaluation = useEvaluations(({ running, evaluations }) => running && evaluations?.find(({ id }) => id === running.id));
  const statuses = useLook((state) => state.statuses);
  if (study) return studyJobOf(study);
  return jobOf({ model, ask, training }) ?? (evaluation ? evaluationJobOf(evaluation) : lookJobOf(statuses));
}

const lookTexts: Readonly<Record<LookKind, string>> = {
  region: "Measuring the region",
  occlusion: "Measuring the occlusion map",
  draws: "Measuring under further masks",
  deletion: "Checking the occlusion map",
};

function lookJobOf(statuses: Readonly<Record<LookKind, LookStatus>>): RunningJob | null {
  for (const [kind, text] of Object.entries(lookTexts)) {
    // The table has exactly the kinds.
    const status = statuses[kind as LookKind];
    if (status.status !== "running") continue;
    const { done, total } = status;
    const end = { label: "Stop the measurement", run: stopLooking };
    return { text: total > 0 ? `${text}, ${done} of ${total}` : text, share: total > 0 ? done / total : null, end };
  }
  return null;
}

function studyJobOf({ run, stage, share, isStopping }: RunningStudy): RunningJob {
  const end = { label: "Pause the study", run: async () => (await import("@/state/studies/studyJob")).pauseStudy() };
  return { text: `Study: ${[run, stage].filter(Boolean).join(", ")}`, share, end: isStopping ? null : end };
}

function evaluationJobOf(evaluation: Evaluation): RunningJob {
  const { done, total } = progressOf(evaluation);
  const end = {
    label: "Pause the evaluation",
    run: async () => (await import("@/state/evaluations/evaluationJob")).pauseEvaluation(),
  };
  return { text: `Evaluating, ${done} of ${total} problems`, share: done / total, end };
}
