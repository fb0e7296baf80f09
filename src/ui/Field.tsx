// Labelled form fields: number, choice, switch. Sliders are in `Slider.tsx`; the label is always a real <label>.
import { useId } from "react";
import { classes } from "./classes";
import styles from "./Field.module.css";
import { NumberInput, type NumberInputProps } from "./NumberInput";

/** A labelled number field. */
export function NumberField(props: Omit<NumberInputProps, "id"> & FieldNotes) {
  const id = useId();
  const { help, problem, ...input } = props;
  return (
    <div className={styles.field} title={help} data-disabled={props.disabled || undefined}>
      <label htmlFor={id} className={styles.label}>
        {props.label}
      </label>
      <NumberInput {...input} id={id} />
      <FieldProblem problem={problem} />
    </div>
  );
}

/** What a field says besides its value. */
export interface FieldNotes {
  readonly help?: string;
  /** Why the value cannot be used together with the others; shown below the field and announced. */
  readonly problem?: string | null | undefined;
}

/** The sentence below a field; nothing without one. */
export function FieldProblem({ problem }: Pick<FieldNotes, "problem">) {
  if (!problem) return null;
  return (
    <p className={styles.problem} role="alert">
      {problem}
    </p>
  );
}

export interface SwitchProps extends FieldNotes {
  readonly label: string;
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
  readonly disabled?: boolean;
}

/** A labelled switch. */
export function Switch({ label, value, onChange, disabled, help, problem }: SwitchProps) {
  const id = useId();
  return (
    <div className={styles.field} title={help} data-disabled={disabled || undefined}>
      <label htmlFor={id} className={styles.label}>
        {label}
      </label>
      <input
        id={id}
        type="checkbox"
        role="switch"
        aria-checked={value}
        className={styles.switch}
        checked={value}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
      />
      <FieldProblem problem={problem} />
    </div>
  );
}

export interface SelectOption<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly help?: string;
  /** Shown, but cannot be chosen; `help` says why. */
  readonly isMissing?: boolean;
}

export interface SelectProps<T extends string> extends FieldNotes {
  readonly label: string;
  readonly value: T;
  readonly options: readonly SelectOption<T>[];
  readonly onChange: (value: T) => void;
  readonly disabled?: boolean;
  /** Label above instead of beside. */
  readonly stacked?: boolean;
  /** The label is spoken but not shown. */
  readonly hideLabel?: boolean;
}

/** A labelled choice of one. */
export function Select<T extends string>(props: SelectProps<T>) {
  const { label, value, options, onChange, disabled, help, problem, stacked, hideLabel } = props;
  const id = useId();
  return (
    <div
      className={classes(styles.field, (stacked || hideLabel) && styles.stacked)}
      title={help}
      data-disabled={disabled || undefined}
    >
      <label htmlFor={id} className={classes(hideLabel ? "sr-only" : styles.label)}>
        {label}
      </label>
      <select
        id={id}
        className={styles.select}
        value={value}
        disabled={disabled}
        onChange={(event) => {
          const chosen = options.find((option) => option.value === event.target.value);
          if (chosen) onChange(chosen.value);
        }}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} title={option.help} disabled={option.isMissing}>
            {option.label}
          </option>
        ))}
      </select>
      <FieldProblem problem={problem} />
    </div>
  );
}
