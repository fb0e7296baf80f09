// How far a measurement is: progress with a way to stop it, what is missing, what it took.
import { CircleStop } from "lucide-react";
import type { LookKind } from "@/state/look/look";
import { stopLooking, useLook } from "@/state/look/look";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { formatNumber } from "@/ui/formatNumber";
import { Message } from "@/ui/Message";
import styles from "./Look.module.css";

/** The line of one kind of measurement; nothing before the first, and in brief nothing after the last. */
export function LookStatusLine({ kind, what, isBrief }: { kind: LookKind; what: string; isBrief?: boolean }) {
  const status = useLook((state) => state.statuses[kind]);
  const openChooser = useStore((state) => state.openChooser);
  const hasModel = useStore((state) => state.model.status === "ready" || state.model.status === "loading");
  switch (status.status) {
    case "idle":
      return null;
    case "waiting":
      return (
        <Message>
          {status.why} {!hasModel && <Button label="Choose a model" onPress={() => openChooser(true)} />}
        </Message>
      );
    case "running":
      return (
        <p className={styles.progressLine}>
          <progress
            className={styles.progress}
            aria-label={what}
            max={1}
            {...(status.total > 0 ? { value: status.done / status.total } : {})}
          />
          <span>{status.total > 0 ? `${status.done} of ${status.total} passes` : "Starting…"}</span>
          <Button
            label="Stop measuring"
            icon={<CircleStop aria-hidden />}
            iconOnly
            tone="quiet"
            onPress={() => void stopLooking()}
          />
        </p>
      );
    case "done":
      return isBrief ? null : (
        <p className={styles.note} role="status">
          {status.passes === 0
            ? `${what}: everything was measured already.`
            : `${what}: ${status.passes} ${status.passes === 1 ? "pass" : "passes"} in ${formatNumber(status.elapsedMs / 1000)} s.`}
        </p>
      );
    case "failed":
      return <Message tone="bad">{status.message}</Message>;
    default:
      return status satisfies never;
  }
}
