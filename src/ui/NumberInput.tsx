// A number typed by hand: keeps the text while it is being typed, hands out only finite numbers inside the limits, and falls
// back to the last good value when the field is left with something else in it.
import { useState } from "react";
import styles from "./Field.module.css";
import { formatEditable, formatNumber } from "./formatNumber";

export interface NumberInputProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly onChange: (value: number) => void;
  /** Whole numbers only. */
  readonly integer?: boolean;
  readonly disabled?: boolean;
  readonly format?: (value: number) => string;
  readonly id?: string;
}

/** A number field without a visible label; `Field` adds one. */
export function NumberInput({
  label,
  value,
  min,
  max,
  onChange,
  integer,
  disabled,
  format = formatEditable,
  id,
}: NumberInputProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const parsed = draft === null ? value : Number(draft.trim().replace(",", "."));
  const isValid =
    draft === null ||
    (draft.trim() !== "" && Number.isFinite(parsed) && parsed >= min && parsed <= max && !(integer && parsed % 1));
  const commit = () => {
    if (draft !== null && isValid && parsed !== value) onChange(parsed);
    setDraft(null);
  };
  return (
    <input
      {...(id === undefined ? {} : { id })}
      className={styles.input}
      inputMode="decimal"
      autoComplete="off"
      spellCheck={false}
      aria-label={label}
      aria-invalid={!isValid || undefined}
      title={isValid ? undefined : `Allowed: ${formatNumber(min)} to ${formatNumber(max)}${integer ? ", whole" : ""}`}
      disabled={disabled}
      value={draft ?? format(value)}
      onFocus={(event) => event.target.select()}
      onChange={(event) => setDraft(event.target.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
        if (event.key === "Escape") setDraft(null);
      }}
    />
  );
}
