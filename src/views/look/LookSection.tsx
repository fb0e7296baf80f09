// "Where did it look?" in the Inspector: the occlusion map of the pinned tokens, how much their dependency hangs on the mask, and whether
// the map is any good. Each measures by passes of the model, so each says what it costs and can be stopped.
import { useEffect, useSyncExternalStore } from "react";
import { answerHeader, answerTokens, subscribeAnswerHeader } from "@/client/live";
import { watchLook } from "@/state/look/lookWatch";
import { mayBeginUnasked, measureOcclusion } from "@/state/look/occlusionJob";
import { useStore } from "@/state/store";
import { DeletionView } from "./DeletionView";
import styles from "./Look.module.css";
import { MaskDrawsView } from "./MaskDrawsView";
import { OcclusionView } from "./OcclusionView";

/** A pin that rests this long is worth a map. */
const restMs = 600;

/** The section; nothing while there is no answer with a picture. */
export function LookSection() {
  useEffect(watchLook, []);
  const header = useSyncExternalStore(subscribeAnswerHeader, answerHeader);
  const tokenCount = useSyncExternalStore(answerTokens.subscribe, () => answerTokens.length(0));
  const pinned = useStore((state) => state.pinned);
  const isWriting = useStore((state) => state.ask.status === "running");
  useEffect(() => {
    if (!pinned || isWriting) return;
    const timer = setTimeout(() => {
      if (mayBeginUnasked()) void measureOcclusion(pinned, { asked: false });
    }, restMs);
    return () => clearTimeout(timer);
  }, [pinned, isWriting]);
  if (!header?.image || tokenCount === 0) return null;
  return (
    <section className={styles.section} aria-label="Where did it look?">
      <OcclusionView image={header.image} span={pinned} />
      <MaskDrawsView span={pinned} />
      {pinned && <DeletionView span={pinned} />}
    </section>
  );
}
