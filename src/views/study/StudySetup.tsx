// Before a study is run here: which arms of which plan, how many seeds and steps, and how much is measured; what that comes to, and
// which model it takes.
import { Play } from "lucide-react";
import { useState } from "react";
import { useStore } from "@/state/store";
import { startStudy } from "@/state/studies/studyJob";
import { isStudyModelLoaded } from "@/state/studies/studyModel";
import { firstSeeds, type StudyChoice, studyLimits, wholeChoice } from "@/study/ownStudy";
import { type StudyPlan, studyPlans } from "@/study/plan";
import { Button } from "@/ui/Button";
import { NumberField, Select } from "@/ui/Field";
import { Message } from "@/ui/Message";
import { ArmChoice } from "./ArmChoice";
import styles from "./StudyPanel.module.css";

export interface StudySetupProps {
  /** The plan to begin with; the first there is without it. */
  readonly planId: string | undefined;
  readonly onStart: () => void;
}

/** The form. */
export function StudySetup({ planId, onStart }: StudySetupProps) {
  const [id, setId] = useState(planId ?? studyPlans[0]?.id);
  const plan = studyPlans.find((one) => one.id === id) ?? studyPlans[0];
  if (!plan) return null;
  return (
    <section className={styles.setup} aria-label="Run a study here">
      {studyPlans.length > 1 && (
        <div className={styles.choice}>
          <Select
            label="Plan"
            value={plan.id}
            options={studyPlans.map(({ id: value, name }) => ({ value, label: name }))}
            onChange={setId}
          />
        </div>
      )}
      <ChoiceForm key={plan.id} plan={plan} onStart={onStart} />
    </section>
  );
}

function ChoiceForm({ plan, onStart }: { plan: StudyPlan; onStart: () => void }) {
  const [choice, setChoice] = useState<StudyChoice>(() => wholeChoice(plan));
  const change = (values: Partial<StudyChoice>) => setChoice({ ...choice, ...values });
  const { arms, seeds, steps, prompts, problems, rollouts } = choice;
  const start = () => {
    // In the plan's order, whatever the order of ticking; a grid's arms are not the plan's.
    const own = plan.arms.map(({ id }) => id).filter((id) => arms.includes(id));
    void startStudy({ ...choice, arms: [...own, ...arms.filter((id) => !own.includes(id))] });
    onStart();
  };
  const answers = ((arms.length * seeds.length + 1) * problems * rollouts * 2).toLocaleString("en");
  return (
    <>
      <ArmChoice plan={plan} arms={arms} onChange={(next) => change({ arms: next })} />
      <div className={styles.numbers}>
        <NumberField
          label="Seeds"
          integer
          value={seeds.length}
          min={1}
          max={studyLimits.seeds}
          onChange={(count) => change({ seeds: firstSeeds(plan, count) })}
          help="Every arm is trained once with each. Intervals need at least two."
        />
        <NumberField
          label="Training steps"
          integer
          value={steps}
          min={1}
          max={studyLimits.steps}
          onChange={(value) => change({ steps: value })}
          help="Of every run."
        />
        <NumberField
          label="Prompts per step"
          integer
          value={prompts}
          min={1}
          max={studyLimits.prompts}
          onChange={(value) => change({ prompts: value })}
          help={`Each is answered ${plan.settings.rolloutsPerPrompt} times.`}
        />
        <NumberField
          label="Held-out problems"
          integer
          value={problems}
          min={1}
          max={studyLimits.problems}
          onChange={(value) => change({ problems: value })}
          help="What every run is measured on, with the image and with it blacked out."
        />
        <NumberField
          label="Answers to each"
          integer
          value={rollouts}
          min={1}
          max={studyLimits.rollouts}
          onChange={(value) => change({ rollouts: value })}
          help="n of accuracy@n."
        />
      </div>
      <p className={styles.facts}>
        {arms.length === 0
          ? "Choose at least one arm."
          : `${arms.length * seeds.length} runs of ${steps} ${steps === 1 ? "step" : "steps"}, and ${answers} answers to held-out problems. Each finished run is kept in this browser, so the study can be paused and the page closed.`}
      </p>
      <ModelNote plan={plan} />
      <div>
        <Button
          label={useStartLabel(plan, "Start the study")}
          tone="primary"
          icon={<Play aria-hidden />}
          disabled={arms.length === 0}
          onPress={start}
        />
      </div>
    </>
  );
}

/** A start button's label, which says when it replaces the loaded model. */
export function useStartLabel(plan: StudyPlan | undefined, label: string): string {
  useStore((state) => state.model);
  useStore((state) => state.loss);
  if (!plan || isStudyModelLoaded(plan)) return label;
  return `Load ${plan.model}, then ${label.charAt(0).toLowerCase()}${label.slice(1)}`;
}

/** What pressing Start does to what is loaded and trained now. */
export function ModelNote({ plan }: { plan: StudyPlan }) {
  const model = useStore((state) => state.model);
  const isTraining = useStore((state) => state.training.step > 0 || state.training.status === "running");
  const isLoaded = isStudyModelLoaded(plan);
  const parts = [
    ...(!isLoaded && model.status === "ready" ? [`${model.model.name} is loaded now and makes way for ${plan.model}.`] : []),
    ...(isTraining
      ? ["The run in training ends and stays under Runs."]
      : isLoaded && model.status === "ready" && model.model.adapter !== undefined
        ? [`The adapter in use (${model.model.adapter}) is taken off.`]
        : []),
  ];
  return parts.length === 0 ? null : <Message tone="warn">{parts.join(" ")}</Message>;
}
