// A field for a few lines of code: label, line numbers, no wrapping, one line marked as the wrong one. Tab leaves the field, as
// everywhere else on the page.
import { useId, useRef } from "react";
import styles from "./CodeField.module.css";
import { classes } from "./classes";

export interface CodeFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly maxLength?: number;
  readonly help?: string;
  /** What is wrong; announced. */
  readonly error?: string | null;
  /** The line it is in, from 1. */
  readonly errorLine?: number | undefined;
}

const fewestRows = 6;
const mostRows = 24;

/** A labelled code field, label above. */
export function CodeField({ label, value, onChange, maxLength, help, error, errorLine }: CodeFieldProps) {
  const id = useId();
  const gutter = useRef<HTMLDivElement>(null);
  const lineCount = value.split("\n").length;
  const notes = [help ? `${id}-help` : "", error ? `${id}-error` : ""].filter((note) => note !== "").join(" ");
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={styles.label}>
        {label}
      </label>
      <div className={classes(styles.box, error && styles.wrong)}>
        <div ref={gutter} className={styles.gutter} aria-hidden>
          {Array.from({ length: lineCount }, (_, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line is its number
            <span key={i} className={classes(error && i + 1 === errorLine && styles.wrongLine)}>
              {i + 1}
            </span>
          ))}
        </div>
        <textarea
          id={id}
          className={styles.code}
          wrap="off"
          spellCheck={false}
          autoCapitalize="none"
          autoComplete="off"
          rows={Math.min(mostRows, Math.max(fewestRows, lineCount + 1))}
          maxLength={maxLength}
          value={value}
          aria-invalid={error ? true : undefined}
          aria-describedby={notes || undefined}
          onChange={(event) => onChange(event.target.value)}
          onScroll={(event) => {
            if (gutter.current) gutter.current.scrollTop = event.currentTarget.scrollTop;
          }}
        />
      </div>
      {help && (
        <p id={`${id}-help`} className={styles.help}>
          {help}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className={styles.error} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
