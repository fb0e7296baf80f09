// A slider with a number field and − / + buttons, so that every value can be set by dragging, by keys, by typing and by single
// clicks. The number field takes values beyond the slider's range when `hardMin`/`hardMax` allow it.
import { Minus, Plus } from "lucide-react";
import { useId } from "react";
import { classes } from "./classes";
import { type FieldNotes, FieldProblem } from "./Field";
import { NumberInput } from "./NumberInput";
import { RangeInput } from "./RangeInput";
import styles from "./Slider.module.css";

export interface SliderProps extends FieldNotes {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly onChange: (value: number) => void;
  /** Called when a drag or a single change is over, e.g. to close an undo step. */
  readonly onCommit?: () => void;
  /** What a screen reader says for the value, with unit. */
  readonly valueText?: string;
  readonly hardMin?: number;
  readonly hardMax?: number;
  readonly disabled?: boolean;
  /** Hides the − / + buttons where space is short. */
  readonly compact?: boolean;
  readonly format?: (value: number) => string;
  /** Equal distances are equal factors; `min` must be above 0. */
  readonly scale?: "log" | undefined;
  /** The number field takes whole numbers only. */
  readonly integer?: boolean;
  /** Why nothing outside the hard limits can be used, as part of a sentence. */
  readonly limitReason?: string | undefined;
}

/** Rounds to the step's decimals, so that 0.1 + 0.2 stays 0.3. */
export function snap(value: number, step: number): number {
  const decimals = Math.min(12, Math.max(0, Math.ceil(-Math.log10(step)) + 2));
  return Number(value.toFixed(decimals));
}

/** A labelled slider. */
export function Slider(props: SliderProps) {
  const { label, value, min, max, step, onChange, onCommit, valueText, help, problem, disabled, compact, format } = props;
  const id = useId();
  const hardMin = props.hardMin ?? min;
  const hardMax = props.hardMax ?? max;
  const set = (next: number) => onChange(snap(Math.min(hardMax, Math.max(hardMin, next)), step));
  const isLog = props.scale === "log";
  const place = (number: number) => (isLog ? Math.log10(Math.max(number, min)) : number);
  const setPlace = (at: number) => (isLog ? set(Number((10 ** at).toPrecision(2))) : set(at));
  const nudge = (by: number) => {
    setPlace(place(value) + by);
    onCommit?.();
  };
  const placeStep = isLog ? 0.05 : step;
  return (
    <div className={classes(styles.row, compact && styles.compact)} data-disabled={disabled || undefined}>
      <label htmlFor={id} className={styles.label} title={help}>
        {label}
      </label>
      {!compact && (
        <button
          type="button"
          className={styles.nudge}
          aria-label={`Decrease ${label}`}
          disabled={disabled || value <= hardMin}
          onClick={() => nudge(-placeStep)}
        >
          <Minus aria-hidden />
        </button>
      )}
      <RangeInput
        id={id}
        min={place(min)}
        max={place(max)}
        step={placeStep}
        value={place(value)}
        disabled={disabled}
        aria-valuetext={valueText ?? (isLog ? String(value) : undefined)}
        onChange={setPlace}
        onPointerUp={onCommit}
        onKeyUp={onCommit}
      />
      {!compact && (
        <button
          type="button"
          className={styles.nudge}
          aria-label={`Increase ${label}`}
          disabled={disabled || value >= hardMax}
          onClick={() => nudge(placeStep)}
        >
          <Plus aria-hidden />
        </button>
      )}
      <NumberInput
        label={`${label} value`}
        value={value}
        min={hardMin}
        max={hardMax}
        integer={props.integer ?? false}
        limitReason={props.limitReason}
        onChange={(next) => {
          onChange(next);
          onCommit?.();
        }}
        {...(disabled === undefined ? {} : { disabled })}
        {...(format === undefined ? {} : { format })}
      />
      <FieldProblem problem={problem} />
    </div>
  );
}
