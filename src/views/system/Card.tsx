// A titled box of the System tab.
import type { ReactNode } from "react";
import { classes } from "@/ui/classes";
import styles from "./SystemPanel.module.css";

/** A box; a wide one lets its content shrink and scroll on its own. */
export function Card({ title, wide, children }: { title: string; wide?: boolean; children: ReactNode }) {
  return (
    <section className={classes(styles.card, wide && styles.wide)} aria-label={title}>
      <h3 className={styles.title}>{title}</h3>
      {children}
    </section>
  );
}
