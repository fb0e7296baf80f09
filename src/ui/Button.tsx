// The one button of the page: text, icon with text, or icon alone (then `label` is its accessible name and its tooltip).
import type { ReactNode } from "react";
import { Button as AriaButton, Tooltip, TooltipTrigger } from "react-aria-components";
import styles from "./Button.module.css";
import { classes } from "./classes";

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
  const button = (
    <AriaButton
      className={classes(styles.button, styles[tone], iconOnly && styles.iconOnly)}
      onPress={onPress}
      isDisabled={disabled ?? false}
      aria-label={label}
      {...(pressed === undefined ? {} : { "aria-pressed": pressed })}
    >
      {icon}
      {!iconOnly && <span>{label}</span>}
    </AriaButton>
  );
  if (!iconOnly && !hint) return button;
  return (
    <TooltipTrigger delay={400} closeDelay={80}>
      {button}
      <Tooltip className={classes(styles.tooltip)} offset={6}>
        {iconOnly ? label : ""}
        {hint && <kbd className={styles.key}>{hint}</kbd>}
      </Tooltip>
    </TooltipTrigger>
  );
}
