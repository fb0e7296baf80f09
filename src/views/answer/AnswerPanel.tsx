// The Answer panel: update knobs on top, then what the colours mean, the question, and all rollouts, one of them open as coloured
// token text. Wiring only; the pieces draw themselves.
import { type CSSProperties, useSyncExternalStore } from "react";
import { answerHeader, answerTokens, subscribeAnswerHeader } from "@/client/live";
import { useUpdate } from "@/state/answers/update";
import { useStore } from "@/state/store";
import { useTokenColours } from "@/state/tokens/tokenColours";
import { binVariables } from "@/ui/color/maps";
import { EmptyState, Message } from "@/ui/Message";
import { PanelMenuSlot } from "@/ui/PanelMenuSlot";
import { Branches } from "@/views/branches/Branches";
import { NoAnswer, UnusedImageNote } from "./AnswerNotes";
import styles from "./AnswerPanel.module.css";
import { ColourBar } from "./ColourBar";
import { RolloutList } from "./RolloutList";
import { TokenPopover } from "./TokenPopover";
import { VppoBar } from "./VppoBar";

/** The answer with its update knobs; takes no props. */
export function AnswerPanel() {
  const { map } = useTokenColours();
  const marking = useStore((state) => state.settings.marking);
  return (
    <section
      className={styles.panel}
      aria-label="Answer"
      style={binVariables(map) as CSSProperties}
      data-marking={marking}
      data-signed={map === "puor"}
    >
      <VppoBar />
      <div className={styles.body}>
        <ColourBar />
        <AnswerBody />
      </div>
      <TokenPopover />
    </section>
  );
}

function AnswerBody() {
  const header = useSyncExternalStore(subscribeAnswerHeader, answerHeader);
  const ask = useStore((state) => state.ask);
  const problem = useUpdate().problem;
  const rolloutCount = useSyncExternalStore(answerTokens.subscribe, () => answerTokens.rolloutCount);
  const failure = ask.status === "failed" ? ask.message : problem;
  return (
    <>
      {failure && <Message tone="bad">{failure}</Message>}
      {header && rolloutCount > 0 ? (
        <>
          <Question question={header.question} answer={header.answer} />
          <UnusedImageNote />
          <Branches />
          <RolloutList />
        </>
      ) : ask.status === "running" ? (
        <EmptyState>The image is being read…</EmptyState>
      ) : (
        <NoAnswer />
      )}
    </>
  );
}

function Question({ question, answer }: { question: string; answer: string | null }) {
  const source = useStore((state) => state.source);
  return (
    <div className={styles.question}>
      <p className={styles.questionText}>{question}</p>
      <p className={styles.meta}>
        {source === "recorded" && <span className={styles.chip}>Recorded</span>}
        {source === "training" && <span className={styles.chip}>From training</span>}
        {source === "file" && <span className={styles.chip}>From a file</span>}
        {answer === null ? (
          <span>No known answer: set rewards by hand to see weights</span>
        ) : (
          <span>
            right answer <strong>{answer}</strong>
          </span>
        )}
        <PanelMenuSlot />
      </p>
    </div>
  );
}
