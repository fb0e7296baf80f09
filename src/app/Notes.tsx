// Notes that belong to no panel: the call-out of the first visit (above the answer) and the message that there is no WebGPU. Each goes away when
// it has done its work or is dismissed.
import { MousePointerClick, TriangleAlert, X } from "lucide-react";
import { useEffect, useState } from "react";
import { remember, remembered } from "@/state/remembered";
import { useStore } from "@/state/store";
import { classes } from "@/ui/classes";
import { useGuide } from "@/views/guide/guideStore";
import styles from "./Notes.module.css";
import { useShell } from "./shell";

const seenKey = "vppo-playground.call-out";

/** "Drag keep": shown until the slider has been moved once, ever. */
export function FirstVisitNote() {
  const [isSeen, setSeen] = useState(() => remembered(seenKey) === "seen");
  const { isSkipped, page, open } = useGuide();
  const hasAnswer = useStore((state) => state.source !== "none");
  useEffect(() => {
    if (isSeen) return;
    return useStore.subscribe((state, before) => {
      if (state.settings.keepRatio !== before.settings.keepRatio && before.source !== "none") {
        remember(seenKey, "seen");
        setSeen(true);
      }
    });
  }, [isSeen]);
  if (isSeen || !hasAnswer) return null;
  return (
    <div className={classes(styles.note, styles.callOut)}>
      <MousePointerClick aria-hidden />
      <p>
        Drag <strong>Keep k</strong>: see which words needed the image.
        {!isSkipped && page === null && (
          <button type="button" className={styles.link} onClick={() => open()}>
            Seven-page guide
          </button>
        )}
      </p>
      <Dismiss
        onPress={() => {
          remember(seenKey, "seen");
          setSeen(true);
        }}
      />
    </div>
  );
}

/** Why the page computes without the GPU and what to switch on. */
export function FallbackNote() {
  const fallback = useStore((state) => state.device?.fallback);
  const openTab = useShell((state) => state.openTab);
  const [dismissed, setDismissed] = useState<string | null>(null);
  if (!fallback || dismissed === fallback.reason) return null;
  return (
    <div className={classes(styles.note, styles.fallback)} role="alert">
      <TriangleAlert aria-hidden />
      <p>
        <strong>Running without the GPU.</strong> {fallback.reason} {fallback.advice}
        <button type="button" className={styles.link} onClick={() => openTab("system")}>
          What this machine can do
        </button>
      </p>
      <Dismiss onPress={() => setDismissed(fallback.reason)} />
    </div>
  );
}

function Dismiss({ onPress }: { onPress: () => void }) {
  return (
    <button type="button" className={styles.dismiss} aria-label="Dismiss this note" onClick={onPress}>
      <X aria-hidden />
    </button>
  );
}
