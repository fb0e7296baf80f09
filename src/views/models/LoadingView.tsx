// A load that runs: bytes per file, speed, time left, pause, resume and cancel, and what it waits for. Spoken at every tenth.
import { CirclePause, CirclePlay, CircleX } from "lucide-react";
import type { LoadProgress } from "@/protocol/model";
import { cancelLoading, pauseLoading } from "@/state/models/modelJob";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { formatBytes } from "@/ui/formatNumber";
import { Message } from "@/ui/Message";
import styles from "./LoadingView.module.css";
import { PlanView } from "./PlanView";
import { announcement, timeText } from "./planText";

/** The running load; nothing while none runs. */
export function LoadingView() {
  const model = useStore((state) => state.model);
  if (model.status !== "loading") return null;
  const { name, plan, progress } = model;
  const paused = progress?.paused ?? false;
  return (
    <section className={styles.loading} aria-label="Loading">
      <h3 className={styles.name}>{`Loading ${name}`}</h3>
      <p className="sr-only" role="status" aria-label="Loading progress">
        {announcement(name, progress)}
      </p>
      <Overall progress={progress} />
      {progress?.waiting && !paused && <Message tone="warn">{`Waiting: ${progress.waiting}.`}</Message>}
      <div className={styles.buttons}>
        <Button
          label={paused ? "Resume" : "Pause"}
          icon={paused ? <CirclePlay aria-hidden /> : <CirclePause aria-hidden />}
          disabled={!progress}
          onPress={() => void pauseLoading(!paused)}
        />
        <Button label="Cancel" icon={<CircleX aria-hidden />} onPress={() => void cancelLoading()} />
      </div>
      {progress && <Files progress={progress} />}
      {plan && <PlanView plan={plan} />}
    </section>
  );
}

function Overall({ progress }: { progress: LoadProgress | null }) {
  const isKnown = progress !== null && progress.totalBytes > 0;
  return (
    <div className={styles.overall}>
      <progress
        className={styles.progress}
        aria-label="Weights on the device"
        max={1}
        {...(isKnown ? { value: progress.doneBytes / progress.totalBytes } : {})}
      />
      <p className={styles.figures}>{isKnown ? figures(progress) : "Reading the configuration…"}</p>
    </div>
  );
}

function figures({ doneBytes, totalBytes, cachedBytes, bytesPerSecond, secondsLeft, paused }: LoadProgress): string {
  const parts = [`${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`];
  if (cachedBytes > 0) parts.push(`${formatBytes(cachedBytes)} from the cache`);
  if (paused) parts.push("paused");
  else {
    if (bytesPerSecond > 0) parts.push(`${formatBytes(Math.round(bytesPerSecond))}/s`);
    if (secondsLeft !== undefined) parts.push(`${timeText(secondsLeft)} left`);
  }
  return parts.join(" · ");
}

function Files({ progress: { files } }: { progress: LoadProgress }) {
  if (files.length === 0) return null;
  return (
    <ul className={styles.files} aria-label="Files">
      {files.map(({ name, loadedBytes, totalBytes }) => (
        <li key={name} className={styles.file}>
          <span className={styles.fileName}>{name}</span>
          <span className={styles.figures}>{`${formatBytes(loadedBytes)} of ${formatBytes(totalBytes)}`}</span>
          <progress className={styles.progress} aria-label={name} max={totalBytes || 1} value={loadedBytes} />
        </li>
      ))}
    </ul>
  );
}
