// The answers of a group in one stage: a row per rollout with the stage's numbers, the values before an edit beside those after it.
// Choosing a row opens the rollout.
import type { ReactNode } from "react";
import { extractBoxed } from "@/rl/reward/extractBoxed";
import { classes } from "@/ui/classes";
import { formatNumber } from "@/ui/formatNumber";
import { formatShare } from "@/ui/tokens/numberText";
import type { ShapedRollout } from "./anatomy";
import { RewardEdit } from "./RewardEdit";
import styles from "./StageDetail.module.css";
import { moveSizes, rolloutOf, type StageContext, shapedOf, stages } from "./stages";
import type { StageId } from "./stepView";

export interface GroupTableProps {
  readonly stage: StageId;
  readonly context: StageContext;
  /** Indices of rollouts whose rewards are edited. */
  readonly edited: ReadonlySet<number>;
  readonly onOpen: (rollout: number) => void;
  readonly onReward: (rollout: number, reward: number | null) => void;
}

interface Column {
  readonly title: ReactNode;
  readonly help: string;
  readonly isText?: boolean;
  readonly cell: (context: StageContext, rollout: number) => ReactNode;
}

const number = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? "–" : formatNumber(value));

/** A number after the edits, with the measured one before it where it has changed. */
function moved(title: ReactNode, help: string, of: (shaped: ShapedRollout) => number): Column {
  return {
    title,
    help,
    cell: ({ before, after }, i) => {
      const [was, is] = [before, after].map(({ rollouts }) => (rollouts[i] ? of(rollouts[i]) : Number.NaN)) as [number, number];
      if (was === is || (Number.isNaN(was) && Number.isNaN(is))) return number(is);
      return (
        <>
          <s className={styles.was}>{number(was)}</s> <strong>{number(is)}</strong>
        </>
      );
    },
  };
}

const text: Column = {
  title: "Text",
  help: "What the model wrote",
  isText: true,
  cell: (context, i) => <span className={styles.clamped}>{rolloutOf(context, i).text}</span>,
};
const advantage = moved("A", "Advantage: reward against the group", (shaped) => shaped.advantage);
const shapedAdvantage = moved("A′", "Shaped advantage: α A", (shaped) => shaped.shapedAdvantage);
const meanDependency: Column = {
  title: "S̄",
  help: "Mean dependency over the rollout's tokens",
  cell: (context, i) => number(shapedOf(context, i).meanDependency),
};
const tokenCount: Column = {
  title: "Tokens",
  help: "Length of the rollout, end token included",
  cell: (context, i) => rolloutOf(context, i).dependency.length,
};
const rowNumber = (
  stage: StageId,
  column: string,
  title: ReactNode,
  help: string,
  format: (value: number) => string = number,
): Column => ({
  title,
  help,
  cell: (context, i) => {
    const row = stages.find(({ id }) => id === stage);
    const value = row?.rowOf(context, i)[row.columns.indexOf(column)];
    return typeof value === "number" ? format(value) : "–";
  },
});

const columns: Readonly<Record<Exclude<StageId, "rewards">, readonly Column[]>> = {
  rollouts: [tokenCount, meanDependency, text],
  advantages: [moved("R", "Reward", (shaped) => shaped.reward), advantage],
  shaping: [
    meanDependency,
    { title: "z", help: "Place of S̄ between lowest (0) and highest (1)", cell: (context, i) => number(shapedOf(context, i).z) },
    moved("α", "Factor of shaping", (shaped) => shaped.alpha),
    advantage,
    shapedAdvantage,
  ],
  mask: [
    tokenCount,
    { title: "Kept", help: "Sum of m_t", cell: (context, i) => number(shapedOf(context, i).mask.reduce((a, b) => a + b, 0)) },
    rowNumber("mask", "threshold", "S from", "Dependency from which a token is kept"),
    rowNumber("mask", "dependency_share_kept", "Share", "Share of the rollout's dependency on kept tokens", formatShare),
  ],
  loss: [
    shapedAdvantage,
    {
      title: "Σ m L",
      help: "Policy loss of the rollout: sum over its tokens of m_t L_t, before the average",
      cell: ({ before, after, ...rest }, i) => {
        const loss = stages.find(({ id }) => id === "loss");
        const [was, is] = [before, after].map((anatomy) => loss?.barOf({ ...rest, before, after }, i, anatomy));
        return was === is ? (
          number(is)
        ) : (
          <>
            <s className={styles.was}>{number(was)}</s> <strong>{number(is)}</strong>
          </>
        );
      },
    },
    rowNumber("loss", "clipped_tokens", "Clipped", "Tokens whose ratio is clipped"),
  ],
  change: [
    shapedAdvantage,
    {
      title: "Kept, ±nats",
      help: "Mean size of the moves of kept tokens",
      cell: (context, i) => number(moveSizes(context, [i]).kept),
    },
    {
      title: "Filtered",
      help: "Mean size of the moves of the other tokens",
      cell: (context, i) => number(moveSizes(context, [i]).others),
    },
  ],
};

/** The table. */
export function GroupTable({ stage, context, edited, onOpen, onReward }: GroupTableProps) {
  const { rollouts } = context.group;
  const own: readonly Column[] =
    stage === "rewards"
      ? [
          {
            title: "Answer",
            help: "Content of the last \\boxed{}",
            isText: true,
            cell: (_, i) => <span className={styles.clamped}>{extractBoxed(rolloutOf(context, i).text)}</span>,
          },
          {
            title: "Reward R",
            help: "Edit it to see what it would do; no training",
            isText: true,
            cell: (_, i) => (
              <RewardEdit
                name={`rollout ${rollouts.indexOf(i) + 1}`}
                value={shapedOf(context, i).reward}
                measured={rolloutOf(context, i).reward}
                isEdited={edited.has(i)}
                onChange={(reward) => onReward(i, reward)}
              />
            ),
          },
          advantage,
          shapedAdvantage,
        ]
      : columns[stage];
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th scope="col">Rollout</th>
          {own.map(({ title, help, isText }, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the columns of a stage never change places
            <th key={i} scope="col" title={help} className={classes(!isText && styles.number)}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rollouts.map((i, n) => (
          <tr key={i} className={classes(i === context.rollout && styles.chosen)}>
            <th scope="row">
              <button
                type="button"
                className={styles.choice}
                aria-pressed={i === context.rollout}
                aria-label={`Rollout ${n + 1}`}
                onClick={() => onOpen(i)}
              >
                {n + 1}
              </button>
            </th>
            {own.map(({ cell, isText }, column) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the columns of a stage never change places
              <td key={column} className={classes(!isText && styles.number)}>
                {cell(context, i)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
