// The Runs tab: every stored run with what can be done with it, training to a given step, reading a run from a file, and the room
// that runs take.
import { FolderOpen, GitCompare, Play, Trash2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useExportSource } from "@/state/exportSources";
import { useRuns } from "@/state/runs/runs";
import { oldCheckpoints, takeRunFile } from "@/state/runs/runsJobs";
import { cancelPair, pairText, runPair } from "@/state/runs/runsPair";
import { useRunsView } from "@/state/runs/runsView";
import { train } from "@/state/runs/trainJob";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { formatBytes } from "@/ui/formatNumber";
import { EmptyState, Message } from "@/ui/Message";
import { NumberInput } from "@/ui/NumberInput";
import { ConfirmButton } from "./ConfirmButton";
import { FirstStep } from "./FirstStep";
import { RunComparison } from "./RunComparison";
import { RunRow } from "./RunRow";
import styles from "./RunsPanel.module.css";
import { runsTable } from "./runFacts";

const columns: readonly { readonly label: string; readonly help: string }[] = [
  { label: "Compare", help: "Pin: draw this run's lines into the charts and compare it below, up to five" },
  { label: "Name", help: "Name and note; click to change them" },
  { label: "Status", help: "Interrupted: the page was closed in the middle of it" },
  { label: "Steps", help: "Stored steps, of those it was asked to take" },
  { label: "Accuracy", help: "Of the rollouts of the newest step" },
  { label: "Changed", help: "When its newest step was stored, or its entry changed" },
  { label: "Origin", help: "The model that is trained, and the run it was forked from" },
  { label: "Actions", help: "" },
];

/** Table of the stored runs. */
export function RunsPanel() {
  const runs = useRuns((state) => state.runs);
  const damaged = useRuns((state) => state.damaged);
  const unavailable = useRuns((state) => state.unavailable);
  const accuracies = useRuns((state) => state.accuracies);
  const input = useRef<HTMLInputElement>(null);
  // The pointer leaves with the tab.
  useEffect(() => () => useRunsView.getState().set({ emphasis: null }), []);
  useExportSource(
    runs && runs.length > 0
      ? { id: "runs", title: "Runs", panel: "runs", table: () => runsTable(runs, accuracies), json: () => runs }
      : null,
  );
  return (
    <section className={styles.panel} aria-label="Runs">
      <div className={styles.tools}>
        <TrainToStep />
        <PairOfRuns />
        <Button label="Import a run" icon={<FolderOpen aria-hidden />} onPress={() => input.current?.click()} />
        <input
          ref={input}
          type="file"
          className="sr-only"
          tabIndex={-1}
          aria-label="Run file"
          accept=".zip"
          onChange={(event) => {
            const [file] = event.target.files ?? [];
            if (file) void takeRunFile(file);
            event.target.value = "";
          }}
        />
        <StorageUse />
      </div>
      {unavailable && <Message tone="warn">{unavailable}</Message>}
      {damaged.length > 0 && (
        <Message tone="warn">{`${damaged.length === 1 ? "One stored run" : `${damaged.length} stored runs`} cannot be read.`}</Message>
      )}
      {runs?.length === 0 && !unavailable && (
        <EmptyState action={<FirstStep />}>
          No runs yet. Press Step or Play: every step is stored as it is taken, and closing the page loses nothing.
        </EmptyState>
      )}
      {runs && runs.length > 0 && (
        <div className={styles.scroll}>
          <table className={styles.table}>
            <thead>
              <tr>
                {columns.map(({ label, help }) => (
                  <th key={label} scope="col" title={help}>
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {runs.map((run) => (
                <RunRow key={run.id} run={run} runs={runs} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <RunComparison />
    </section>
  );
}

const farthestStep = 100_000;
const usualSteps = 20;

/** Training to a given step: what Play does, with an end. */
function TrainToStep() {
  const step = useStore((state) => state.training.step);
  const canTrain = useStore(({ model, training, loss }) => model.status === "ready" && training.status !== "running" && !loss);
  const [target, setTarget] = useState<number | null>(null);
  const goal = target !== null && target > step ? target : step + usualSteps;
  return (
    <div className={styles.goal}>
      <span aria-hidden>Train to step</span>
      <NumberInput label="Train to step" value={goal} min={step + 1} max={farthestStep} integer onChange={setTarget} />
      <Button label="Train" icon={<Play aria-hidden />} disabled={!canTrain} onPress={() => void train(goal - step)} />
    </div>
  );
}

/** VPPO and GRPO with the same seed and budget; while they train, which one it is and the way to stop. */
function PairOfRuns() {
  const pair = useRuns((state) => state.pair);
  const canTrain = useStore(({ model, training, loss }) => model.status === "ready" && training.status !== "running" && !loss);
  const [steps, setSteps] = useState(usualSteps);
  if (pair) {
    return (
      // biome-ignore lint/a11y/useSemanticElements: a status with a button is no form
      <div className={styles.question} role="group" aria-label="Pair of runs">
        <span role="status">{`${pair.now} takes ${pair.steps} steps${pair.next ? `; ${pair.next} is next` : ""}.`}</span>
        <Button label="Stop the pair" onPress={() => void cancelPair()} />
      </div>
    );
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a number with a button is no form
    <div className={styles.pair} role="group" aria-label="Pair of runs">
      <span aria-hidden>{`${pairText},`}</span>
      <NumberInput label="Steps of each" value={steps} min={1} max={farthestStep} integer onChange={setSteps} />
      <span aria-hidden>steps each</span>
      <Button label="Train both" icon={<GitCompare aria-hidden />} disabled={!canTrain} onPress={() => void runPair(steps)} />
    </div>
  );
}

/** What is used of the browser's storage, and the way to make room. */
function StorageUse() {
  const { usage, quota } = useRuns((state) => state.usage);
  const neededBytes = useRuns((state) => state.neededBytes);
  const runs = useRuns((state) => state.runs);
  const [old, setOld] = useState<Awaited<ReturnType<typeof oldCheckpoints>> | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other runs and another need offer other checkpoints
  useEffect(() => {
    let isCurrent = true;
    oldCheckpoints().then(
      (found) => isCurrent && setOld(found),
      () => isCurrent && setOld(null),
    );
    return () => {
      isCurrent = false;
    };
  }, [runs, neededBytes]);
  const isFull = neededBytes !== null;
  return (
    <div className={styles.storage}>
      {isFull && (
        <Message tone="bad">{`There was no room for ${formatBytes(neededBytes)}. Nothing was lost; make room and go on.`}</Message>
      )}
      {usage !== undefined && (
        <span>{`${formatBytes(usage)} used${quota === undefined ? "" : ` of ${formatBytes(quota)}`}`}</span>
      )}
      {old && old.count > 0 && (
        <ConfirmButton
          label={`Delete ${old.count} old ${old.count === 1 ? "checkpoint" : "checkpoints"} (${formatBytes(old.bytes)})`}
          question={`Delete ${old.count === 1 ? "it" : "them"}? Each run keeps its last.`}
          icon={<Trash2 aria-hidden />}
          onConfirm={() => void old.free()}
        />
      )}
    </div>
  );
}
