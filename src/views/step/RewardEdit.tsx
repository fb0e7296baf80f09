// A reward that can be edited to see what it would do: any number, or the other one of 0 and 1 with one click, and the way back.
import { RotateCcw } from "lucide-react";
import { Button } from "@/ui/Button";
import { formatNumber } from "@/ui/formatNumber";
import { NumberInput } from "@/ui/NumberInput";
import styles from "./StageDetail.module.css";

export interface RewardEditProps {
  /** "rollout 3". */
  readonly name: string;
  readonly value: number;
  /** Null when nobody knows it. */
  readonly measured: number | null;
  readonly isEdited: boolean;
  /** Null goes back to the measured one. */
  readonly onChange: (reward: number | null) => void;
}

const limit = 1000;

/** Field, toggle and way back. */
export function RewardEdit({ name, value, measured, isEdited, onChange }: RewardEditProps) {
  const other = value >= 0.5 ? 0 : 1;
  return (
    <span className={styles.edit} data-edited={isEdited || undefined}>
      <NumberInput label={`Reward of ${name}`} value={value} min={-limit} max={limit} onChange={onChange} />
      <Button label={`What if ${other}?`} tone="quiet" onPress={() => onChange(other)} />
      {isEdited && (
        <>
          <span className={styles.edited}>edited, measured {measured === null ? "unknown" : formatNumber(measured)}</span>
          <Button
            label={`Measured reward of ${name}`}
            icon={<RotateCcw aria-hidden />}
            iconOnly
            tone="quiet"
            onPress={() => onChange(null)}
          />
        </>
      )}
      {!isEdited && measured === null && <span className={styles.edited}>not known: counts as 0</span>}
    </span>
  );
}
