// The study that runs, or the shown one that was paused: how far it is, what is done now, how long it may take, and how to pause it or go on.
import { Pause, Play } from "lucide-react";
import { useStudies } from "@/state/studies/studies";
import { continueStudy, pauseStudy, studyProgress } from "@/state/studies/studyJob";
import { chosenPlan, secondsLeft } from "@/study/ownStudy";
import { Button } from "@/ui/Button";
import styles from "./StudyPanel.module.css";
import { ModelNote, useStartLabel } from "./StudySetup";
import type { ShownStudy } from "./shownStudy";
import { durationText } from "./wording";

/** Progress of one study; nothing when none runs and the shown one is finished, recorded or from a file. */
export function StudyProgress({ shown }: { shown: ShownStudy | undefined }) {
  const running = useStudies((state) => state.running);
  const runs = useStudies(({ own }) => (running ? own?.find(({ id }) => id === running.id) : undefined));
  const study = runs ?? (shown?.own && !shown.own.isImported && !shown.isFinished ? shown.own : undefined);
  const plan = study && chosenPlan(study.choice);
  const continueLabel = useStartLabel(plan, "Continue");
  if (!study || !plan) return null;
  const { done, total } = studyProgress(plan, study.results);
  const isOn = running?.id === study.id;
  const left = secondsLeft(plan, study.results);
  const name = isOn ? `${running.isStopping ? "Pausing" : "Running"}: ${running.run}` : "Paused";
  const facts = [
    `${done} of ${total} runs`,
    ...(isOn && running.stage !== "" ? [running.stage] : []),
    ...(isOn && left !== null ? [`about ${durationText(left - running.share * (left / Math.max(1, total - done)))} left`] : []),
  ];
  return (
    <section className={styles.progress} aria-label="Progress of the study">
      <p className={styles.progressName}>{name}</p>
      <progress aria-label={name} max={total} value={done + (isOn ? running.share : 0)} />
      <p className={styles.facts}>{facts.join(" · ")}</p>
      <div className={styles.buttons}>
        {isOn ? (
          <Button
            label="Pause"
            icon={<Pause aria-hidden />}
            disabled={running.isStopping}
            hint="The run that is not finished is begun again"
            onPress={() => void pauseStudy()}
          />
        ) : (
          <Button
            label={continueLabel}
            icon={<Play aria-hidden />}
            disabled={running !== null}
            onPress={() => void continueStudy(study.id)}
          />
        )}
      </div>
      {!isOn && <ModelNote plan={plan} />}
    </section>
  );
}
