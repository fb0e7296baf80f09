// The evaluation that runs, or the newest one that was paused: how far it is, what it says so far, and how to pause, go on, cancel.
import { Pause, Play, X } from "lucide-react";
import { summarise } from "@/rl/evaluation";
import { type Evaluation, isFinished, progressOf } from "@/state/evaluations/evaluation";
import { continueEvaluation, deleteEvaluation, pauseEvaluation } from "@/state/evaluations/evaluationJob";
import { useEvaluations } from "@/state/evaluations/evaluations";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import styles from "./EvaluationPanel.module.css";
import { intervalText, progressText, shareText, subjectTexts, timeLeftText } from "./wording";

/** Progress of one evaluation; nothing when all are finished. */
export function EvaluationProgress() {
  const running = useEvaluations((state) => state.running);
  const evaluation = useEvaluations(({ evaluations }) =>
    evaluations?.find((one) => (running ? one.id === running.id : !isFinished(one))),
  );
  const isReady = useStore((state) => state.model.status === "ready" && state.loss === null);
  if (!evaluation) return null;
  const { done, total } = progressOf(evaluation);
  const { model, adapter } = subjectTexts(evaluation);
  const stage = running ? (running.isStopping ? "Pausing" : "Evaluating") : "Paused";
  const name = `${stage}: ${model}, ${adapter}`;
  return (
    <section className={styles.progress} aria-label="Progress of the evaluation">
      <p className={styles.progressName}>{name}</p>
      <progress aria-label={name} max={total} value={done} />
      <p className={styles.note}>
        {[progressText(evaluation), running ? timeLeftText(evaluation) : null].filter(Boolean).join(" · ")}
      </p>
      <SoFar evaluation={evaluation} />
      <div className={styles.progressButtons}>
        {running ? (
          <Button
            label="Pause"
            icon={<Pause aria-hidden />}
            disabled={running.isStopping}
            onPress={() => void pauseEvaluation()}
          />
        ) : (
          <Button
            label="Continue"
            icon={<Play aria-hidden />}
            disabled={!isReady}
            onPress={() => void continueEvaluation(evaluation.id)}
          />
        )}
        <Button label="Cancel" tone="quiet" icon={<X aria-hidden />} onPress={() => void deleteEvaluation(evaluation.id)} />
      </div>
    </section>
  );
}

function SoFar({ evaluation: { seen } }: { evaluation: Evaluation }) {
  if (seen.length === 0) return null;
  const { accuracy } = summarise(seen);
  return <p className={styles.note}>{`${shareText(accuracy.value)} right so far, 95 %: ${intervalText(accuracy)}`}</p>;
}
