// The status bar: messages that stay until dismissed (newest first, errors before notices), device, and the running job with its
// progress. Only messages are announced; progress is not.
import { CircleAlert, Info, RefreshCw, X } from "lucide-react";
import { useState } from "react";
import type { TrainPhase } from "@/protocol/training";
import { type Evaluation, progressOf } from "@/state/evaluation";
import { useEvaluations } from "@/state/evaluations";
import type { AppState } from "@/state/store";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { formatBytes } from "@/ui/formatNumber";
import { actions } from "./actions";
import styles from "./StatusBar.module.css";

/** The bar below everything. */
export function StatusBar() {
  return (
    <footer className={styles.footer}>
      <Messages />
      <div className={styles.bar}>
        <DeviceText />
        <ReloadButton />
        <Job />
      </div>
    </footer>
  );
}

function Messages() {
  const messages = useStore((state) => state.messages);
  const dismiss = useStore((state) => state.dismiss);
  const [showsAll, setShowsAll] = useState(false);
  const ordered = messages.toReversed().sort((a, b) => Number(b.tone === "error") - Number(a.tone === "error"));
  const shown = showsAll ? ordered : ordered.slice(0, 1);
  return (
    <div role="status" aria-label="Messages">
      {shown.map(({ id, tone, text }, index) => (
        <div key={id} className={classes(styles.message, tone === "error" && styles.error)}>
          {tone === "error" ? <CircleAlert aria-hidden /> : <Info aria-hidden />}
          <p>
            {text}
            {index === 0 && ordered.length > 1 && (
              <button type="button" className={styles.more} aria-expanded={showsAll} onClick={() => setShowsAll(!showsAll)}>
                {showsAll ? "Show one" : `${ordered.length - 1} more`}
              </button>
            )}
          </p>
          <button type="button" className={styles.dismiss} aria-label={`Dismiss: ${text}`} onClick={() => dismiss(id)}>
            <X aria-hidden />
          </button>
        </div>
      ))}
    </div>
  );
}

function DeviceText() {
  const device = useStore((state) => state.device);
  if (!device) return <span className={styles.device}>No device yet</span>;
  return (
    <span className={styles.device}>{device.backend === "webgpu" ? `WebGPU · ${device.adapter}` : "WebAssembly, no GPU"}</span>
  );
}

/** Appears when the device or the engine is gone: the one thing that helps then. */
function ReloadButton() {
  const loss = useStore((state) => state.loss);
  const isEnabled = useStore(actions.reload.isEnabled);
  if (!loss) return null;
  const label = loss === "device" ? "Reload device" : "Load the model again";
  return (
    <Button label={label} tone="primary" icon={<RefreshCw aria-hidden />} disabled={!isEnabled} onPress={actions.reload.run} />
  );
}

const phaseTexts: Readonly<Record<TrainPhase, string>> = {
  rollouts: "sampling rollouts",
  scoring: "scoring",
  update: "updating the adapter",
  evaluating: "evaluating",
  saving: "saving the run",
};

/** The running job in words, with its done share where one is known. */
export function jobOf({ model, ask, training }: Pick<AppState, "model" | "ask" | "training">): {
  readonly text: string;
  readonly share: number | null;
} | null {
  if (model.status === "loading") {
    const { name, progress } = model;
    if (!progress || progress.totalBytes === 0) return { text: `Loading ${name}`, share: null };
    const { doneBytes, totalBytes, paused, waiting } = progress;
    const state = paused ? ", paused" : waiting ? `, ${waiting}` : "";
    return {
      text: `Loading ${name} (${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}${state})`,
      share: doneBytes / totalBytes,
    };
  }
  if (ask.status === "running") return { text: `Answering, ${ask.rollouts} rollouts`, share: null };
  if (training.status === "running") {
    const { step, phase, done, total, pausing } = training;
    return {
      text: `${pausing ? "Pausing after" : "Training"} step ${step + 1}: ${phaseTexts[phase]}`,
      share: total > 0 ? done / total : null,
    };
  }
  return null;
}

function evaluationJobOf(evaluation: Evaluation) {
  const { done, total } = progressOf(evaluation);
  return { text: `Evaluating, ${done} of ${total} problems`, share: done / total };
}

function Job() {
  const model = useStore((state) => state.model);
  const ask = useStore((state) => state.ask);
  const training = useStore((state) => state.training);
  const evaluation = useEvaluations(({ running, evaluations }) => running && evaluations?.find(({ id }) => id === running.id));
  const job = jobOf({ model, ask, training }) ?? (evaluation && evaluationJobOf(evaluation));
  if (!job) return <span className={styles.job}>Ready</span>;
  return (
    <span className={styles.job}>
      {job.text}
      <progress className={styles.progress} aria-label={job.text} max={1} {...(job.share === null ? {} : { value: job.share })} />
    </span>
  );
}
