// All rollouts of the answer as compact rows: reward, a strip of its tokens, mean dependency, advantage and its factor, kept tokens.
// One row is open and shows its text. Rewards can be edited to see what the update would do.
import { ChevronRight } from "lucide-react";
import { memo, useEffect, useRef, useSyncExternalStore } from "react";
import { answerTokens } from "@/client/live";
import { currentUpdate, type RewardSource, useUpdate } from "@/state/answers/update";
import { useExportSource } from "@/state/exportSources";
import { useStore } from "@/state/store";
import { useTokenColours } from "@/state/tokens/tokenColours";
import { tokenFactsTable } from "@/state/tokens/tokenFactsTable";
import { classes } from "@/ui/classes";
import { formatNumber } from "@/ui/formatNumber";
import { HeatStrip } from "@/ui/tokens/HeatStrip";
import { formatFixed } from "@/ui/tokens/numberText";
import styles from "./RolloutList.module.css";
import { TokenView } from "./TokenView";

/** The rollouts, one open at a time. */
export function RolloutList() {
  const update = useUpdate();
  const colours = useTokenColours();
  const open = useStore((state) => state.rollout);
  useSyncExternalStore(answerTokens.subscribe, () => answerTokens.version);
  const { preview, rewards, rewardSources } = update;
  const openItem = useRef<HTMLDivElement>(null);
  useExportSource({
    id: "answer-tokens",
    title: "Tokens of the answer",
    panel: "answer",
    table: () => tokenFactsTable(currentUpdate()),
    figure: () => openItem.current,
  });
  // The text that has just been opened comes into view; streaming does not move the list. Two frames later, because the height of a
  // block of text is an estimate until it has been drawn once.
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when another rollout or answer is opened, and only then
  useEffect(() => {
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => openItem.current?.scrollIntoView({ block: "nearest" }));
    });
    return () => cancelAnimationFrame(frame);
  }, [open, update.epoch]);
  const isFlat = preview !== null && rewards.length > 1 && rewards.every((reward) => reward === rewards[0]);
  return (
    <div className={styles.list}>
      <div className={styles.head} aria-hidden="true">
        <span>Rollout</span>
        <span title="1 is a right answer; click to try another">Reward</span>
        <span>{colours.meaning.label}, token by token</span>
        <span title="Mean visual dependency of the rollout's tokens">S̄</span>
        <span title="Advantage: reward against the group">A</span>
        <span title="Factor on the advantage">α</span>
        <span>Kept</span>
      </div>
      {rewards.map((reward, i) => (
        <div
          key={`${update.epoch}-${rowKey(i)}`}
          ref={i === open ? openItem : undefined}
          className={classes(styles.item, i === open && styles.open)}
        >
          <Row
            index={i}
            isOpen={i === open}
            reward={reward}
            rewardSource={rewardSources[i] ?? "unknown"}
            bins={colours.bins[i] ?? noBins}
            mean={preview?.meanDependency[i] ?? Number.NaN}
            advantage={preview?.advantages[i] ?? Number.NaN}
            alpha={preview?.alpha[i] ?? Number.NaN}
            kept={preview?.masks[i]?.reduce((count, kept) => count + kept, 0) ?? 0}
            tokens={answerTokens.length(i)}
            ending={answerTokens.finished(i)}
          />
          {i === open && <TokenView rollout={i} />}
        </div>
      ))}
      {isFlat && (
        <p className={styles.note}>
          All rewards are equal, so every advantage is 0 and there is no gradient. Raise temperature or G, or edit a reward.
        </p>
      )}
    </div>
  );
}

const noBins = new Uint8Array(0);

function rowKey(index: number): string {
  return `rollout-${index}`;
}

interface RowProps {
  readonly index: number;
  readonly isOpen: boolean;
  readonly reward: number;
  readonly rewardSource: RewardSource;
  readonly bins: Uint8Array;
  readonly mean: number;
  readonly advantage: number;
  readonly alpha: number;
  readonly kept: number;
  readonly tokens: number;
  readonly ending: "stop" | "length" | null;
}

const Row = memo(function Row(props: RowProps) {
  const { index, isOpen, reward, rewardSource, bins, mean, advantage, alpha, kept, tokens, ending } = props;
  const openRollout = useStore((state) => state.openRollout);
  const name = `Rollout ${index + 1}`;
  return (
    <div className={styles.row}>
      <button
        type="button"
        className={styles.opener}
        aria-expanded={isOpen}
        aria-label={`${name}, ${tokens} tokens`}
        onClick={() => openRollout(index)}
      >
        <ChevronRight aria-hidden />
        {index + 1}
      </button>
      <RewardToggle index={index} reward={reward} source={rewardSource} />
      <div className={styles.strip}>
        <HeatStrip bins={bins} height={12} />
        {ending === "length" && <span className={styles.cut}>cut off</span>}
      </div>
      <Value label="mean dependency" text={Number.isNaN(mean) ? "–" : formatFixed(mean, 3)} />
      <Value label="advantage" text={Number.isNaN(advantage) ? "–" : formatFixed(advantage, 2)} tone={Math.sign(advantage)} />
      <Value label="alpha" text={Number.isNaN(alpha) ? "–" : formatFixed(alpha, 2)} />
      <Value label="kept" text={`${formatNumber(kept)}/${tokens}`} />
    </div>
  );
});

function Value({ label, text, tone = 0 }: { label: string; text: string; tone?: number }) {
  return (
    <span className={styles.value} data-tone={tone < 0 ? "minus" : undefined}>
      <span className="sr-only">{label} </span>
      {text}
    </span>
  );
}

function RewardToggle({ index, reward, source }: { index: number; reward: number; source: RewardSource }) {
  const editReward = useStore((state) => state.editReward);
  const shown = source === "unknown" ? "?" : formatNumber(reward);
  const next = reward >= 0.5 ? 0 : 1;
  return (
    <button
      type="button"
      className={classes(styles.reward, reward >= 0.5 && styles.right, source === "edited" && styles.edited)}
      aria-label={`Reward of rollout ${index + 1}: ${shown}${source === "edited" ? ", set by hand" : ""}`}
      title={source === "edited" ? "Set by hand; double click for the measured reward" : `What if it were ${next}?`}
      onClick={() => editReward(index, next)}
      onDoubleClick={() => editReward(index, null)}
    >
      {shown}
      {source === "edited" && <span aria-hidden="true">*</span>}
    </button>
  );
}
