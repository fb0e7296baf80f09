// Labelled form fields: number, choice. Sliders are in `Slider.tsx`; the label is always a real <label>.
import { useId } from "react";
import { classes } from "./classes";
import styles from "./Field.module.css";
import { NumberInput, type NumberInputProps } from "./NumberInput";

/** A labelled number field. */
export function NumberField(props: Omit<NumberInputProps, "id"> & { readonly help?: string }) {
  const id = useId();
  const { help, ...input } = props;
  return (
    <div className={styles.field} title={help}>
      <label htmlFor={id} className={styles.label}>
        {props.label}
      </label>
      <NumberInput {...input} id={id} />
    </div>
  );
}

export interface SelectProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string; readonly help?: string }[];
  readonly onChange: (value: T) => void;
  readonly disabled?: boolean;
  readonly help?: string;
  /** Label above instead of beside. */
  readonly stacked?: boolean;
  /** The label is spoken but not shown. */
  readonly hideLabel?: boolean;
}

/** A labelled choice of one. */
export function Select<T extends string>(props: SelectProps<T>) {
  const { label, value, options, onChange, disabled, help, stacked, hideLabel } = props;
  const id = useId();
  return (
    <div className={classes(styles.field, (stacked || hideLabel) && styles.stacked)} title={help}>
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
          <option key={option.value} value={option.value} title={option.help}>
            {option.label}
          </option>
        ))}
      </select>
    </div>
  );
}
