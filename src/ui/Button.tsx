// The one button of the page: text, icon with text, or icon alone (then `label` is its accessible name and its tooltip). The browser's own
// button with a tooltip; the component library's would be a third of the page's first script.
import { type ReactNode, useId } from "react";
import styles from "./Button.module.css";
import { classes } from "./classes";
import { useTooltip } from "./Tooltip";

export interface ButtonProps {
  readonly label: string;
  readonly onPress: () => void;
  readonly icon?: ReactNode;
  /** Shows the icon only; the label becomes name and tooltip. */
  readonly iconOnly?: boolean;
  readonly tone?: "plain" | "primary" | "quiet" | "danger";
  readonly disabled?: boolean;
  /** Shown in the tooltip after the label, e.g. a key. */
  readonly hint?: string;
  readonly pressed?: boolean;
}

/** A button; `pressed` makes it a toggle. */
export function Button({ label, onPress, icon, iconOnly, tone = "plain", disabled, hint, pressed }: ButtonProps) {
  const id = useId();
  const { handlers, tooltip, isOpen } = useTooltip(
    id,
    (iconOnly || hint) && (
      <>
        {iconOnly && label}
        {hint && <kbd className={styles.key}>{hint}</kbd>}
      </>
    ),
  );
  return (
    <>
      <button
        type="button"
        className={classes(styles.button, styles[tone], iconOnly && styles.iconOnly)}
        disabled={disabled}
        aria-label={label}
        aria-pressed={pressed}
        aria-describedby={isOpen && hint ? id : undefined}
        onClick={onPress}
        {...handlers}
      >
        {icon}
        {!iconOnly && <span>{label}</span>}
      </button>
      {tooltip}
    </>
  );
}
