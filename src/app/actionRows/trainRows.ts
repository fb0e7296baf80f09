// Actions of training and of runs.

import { useRuns } from "@/state/runs/runs";
import { continueRun } from "@/state/runs/runsJobs";
import { pairText, runPair } from "@/state/runs/runsPair";
import { pauseTraining, resetTraining, train } from "@/state/runs/trainJob";
import { type AppState, useStore } from "@/state/store";
import type { ActionRows } from "./actionRow";

const canTrain = ({ model, training, loss }: AppState) => model.status === "ready" && training.status !== "running" && !loss;

const pairSteps = 20;

/** Step, play, reset, pair, continue. */
export const trainRows = {
  step: {
    id: "step",
    label: "Step",
    group: "Train",
    keys: ["."],
    isEnabled: canTrain,
    run: () => void train(1),
  },
  play: {
    id: "play",
    label: "Play or pause training",
    group: "Train",
    keys: ["Space"],
    isEnabled: (state) => canTrain(state) || state.training.status === "running",
    run: () => void (useStore.getState().training.status === "running" ? pauseTraining() : train(Number.POSITIVE_INFINITY)),
  },
  reset: {
    id: "reset",
    label: "Reset",
    group: "Train",
    keys: [],
    isEnabled: ({ model, training, loss }) =>
      model.status === "ready" &&
      !loss &&
      (training.step > 0 || training.status === "failed" || model.model.adapter !== undefined),
    run: () => void resetTraining(),
  },
  pair: {
    id: "pair",
    label: `Train ${pairText}, ${pairSteps} steps each, with the same seed`,
    group: "Train",
    keys: [],
    isEnabled: canTrain,
    run: () => void runPair(pairSteps),
  },
  continueRun: {
    id: "continueRun",
    label: "Continue the interrupted run",
    group: "Train",
    keys: [],
    isEnabled: ({ training, loss }) => useRuns.getState().interrupted !== null && training.status !== "running" && !loss,
    run: () => {
      const { interrupted } = useRuns.getState();
      if (interrupted) void continueRun(interrupted.id);
    },
  },
} as const satisfies ActionRows;
