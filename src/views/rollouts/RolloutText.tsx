// The text of a rollout: token by token in the colours of the step where its tokens are kept, else as the model wrote it. Only text, so that
// nothing in it is ever read as markup.
import { memo } from "react";
import type { TrainRollout } from "@/protocol/training";
import type { StepRollouts } from "@/state/runs/runsRollouts";
import { classes } from "@/ui/classes";
import { binClasses } from "@/ui/color/binClasses";
import { formatNumber } from "@/ui/formatNumber";
import { displayText } from "@/ui/tokens/chunking";
import styles from "./RolloutText.module.css";
import type { RolloutColours } from "./useRolloutColours";

export interface RolloutTextProps {
  readonly rollout: TrainRollout;
  readonly texts: StepRollouts["texts"];
  readonly colours: RolloutColours;
}

/** The whole text. */
export const RolloutText = memo(function RolloutText({ rollout, texts, colours }: RolloutTextProps) {
  const { tokens, dependency, mask, text } = rollout;
  if (!tokens) return <p className={styles.text}>{text}</p>;
  const bins = colours.bins(dependency);
  return (
    <p className={styles.text}>
      {Array.from(tokens.ids, (id, t) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: a token is its place
          key={t}
          className={classes(styles.token, binClasses[bins[t] ?? 0], (mask[t] ?? 0) > 0 && styles.kept)}
          title={`${formatNumber(dependency[t] ?? Number.NaN)}${(mask[t] ?? 0) > 0 ? ", kept" : ""}`}
        >
          {displayText(texts[id] ?? `⟨${id}⟩`)}
        </span>
      ))}
    </p>
  );
});
