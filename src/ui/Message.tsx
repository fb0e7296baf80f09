// A short message inside a panel: nothing here yet, a hint, a warning or an error, with at most a few buttons.
import { CircleAlert, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { classes } from "./classes";
import styles from "./Message.module.css";

const icons = { info: Info, warn: TriangleAlert, bad: CircleAlert } as const;

/** A message box; errors are announced. */
export function Message({ tone = "info", children }: { tone?: keyof typeof icons; children: ReactNode }) {
  const Icon = icons[tone];
  return (
    <div className={classes(styles.message, styles[tone])} {...(tone === "bad" ? { role: "alert" } : {})}>
      <Icon aria-hidden className={styles.icon} />
      <div className={styles.body}>{children}</div>
    </div>
  );
}

/** What a panel shows while it has nothing: one sentence and at most one button. */
export function EmptyState({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className={styles.empty}>
      <p>{children}</p>
      {action}
    </div>
  );
}
