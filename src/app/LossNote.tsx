// What is gone when the device or the engine is lost: what was running then, how much memory was planned of how much there is, and what
// makes it less likely to happen again. Stays until the reload has worked; answers, knobs and stored runs are untouched.
import { Boxes, Minimize2, RefreshCw, TriangleAlert } from "lucide-react";
import { useEffect, useRef } from "react";
import { type AppState, useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { formatBytes } from "@/ui/formatNumber";
import { actions } from "./actions";
import { CopyReport } from "./CopyReport";
import styles from "./LossNote.module.css";

/** The note; nothing while all is there. */
export function LossNote() {
  const loss = useStore((state) => state.loss);
  const model = useStore((state) => state.model);
  const doing = useDoing();
  const plan = useRef<{ readonly peakBytes: number; readonly budgetBytes: number } | null>(null);
  if (model.status === "loading" && model.plan) plan.current = model.plan;
  if (!loss) return null;
  const what = loss === "device" ? "The GPU device was lost" : "The engine stopped";
  const memory = plan.current
    ? ` ${formatBytes(plan.current.peakBytes)} of ${formatBytes(plan.current.budgetBytes)} of GPU memory were planned for this model.`
    : "";
  return (
    <section className={styles.note} aria-label="What was lost">
      <TriangleAlert aria-hidden />
      <p>
        <strong>{`${what} while ${doing.current}.`}</strong>
        {`${memory} Your text, answers and stored runs are kept. If it happens again, ask for less:`}
      </p>
      <div className={styles.buttons}>
        <Reload />
        <Button label="Smaller model" icon={<Boxes aria-hidden />} onPress={actions.models.run} />
        <Less settingKey="maxNewTokens" label="Shorter answers" unit="tokens" />
        <Less settingKey="rollouts" label="Fewer rollouts" unit="at once" />
        <CopyReport />
      </div>
    </section>
  );
}

function Reload() {
  const loss = useStore((state) => state.loss);
  const isEnabled = useStore(actions.reload.isEnabled);
  return (
    <Button
      label={loss === "device" ? "Reload device" : "Load the model again"}
      tone="primary"
      icon={<RefreshCw aria-hidden />}
      disabled={!isEnabled}
      onPress={actions.reload.run}
    />
  );
}

/** Halves a knob that memory depends on; the button says what it becomes. */
function Less({ settingKey, label, unit }: { settingKey: "maxNewTokens" | "rollouts"; label: string; unit: string }) {
  const value = useStore((state) => state.settings[settingKey]);
  const setSetting = useStore((state) => state.setSetting);
  const half = Math.max(1, Math.floor(value / 2));
  return (
    <Button
      label={`${label}: ${half} ${unit}`}
      icon={<Minimize2 aria-hidden />}
      disabled={half === value}
      onPress={() => setSetting(settingKey, half)}
    />
  );
}

const idle = "nothing was running";
const sameFailureMs = 1000;

/** What was going on, as it was before the loss ended it. */
function useDoing() {
  const doing = useRef(idle);
  useEffect(() => {
    let failedMs = Number.NEGATIVE_INFINITY;
    return useStore.subscribe((state, before) => {
      const job = doingOf(before);
      if (state.loss && !before.loss) {
        // The job's own failure may have been heard of just before.
        if (job) doing.current = job;
        else if (performance.now() - failedMs > sameFailureMs) doing.current = idle;
      } else if (!state.loss && job) {
        doing.current = job;
        failedMs = hasFailed(state) ? performance.now() : Number.NEGATIVE_INFINITY;
      }
    });
  }, []);
  return doing;
}

const hasFailed = ({ model, ask, training }: AppState) => [model, ask, training].some(({ status }) => status === "failed");

function doingOf({ model, ask, training }: AppState): string | null {
  if (model.status === "loading") return `loading ${model.name}`;
  if (ask.status === "running") return `answering with ${ask.rollouts} rollouts`;
  if (training.status === "running") return `taking training step ${training.step + 1}`;
  return null;
}
