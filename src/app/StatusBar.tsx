// The status bar: messages that stay until dismissed (newest first, errors before notices), device, what is saved, and the running job with
// its progress and the way to end it. Only messages are announced; progress is not.
import { CircleAlert, Info, X } from "lucide-react";
import { useState } from "react";
import { useRuns } from "@/state/runs/runs";
import { useStore } from "@/state/store";
import { classes } from "@/ui/classes";
import { CopyReport } from "./CopyReport";
import { useRunningJob } from "./runningJob";
import styles from "./StatusBar.module.css";

/** The bar below everything. */
export function StatusBar() {
  return (
    <footer className={styles.footer}>
      <Messages />
      <div className={styles.bar}>
        <DeviceText />
        <span className={styles.right}>
          <SavedText />
          <Job />
        </span>
      </div>
    </footer>
  );
}

/** A failure that nobody foresaw (lib/errors.ts): its report is worth sending. */
const isFault = (text: string) => text.startsWith("Something failed that should not have");

function Messages() {
  const messages = useStore((state) => state.messages);
  const dismiss = useStore((state) => state.dismiss);
  const [showsAll, setShowsAll] = useState(false);
  const ordered = messages.toReversed().sort((a, b) => Number(b.tone === "error") - Number(a.tone === "error"));
  const shown = showsAll ? ordered : ordered.slice(0, 1);
  return (
    <div role="status" aria-label="Messages" className={styles.messages}>
      {shown.map(({ id, tone, text }, index) => (
        <div key={id} className={classes(styles.message, tone === "error" && styles.error)}>
          {tone === "error" ? <CircleAlert aria-hidden /> : <Info aria-hidden />}
          <p>
            <bdi>{text}</bdi>
            {isFault(text) && <CopyReport />}
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

/** Whether what is done here would still be there after a crash. */
function SavedText() {
  const { open, runs, unavailable } = useRuns();
  const run = open && runs?.find(({ id }) => id === open.id);
  if (unavailable) return <span className={styles.saved}>Not saved: this browser stores nothing</span>;
  if (!run) return <span className={styles.saved}>Saved as you go</span>;
  return (
    <span className={styles.saved}>
      <bdi>{run.name}</bdi>
      {`: step ${run.lastStep} saved`}
    </span>
  );
}

function Job() {
  const job = useRunningJob();
  if (!job) return <span className={styles.job}>Ready</span>;
  const { text, share, end } = job;
  return (
    <span className={styles.job}>
      {text}
      <progress className={styles.progress} aria-label={text} max={1} {...(share === null ? {} : { value: share })} />
      {end && (
        <button type="button" className={styles.end} aria-label={end.label} title={end.label} onClick={() => void end.run()}>
          <X aria-hidden />
        </button>
      )}
    </span>
  );
}
