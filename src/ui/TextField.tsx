// A labelled line of text: the label is a real <label>, help and error stand below and are tied to the field.
import { useId } from "react";
import { classes } from "./classes";
import styles from "./Field.module.css";
import own from "./TextField.module.css";

export interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
  /** Dots instead of letters. */
  readonly secret?: boolean;
  readonly help?: string;
  /** What is wrong with the value; announced. */
  readonly error?: string | null;
}

/** A labelled text field, label above. */
export function TextField({ label, value, onChange, placeholder, secret, help, error }: TextFieldProps) {
  const id = useId();
  const notes = [help ? `${id}-help` : "", error ? `${id}-error` : ""].filter((note) => note !== "").join(" ");
  return (
    <div className={classes(styles.field, styles.stacked)}>
      <label htmlFor={id} className={styles.label}>
        {label}
      </label>
      <input
        id={id}
        className={classes(styles.input, own.text)}
        type={secret ? "password" : "text"}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        placeholder={placeholder}
        value={value}
        aria-invalid={error ? true : undefined}
        aria-describedby={notes || undefined}
        onChange={(event) => onChange(event.target.value)}
      />
      {help && (
        <p id={`${id}-help`} className={own.help}>
          {help}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className={own.error} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
