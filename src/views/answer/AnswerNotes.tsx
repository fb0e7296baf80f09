// What the answer panel says beside the answer: nothing asked yet, with samples to begin with; and an answer that did not depend on the
// picture, with samples to compare it with.
import { Image as ImageIcon, ImageOff } from "lucide-react";
import { useSyncExternalStore } from "react";
import { answerTokens } from "@/client/live";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { EmptyState, Message } from "@/ui/Message";
import { type Sample, samples } from "@/views/prompt/samples";
import styles from "./AnswerNotes.module.css";

/** Below this no token of an answer is said to depend on the picture, in nats. */
const unusedBelow = 0.05;

/** Nothing asked yet: what to do, and three questions to begin with. */
export function NoAnswer() {
  return (
    <EmptyState
      action={
        <div className={styles.chips}>
          {samples()
            .slice(0, 3)
            .map((sample) => (
              <Button key={sample.id} label={sample.question} icon={<ImageIcon aria-hidden />} onPress={() => take(sample)} />
            ))}
        </div>
      }
    >
      No answer yet. Pick a sample or drop a picture, type a question and press Ask.
    </EmptyState>
  );
}

/** Says that the picture was not used, where no token of a whole answer depends on it. */
export function UnusedImageNote() {
  const isWhole = useStore(({ ask, source }) => source === "recorded" || (source === "live" && ask.status === "finished"));
  const chosen = useStore((state) => state.input.sample);
  const strongest = useSyncExternalStore(answerTokens.subscribe, strongestKl);
  if (!isWhole || strongest === null || strongest >= unusedBelow) return null;
  const isControl = samples().some(({ id, needsImage }) => id === chosen && !needsImage);
  const control = samples().find(({ needsImage }) => !needsImage);
  const needy = samples().find(({ needsImage }) => needsImage);
  return (
    <Message tone="warn">
      <p>
        <strong>{`All KL < ${unusedBelow} nats: the model did not use the image.`}</strong>{" "}
        {isControl
          ? "That is right for this question, which is a control: its answer does not depend on any picture. Compare it with one that does."
          : "Its answer is the same without what the mask hides: the words of the question are enough, or the mask hides too little. Ask about the picture, mask more of it, or compare with a control."}
      </p>
      <div className={styles.buttons}>
        {control && !isControl && (
          <Button label="Control: no picture needed" icon={<ImageOff aria-hidden />} onPress={() => take(control)} />
        )}
        {needy && <Button label="A question that needs it" icon={<ImageIcon aria-hidden />} onPress={() => take(needy)} />}
      </div>
    </Message>
  );
}

let cache: { readonly version: number; readonly kl: number | null } | null = null;

/** The largest KL of all shown tokens; null without tokens. */
function strongestKl(): number | null {
  const { version } = answerTokens;
  if (cache?.version === version) return cache.kl;
  let kl: number | null = null;
  for (let rollout = 0; rollout < answerTokens.rolloutCount; rollout++) {
    for (const value of answerTokens.stats(rollout).kl) if (kl === null || value > kl) kl = value;
  }
  cache = { version, kl };
  return kl;
}

function take({ image, question, answer, id }: Sample): void {
  useStore.getState().setInput({ image, moreImages: [], question, answer, sample: id });
}
