// A list of named values, as the System tab and the chooser show them.
import type { ReactNode } from "react";
import styles from "./Facts.module.css";

/** The list; its children are `Fact`s. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className={styles.facts}>{children}</dl>;
}

/** One named value. */
export function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div className={styles.fact}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
