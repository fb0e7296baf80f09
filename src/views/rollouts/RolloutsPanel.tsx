// The Rollouts tab: what the model wrote in the shown training step, with reward, advantage, α and mean dependency per rollout.
// Rows render lazily through `content-visibility`, so a thousand rollouts scroll.
import { ArrowDown, ArrowUp, Check, X } from "lucide-react";
import { useState } from "react";
import { trainingSeries } from "@/client/live";
import type { TrainRollout } from "@/protocol/training";
import { useStore } from "@/state/store";
import { classes } from "@/ui/classes";
import { Select } from "@/ui/Field";
import { formatNumber } from "@/ui/formatNumber";
import { EmptyState } from "@/ui/Message";
import { PixelImage } from "@/ui/PixelImage";
import { StepSlider } from "@/views/training/StepSlider";
import { useSeriesVersion } from "@/views/training/useSeries";
import styles from "./RolloutsPanel.module.css";
import { promptsOf, type RewardFilter, type RolloutColumn, type RolloutOrder, rolloutRows } from "./rolloutRows";

const columns: readonly { readonly key: RolloutColumn; readonly label: string; readonly help: string }[] = [
  { key: "prompt", label: "Prompt", help: "Which question of the step" },
  { key: "reward", label: "Reward", help: "1 when the last \\boxed{} holds the answer" },
  { key: "advantage", label: "Advantage", help: "Reward against the mean of the group, in standard deviations" },
  { key: "alpha", label: "α", help: "Factor on the advantage from shaping" },
  { key: "meanDependency", label: "Dependency", help: "Mean visual dependency of the rollout's tokens, nats" },
  { key: "length", label: "Tokens", help: "Length of the rollout" },
];

const rewardFilters: readonly { readonly value: RewardFilter; readonly label: string }[] = [
  { value: "all", label: "All rewards" },
  { value: "right", label: "Right only" },
  { value: "wrong", label: "Wrong only" },
];

/** Table of the shown step's rollouts. */
export function RolloutsPanel() {
  useSeriesVersion(trainingSeries);
  const step = useStore((state) => state.step);
  const [order, setOrder] = useState<RolloutOrder>({ column: "prompt", descending: false });
  const [prompt, setPrompt] = useState<number | null>(null);
  const [reward, setReward] = useState<RewardFilter>("all");
  const steps = trainingSeries.reportSteps();
  const shownStep = step ?? steps.at(-1);
  const report = shownStep === undefined ? undefined : trainingSeries.report(shownStep);
  if (steps.length === 0) {
    return (
      <EmptyState>No rollouts yet. Press Step: the model answers generated questions and every answer appears here.</EmptyState>
    );
  }
  const prompts = promptsOf(report?.rollouts ?? []);
  const rows = rolloutRows(report?.rollouts ?? [], order, { prompt, reward });
  return (
    <section className={styles.panel} aria-label="Rollouts of the step">
      <div className={styles.tools}>
        <StepSlider steps={steps} />
        <div className={styles.filters}>
          <Select
            label="Prompt"
            hideLabel
            value={String(prompt ?? "all")}
            options={[
              { value: "all", label: prompts.length === 1 ? "The one prompt" : `All ${prompts.length} prompts` },
              ...prompts.map((one) => ({ value: String(one.prompt), label: `${one.prompt + 1}. ${one.question}` })),
            ]}
            onChange={(value) => setPrompt(value === "all" ? null : Number(value))}
          />
          <Select label="Reward" hideLabel value={reward} options={rewardFilters} onChange={setReward} />
        </div>
      </div>
      {!report && <EmptyState>{`The rollouts of step ${shownStep} are not kept; move the slider to a newer step.`}</EmptyState>}
      {report && rows.length === 0 && <EmptyState>No rollout matches the filters.</EmptyState>}
      {rows.length > 0 && (
        <table className={styles.table}>
          <thead>
            <tr>
              {columns.map(({ key, label, help }) => (
                <SortHeader key={key} columnKey={key} label={label} help={help} order={order} onOrder={setOrder} />
              ))}
              <th scope="col" className={styles.text}>
                Text
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ index, rollout }) => (
              <RolloutRowView key={index} rollout={rollout} image={report?.images[rollout.prompt]} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

interface SortHeaderProps {
  readonly columnKey: RolloutColumn;
  readonly label: string;
  readonly help: string;
  readonly order: RolloutOrder;
  readonly onOrder: (order: RolloutOrder) => void;
}

function SortHeader({ columnKey, label, help, order, onOrder }: SortHeaderProps) {
  const isActive = order.column === columnKey;
  const Arrow = order.descending ? ArrowDown : ArrowUp;
  return (
    <th scope="col" aria-sort={isActive ? (order.descending ? "descending" : "ascending") : "none"} title={help}>
      <button
        type="button"
        className={styles.sort}
        onClick={() => onOrder({ column: columnKey, descending: isActive ? !order.descending : columnKey !== "prompt" })}
      >
        {label}
        {isActive && <Arrow aria-hidden />}
      </button>
    </th>
  );
}

function RolloutRowView({
  rollout,
  image,
}: {
  rollout: TrainRollout;
  image: Parameters<typeof PixelImage>[0]["image"] | undefined;
}) {
  const { prompt, question, answer, text, reward, advantage, alpha, meanDependency, length } = rollout;
  const Mark = reward > 0 ? Check : X;
  return (
    <tr className={styles.row}>
      <td>
        <span className={styles.prompt}>
          {image && <PixelImage image={image} label="" className={styles.thumb} />}
          {prompt + 1}
        </span>
      </td>
      <td>
        <span className={classes(styles.reward, reward > 0 ? styles.right : styles.wrong)}>
          <Mark aria-hidden />
          {formatNumber(reward)}
        </span>
      </td>
      <td>{formatNumber(advantage)}</td>
      <td>{formatNumber(alpha)}</td>
      <td>{formatNumber(meanDependency)}</td>
      <td>{length}</td>
      <td className={styles.text}>
        <span className={styles.question}>
          {question} <span className={styles.answer}>→ {answer}</span>
        </span>
        {text}
      </td>
    </tr>
  );
}
