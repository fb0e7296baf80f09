// A button that asks once more before it does what cannot be undone.
import type { ReactNode } from "react";
import { useState } from "react";
import { Button } from "@/ui/Button";
import styles from "./RunsPanel.module.css";

export interface ConfirmButtonProps {
  readonly label: string;
  readonly question: string;
  readonly icon: ReactNode;
  readonly iconOnly?: boolean;
  readonly disabled?: boolean;
  readonly onConfirm: () => void;
}

/** The button, or in its place the question with Yes and No. */
export function ConfirmButton({ label, question, icon, iconOnly, disabled, onConfirm }: ConfirmButtonProps) {
  const [asks, setAsks] = useState(false);
  if (!asks) {
    const shape = iconOnly ? { iconOnly, tone: "quiet" as const } : {};
    return <Button label={label} icon={icon} {...shape} disabled={disabled ?? false} onPress={() => setAsks(true)} />;
  }
  const confirm = () => {
    setAsks(false);
    onConfirm();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a question with two buttons is no form
    <div className={styles.question} role="group" aria-label={question}>
      <span role="alert">{question}</span>
      <Button label="Yes, delete" tone="danger" onPress={confirm} />
      <Button label="Keep" onPress={() => setAsks(false)} />
    </div>
  );
}
