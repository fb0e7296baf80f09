// The Evaluation tab: starts evaluations of the loaded model on held-out problems, follows the one that runs, lists results with
// their intervals, and compares two of them. Running them is `state/evaluations/evaluationJob.ts`.
import { Gauge, SlidersHorizontal, Undo2 } from "lucide-react";
import { useEffect, useState } from "react";
import type { Evaluation } from "@/state/evaluations/evaluation";
import { readEvaluations, restoreEvaluation, startEvaluation } from "@/state/evaluations/evaluationJob";
import {
  type EvaluationPresetName,
  evaluatedTask,
  evaluationBlockedBy,
  evaluationPresets,
  presetOf,
} from "@/state/evaluations/evaluationPlan";
import { useEvaluations } from "@/state/evaluations/evaluations";
import { useStore } from "@/state/store";
import { tasks } from "@/tasks/registry";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/Field";
import { EmptyState, Message } from "@/ui/Message";
import { ChoiceSettingControl, NumberSettingControl, SwitchSettingControl } from "@/views/settings/SettingControl";
import { Changes, Verdict } from "./ComparisonView";
import styles from "./EvaluationPanel.module.css";
import { EvaluationProgress } from "./EvaluationProgress";
import { ResultTable } from "./ResultTable";
import { subjectTexts } from "./wording";

const none: readonly Evaluation[] = [];

/** The whole tab. */
export function EvaluationPanel() {
  const isRead = useEvaluations((state) => state.evaluations !== null);
  const evaluations = useEvaluations((state) => state.evaluations) ?? none;
  const problem = useEvaluations((state) => state.problem);
  const isRunning = useEvaluations((state) => state.running !== null);
  const [areSettingsShown, setSettingsShown] = useState(false);
  useEffect(() => {
    if (!isRead) void readEvaluations();
  }, [isRead]);
  return (
    <section className={styles.panel} aria-label="Evaluation">
      <StartRow areSettingsShown={areSettingsShown} onShowSettings={setSettingsShown} />
      {areSettingsShown && <Knobs />}
      {problem !== null && !isRunning && <Message tone="bad">{problem}</Message>}
      <Undelete />
      <EvaluationProgress />
      {isRead && evaluations.length === 0 && (
        <EmptyState>No evaluation yet. Press Evaluate: the model answers problems that it is never trained on.</EmptyState>
      )}
      {evaluations.length > 0 && (
        <>
          <Verdict evaluations={evaluations} />
          <ResultTable evaluations={evaluations} />
          <Changes evaluations={evaluations} />
        </>
      )}
    </section>
  );
}

/** The knobs that a protocol and the row above do not settle. */
function Knobs() {
  return (
    <section className={styles.knobs} aria-label="Settings of the evaluation">
      <div className={styles.settings}>
        <ChoiceSettingControl settingKey="evalTask" />
        <ChoiceSettingControl settingKey="evalDifficulty" />
        <NumberSettingControl settingKey="evalSeed" />
        <NumberSettingControl settingKey="evalRollouts" />
        <NumberSettingControl settingKey="evalTemperature" />
        <NumberSettingControl settingKey="evalTopP" />
        <NumberSettingControl settingKey="evalTopK" />
        <ChoiceSettingControl settingKey="evalPixels" />
      </div>
      <p className={styles.note}>Longest answer and reward are those of training.</p>
    </section>
  );
}

const ownSettings = { value: "own", label: "Own settings" } as const;
const presetNames = Object.keys(evaluationPresets) as EvaluationPresetName[];

interface StartRowProps {
  readonly areSettingsShown: boolean;
  readonly onShowSettings: (shown: boolean) => void;
}

function StartRow({ areSettingsShown, onShowSettings }: StartRowProps) {
  const settings = useStore((state) => state.settings);
  const isReady = useStore((state) => state.model.status === "ready" && state.loss === null);
  const isRunning = useEvaluations((state) => state.running !== null);
  const setSettings = useStore((state) => state.setSettings);
  const preset = presetOf(settings);
  const blocked = evaluationBlockedBy(settings);
  return (
    <div className={styles.tools}>
      <Button
        label="Evaluate"
        tone="primary"
        icon={<Gauge aria-hidden />}
        disabled={!isReady || isRunning || blocked !== null}
        onPress={() => void startEvaluation()}
      />
      <div className={styles.preset}>
        <Select<EvaluationPresetName | "own">
          label="Protocol"
          hideLabel
          value={preset ?? ownSettings.value}
          options={[
            ...presetNames.map((name) => ({ value: name, ...evaluationPresets[name] })),
            ...(preset ? [] : [ownSettings]),
          ]}
          {...(preset && { help: evaluationPresets[preset].help })}
          onChange={(name) => name !== "own" && setSettings(evaluationPresets[name].knobs)}
        />
      </div>
      <div className={styles.problems}>
        <NumberSettingControl settingKey="evalProblems" />
      </div>
      <div className={styles.masked}>
        <SwitchSettingControl settingKey="evalMasked" />
      </div>
      <Button
        label="Settings"
        icon={<SlidersHorizontal aria-hidden />}
        pressed={areSettingsShown}
        onPress={() => onShowSettings(!areSettingsShown)}
      />
      <p className={styles.note}>{blocked ?? (isReady ? <Plan /> : "Evaluation needs a loaded model.")}</p>
    </div>
  );
}

/** What pressing Evaluate would do, in words. */
function Plan() {
  const settings = useStore((state) => state.settings);
  const { evalProblems, evalRollouts, evalMasked } = settings;
  const task = tasks.find(({ id }) => id === evaluatedTask(settings).task)?.name ?? "";
  const answers = (evalProblems * evalRollouts * (evalMasked ? 2 : 1)).toLocaleString("en");
  return `${answers} answers to held-out problems of ${task}.`;
}

function Undelete() {
  const deleted = useEvaluations((state) => state.deleted);
  if (!deleted) return null;
  const { model, adapter } = subjectTexts(deleted);
  return (
    <Message>
      <div className={styles.undo} role="status">
        <span>{`The evaluation of ${model}, ${adapter}, was deleted.`}</span>
        <Button label="Take it back" tone="quiet" icon={<Undo2 aria-hidden />} onPress={() => void restoreEvaluation()} />
      </div>
    </Message>
  );
}
