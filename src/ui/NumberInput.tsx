// A number typed by hand: keeps the text while it is being typed, hands out only finite numbers inside the limits, and says below
// the field why it keeps the last good value when it is left with something else in it.
import { useId, useState } from "react";
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
  /** Why nothing outside the limits can be used, as part of a sentence. */
  readonly limitReason?: string | undefined;
}

/** A number field without a visible label; `Field` adds one. The refusal takes a row of its own in a grid. */
export function NumberInput(props: NumberInputProps) {
  const { label, value, min, max, onChange, integer, disabled, format = formatEditable, id, limitReason } = props;
  const [draft, setDraft] = useState<string | null>(null);
  const [refused, setRefused] = useState<{ readonly text: string; readonly kept: number } | null>(null);
  const refusalId = useId();
  const parsed = draft === null || draft === format(value) ? value : readNumber(draft);
  const isValid = whyNot(parsed, props) === null;
  const refusal = refused?.kept === value ? refused.text : null;
  const range = `${formatNumber(min)} to ${formatNumber(max)}${integer ? ", whole numbers" : ""}`;
  const commit = () => {
    if (draft === null) return;
    const why = whyNot(parsed, props);
    if (why !== null) {
      const reason = why === "range" ? (limitReason ?? `it is too ${parsed < min ? "small" : "large"}`) : why;
      setRefused({ text: `“${draft.trim()}” was not used: ${reason}. Allowed: ${range}.`, kept: value });
    } else if (parsed !== value) onChange(parsed);
    setDraft(null);
  };
  return (
    <>
      <input
        {...(id === undefined ? {} : { id })}
        className={styles.input}
        inputMode="decimal"
        autoComplete="off"
        spellCheck={false}
        aria-label={label}
        aria-invalid={!isValid || refusal !== null || undefined}
        aria-describedby={refusal === null ? undefined : refusalId}
        title={isValid ? undefined : `Allowed: ${range}`}
        disabled={disabled}
        value={draft ?? format(value)}
        onFocus={(event) => event.target.select()}
        onChange={(event) => {
          setRefused(null);
          setDraft(event.target.value);
        }}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key === "Enter") commit();
          if (event.key === "Escape") setDraft(null);
        }}
      />
      {refusal !== null && (
        <p id={refusalId} className={styles.problem} role="alert">
          {refusal}
        </p>
      )}
    </>
  );
}

function readNumber(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text.trim().replace(",", "."));
}

/** Why a number cannot be used; "range" where it is outside the limits, null where it can. */
function whyNot(value: number, { min, max, integer }: Pick<NumberInputProps, "min" | "max" | "integer">): string | null {
  if (!Number.isFinite(value)) return "it is not a number";
  if (value < min || value > max) return "range";
  return integer && !Number.isInteger(value) ? "it is not a whole number" : null;
}
