// Above the page after it was closed in the middle of a run: where the run stands, and one press to go on.
import { History, Play } from "lucide-react";
import { useRuns } from "@/state/runs/runs";
import { interruptedText } from "@/state/runs/runsCurrent";
import { continueRun, dismissInterrupted } from "@/state/runs/runsJobs";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import styles from "./InterruptedNote.module.css";

/** The note; nothing where no run was interrupted. */
export function InterruptedNote() {
  const run = useRuns((state) => state.interrupted);
  const isTraining = useStore((state) => state.training.status === "running");
  if (!run || isTraining) return null;
  return (
    <section className={styles.note} aria-label="Interrupted run">
      <History aria-hidden />
      <p role="status">{interruptedText(run)} Its steps are stored.</p>
      <Button label="Continue" tone="primary" icon={<Play aria-hidden />} onPress={() => void continueRun(run.id)} />
      <Button label="Not now" tone="quiet" onPress={() => void dismissInterrupted()} />
    </section>
  );
}
