// The bare track and thumb of a slider: a native range input, so that keys, touch and screen readers work as everywhere.
import type { ComponentProps, CSSProperties } from "react";
import styles from "./RangeInput.module.css";

export interface RangeInputProps
  extends Pick<ComponentProps<"input">, "id" | "disabled" | "aria-label" | "aria-valuetext" | "onPointerUp" | "onKeyUp"> {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly onChange: (value: number) => void;
}

/** A range input; the part below the value is filled. */
export function RangeInput({ onChange, ...input }: RangeInputProps) {
  const { value, min, max } = input;
  const filled = max > min ? Math.min(1, Math.max(0, (value - min) / (max - min))) : 1;
  return (
    <input
      {...input}
      type="range"
      className={styles.range}
      style={{ "--filled": filled } as CSSProperties}
      onChange={(event) => onChange(event.target.valueAsNumber)}
    />
  );
}
