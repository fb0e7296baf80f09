// What a study compares: the plan's arms, ticked one by one, or a sweep over k × β_min, typed as two lists of numbers.
import { useState } from "react";
import { gridArmIds, mostGridValues, readGridValues } from "@/study/grid";
import type { StudyPlan } from "@/study/plan";
import { Select } from "@/ui/Field";
import { TextField } from "@/ui/TextField";
import styles from "./StudyPanel.module.css";

type Kind = "arms" | "grid";

const kinds: readonly { readonly value: Kind; readonly label: string }[] = [
  { value: "arms", label: "Methods and single settings" },
  { value: "grid", label: "A grid of k × β_min" },
];
const firstValues = { keep: "0.2, 0.4, 0.6", beta: "0.8, 0.9, 1" };

export interface ArmChoiceProps {
  readonly plan: StudyPlan;
  /** Ids of the chosen arms; empty while nothing usable is chosen. */
  readonly arms: readonly string[];
  readonly onChange: (arms: string[]) => void;
}

/** The choice. */
export function ArmChoice({ plan, arms, onChange }: ArmChoiceProps) {
  const [kind, setKind] = useState<Kind>("arms");
  const [grid, setGrid] = useState(firstValues);
  const take = (values: typeof firstValues) => {
    setGrid(values);
    const [keep, beta] = [readGridValues(values.keep), readGridValues(values.beta)];
    onChange(keep && beta ? [...gridArmIds(keep, beta)] : []);
  };
  const toggle = (arm: string) => onChange(arms.includes(arm) ? arms.filter((one) => one !== arm) : [...arms, arm]);
  const chooseKind = (next: Kind) => {
    setKind(next);
    if (next === "grid") take(grid);
    else onChange(plan.arms.map(({ id }) => id));
  };
  const problem = (text: string) =>
    readGridValues(text) ? null : `Not used: type up to ${mostGridValues} numbers above 0 and up to 1, as in 0.2, 0.4.`;
  return (
    <>
      <div className={styles.choice}>
        <Select label="Compare" value={kind} options={kinds} onChange={chooseKind} />
      </div>
      {kind === "arms" ? (
        <fieldset className={styles.arms}>
          <legend>Arms</legend>
          {plan.arms.map(({ id, label }) => (
            <label key={id} className={styles.arm}>
              <input type="checkbox" checked={arms.includes(id)} onChange={() => toggle(id)} />
              {label}
            </label>
          ))}
        </fieldset>
      ) : (
        <div className={styles.numbers}>
          <TextField
            label="Values of k"
            value={grid.keep}
            error={problem(grid.keep)}
            onChange={(keep) => take({ ...grid, keep })}
          />
          <TextField
            label="Values of β_min"
            value={grid.beta}
            error={problem(grid.beta)}
            onChange={(beta) => take({ ...grid, beta })}
          />
        </div>
      )}
    </>
  );
}
