// The table of rollouts: one row each, with a strip of its tokens; a row opens to its whole text. Grouped by prompt, every group has its
// question, how many were right, and what can be done with the prompt.
import { ArrowDown, ArrowUp, Check, ChevronRight, Columns2, MessageCircleQuestion, PanelTop, X } from "lucide-react";
import { Fragment, memo, useState } from "react";
import { askPrompt, hasTokens, showRollouts } from "@/state/runs/runsAnswer";
import type { StepRollouts } from "@/state/runs/runsRollouts";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { formatNumber } from "@/ui/formatNumber";
import { PixelImage } from "@/ui/PixelImage";
import { HeatStrip } from "@/ui/tokens/HeatStrip";
import { PromptComparison } from "./PromptComparison";
import styles from "./RolloutsPanel.module.css";
import { RolloutText } from "./RolloutText";
import { groupsOf, type RolloutColumn, type RolloutGroup, type RolloutOrder, type RolloutRow } from "./rolloutRows";
import type { RolloutColours } from "./useRolloutColours";

const columns: readonly { readonly key: RolloutColumn; readonly label: string; readonly help: string }[] = [
  { key: "prompt", label: "Rollout", help: "Prompt of the step, and answer to it" },
  { key: "reward", label: "Reward", help: "What the answer was given; 1 is right" },
  { key: "advantage", label: "Advantage", help: "Reward against the mean of the group, in standard deviations" },
  { key: "alpha", label: "α", help: "Factor on the advantage from shaping" },
  { key: "meanDependency", label: "Dependency", help: "Mean visual dependency of the rollout's tokens, nats" },
  { key: "length", label: "Tokens", help: "Length of the rollout" },
];
const columnCount = columns.length + 2;
const pageSize = 100;

/** Where the rollouts come from. */
export interface RolloutOrigin {
  /** Id of the stored run; null for the one in the page. */
  readonly run: string | null;
  readonly name: string;
  /** Steps whose rollouts are there. */
  readonly steps: readonly number[];
  /** Longest answer of that step; unknown for runs without settings. */
  readonly maxNewTokens: number | undefined;
}

export interface RolloutTableProps {
  readonly report: StepRollouts;
  readonly rows: readonly RolloutRow[];
  readonly isGrouped: boolean;
  readonly order: RolloutOrder;
  readonly onOrder: (order: RolloutOrder) => void;
  readonly colours: RolloutColours;
  readonly origin: RolloutOrigin;
}

/** The table; a hundred rows at a time. */
export function RolloutTable({ report, rows, isGrouped, order, onOrder, colours, origin }: RolloutTableProps) {
  const [limit, setLimit] = useState(pageSize);
  const shown = rows.slice(0, limit);
  const row = (one: RolloutRow) => (
    <RowView key={one.index} row={one} report={report} colours={colours} origin={origin} hasThumb={!isGrouped} />
  );
  return (
    <>
      <table className={styles.table}>
        <thead>
          <tr>
            {columns.map(({ key, label, help }) => (
              <SortHeader key={key} columnKey={key} label={label} help={help} order={order} onOrder={onOrder} />
            ))}
            <th scope="col" className={styles.plain} title="Dependency of each token; the legend is above">
              Token by token
            </th>
            <th scope="col" className={styles.plain}>
              Text
            </th>
          </tr>
        </thead>
        {isGrouped ? (
          groupsOf(shown, report.rollouts).map((group) => (
            <tbody key={group.prompt}>
              <GroupHeader group={group} report={report} colours={colours} origin={origin} />
              {group.rows.map(row)}
            </tbody>
          ))
        ) : (
          <tbody>{shown.map(row)}</tbody>
        )}
      </table>
      {rows.length > limit && (
        <Button
          label={`Show ${Math.min(pageSize, rows.length - limit)} more of ${rows.length}`}
          onPress={() => setLimit(limit + pageSize)}
        />
      )}
    </>
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

interface GroupProps {
  readonly report: StepRollouts;
  readonly colours: RolloutColours;
  readonly origin: RolloutOrigin;
}

function GroupHeader({ group, report, colours, origin }: GroupProps & { readonly group: RolloutGroup }) {
  const [compares, setCompares] = useState(false);
  const { prompt, question, answer, right, total, meanDependency } = group;
  const image = report.images[prompt];
  return (
    <>
      <tr className={styles.group}>
        <th scope="rowgroup" colSpan={columnCount}>
          <div className={styles.groupLine}>
            {image && <PixelImage image={image} label="" className={styles.thumb} />}
            <span className={styles.question}>
              {question} <span className={styles.answer}>→ {answer}</span>
            </span>
            <span className={styles.facts}>
              {`${right} of ${total} right · dependency ${formatNumber(meanDependency)} nats`}
              {!hasTokens(report, prompt) && " · token texts are kept for the first prompts only"}
            </span>
            <span className={styles.actions}>
              <AskNow report={report} prompt={prompt} />
              <Button
                label="Compare"
                icon={<Columns2 aria-hidden />}
                tone="quiet"
                pressed={compares}
                onPress={() => setCompares(!compares)}
              />
            </span>
          </div>
        </th>
      </tr>
      {compares && (
        <tr>
          <td colSpan={columnCount} className={styles.detail}>
            <PromptComparison report={report} prompt={prompt} colours={colours} origin={origin} />
          </td>
        </tr>
      )}
    </>
  );
}

/** Asks the prompt again, with the weights of now. */
export function AskNow({ report, prompt }: { readonly report: StepRollouts; readonly prompt: number }) {
  const canAsk = useStore(({ model, ask, loss }) => model.status === "ready" && ask.status !== "running" && !loss);
  return (
    <Button
      label="Ask this prompt now"
      icon={<MessageCircleQuestion aria-hidden />}
      tone="quiet"
      disabled={!canAsk}
      onPress={() => void askPrompt(report, prompt)}
    />
  );
}

interface RowProps {
  readonly row: RolloutRow;
  readonly report: StepRollouts;
  readonly colours: RolloutColours;
  readonly origin: RolloutOrigin;
  readonly hasThumb: boolean;
}

const RowView = memo(function RowView({ row: { place, rollout }, report, colours, origin, hasThumb }: RowProps) {
  const [isOpen, setOpen] = useState(false);
  const { prompt, question, answer, text, reward, advantage, alpha, meanDependency, length, dependency } = rollout;
  const Mark = reward > 0 ? Check : X;
  const image = report.images[prompt];
  return (
    <Fragment>
      <tr className={styles.row}>
        <td>
          <button
            type="button"
            className={styles.opener}
            aria-expanded={isOpen}
            aria-label={`Rollout ${place + 1} of prompt ${prompt + 1}`}
            onClick={() => setOpen(!isOpen)}
          >
            <ChevronRight aria-hidden />
            {hasThumb && image && <PixelImage image={image} label="" className={styles.thumb} />}
            {`${prompt + 1}.${place + 1}`}
          </button>
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
        <td className={styles.strip}>
          <HeatStrip bins={colours.bins(dependency)} height={12} />
        </td>
        <td className={styles.text}>
          <span className={styles.clipped}>
            {hasThumb && (
              <span className={styles.question}>
                {question} <span className={styles.answer}>→ {answer}</span>{" "}
              </span>
            )}
            {text}
          </span>
        </td>
      </tr>
      {isOpen && (
        <tr>
          <td colSpan={columnCount} className={styles.detail}>
            <p className={styles.narrowFacts}>
              {`Advantage ${formatNumber(advantage)} · α ${formatNumber(alpha)} · dependency ${formatNumber(meanDependency)} nats`}
            </p>
            <RolloutText rollout={rollout} texts={report.texts} colours={colours} />
            {rollout.tokens ? (
              <Button
                label="Show in Answer"
                icon={<PanelTop aria-hidden />}
                onPress={() =>
                  showRollouts(report, prompt, { opened: place, maxNewTokens: origin.maxNewTokens, run: origin.name })
                }
              />
            ) : (
              <p className={styles.facts}>
                The tokens of this rollout were not kept: a step keeps them for its first prompts, to save memory. Ask the prompt
                now to see where the model looks.
              </p>
            )}
          </td>
        </tr>
      )}
    </Fragment>
  );
});
