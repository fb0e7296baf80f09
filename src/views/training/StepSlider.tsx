// Chooses the training step that charts and rollouts show, as a click into a chart does; the chip goes back to the newest.
import { Radio } from "lucide-react";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { RangeInput } from "@/ui/RangeInput";
import styles from "./TrainingPanel.module.css";

/** A slider over the steps of a run; it follows the newest until it is moved. */
export function StepSlider({ steps }: { steps: ArrayLike<number> }) {
  const step = useStore((state) => state.step);
  const setStep = useStore((state) => state.setStep);
  const last = steps.length - 1;
  const at = step === null ? last : indexOfStep(steps, step);
  const shown = steps[at];
  if (shown === undefined) return null;
  return (
    <div className={styles.stepSlider}>
      <span aria-hidden>Step</span>
      <div className={styles.stepTrack}>
        <RangeInput
          min={0}
          max={Math.max(last, 0)}
          step={1}
          value={at}
          aria-label="Shown step"
          aria-valuetext={`step ${shown} of ${steps[last] ?? shown}`}
          onChange={(index) => setStep(index === last ? null : (steps[index] ?? null))}
        />
      </div>
      <output className={styles.stepNumber}>{shown}</output>
      {step === null ? (
        <span className={styles.live} title="Follows the newest step">
          <Radio aria-hidden />
          live
        </span>
      ) : (
        <Button label="Back to live" icon={<Radio aria-hidden />} onPress={() => setStep(null)} />
      )}
    </div>
  );
}

/** Index of the nearest step not above the wanted one; 0 when all are. */
export function indexOfStep(steps: ArrayLike<number>, wanted: number): number {
  let index = 0;
  for (let i = 0; i < steps.length; i++) if ((steps[i] as number) <= wanted) index = i;
  return index;
}
