// The open stage: its sentence and equations with the numbers of the open rollout and token, the group as bars and as a table, and the
// tokens of the open rollout.
import { useRef } from "react";
import { useExportSource } from "@/state/exportSources";
import { classes } from "@/ui/classes";
import { formatNumber, formatPercent } from "@/ui/formatNumber";
import { PixelImage } from "@/ui/PixelImage";
import { GroupBars } from "./GroupBars";
import { GroupTable, type GroupTableProps } from "./GroupTable";
import styles from "./StageDetail.module.css";
import { StageEquations } from "./StageEquations";
import { lossOf, type Stage, type StageContext, stages } from "./stages";
import type { StageId } from "./stepView";
import { hasTokens, TokenTable } from "./TokenTable";

interface StageDetailProps extends Omit<GroupTableProps, "stage"> {
  readonly stage: StageId;
  readonly onToken: (token: number) => void;
}

/** Stages whose bars say something that the table does not show at a glance. */
const drawn: ReadonlySet<StageId> = new Set(["rollouts", "rewards", "advantages", "shaping", "loss"]);

/** One stage. */
export function StageDetail({ stage: id, context, edited, onOpen, onReward, onToken }: StageDetailProps) {
  const stage = stages.find((one) => one.id === id) as Stage;
  return (
    <section className={classes(styles.detail, !hasTokens(id) && styles.wide)} aria-label={stage.title}>
      <div className={styles.words}>
        <p className={styles.sentence}>{stage.sentence(context)}</p>
        <StageEquations stage={id} context={context} />
        {id === "loss" && <LossFacts context={context} />}
      </div>
      <div className={styles.group}>
        {id === "rollouts" && <Question context={context} />}
        {drawn.has(id) && <Bars stage={stage} context={context} />}
        <GroupTable stage={id} context={context} edited={edited} onOpen={onOpen} onReward={onReward} />
      </div>
      {hasTokens(id) && <TokenTable stage={id} context={context} onChoose={onToken} />}
    </section>
  );
}

function Question({ context: { group } }: { readonly context: StageContext }) {
  return (
    <div className={styles.question}>
      {group.image && <PixelImage image={group.image} label="Picture of the question" className={styles.picture ?? ""} />}
      <p>
        {group.question}
        {group.answer !== null && <strong> → {group.answer}</strong>}
      </p>
    </div>
  );
}

const barWidth = 44;

function Bars({ stage, context }: { readonly stage: Stage; readonly context: StageContext }) {
  const figure = useRef<HTMLElement>(null);
  const { group, before, after, rollout } = context;
  const valuesOf = (anatomy: typeof after) => group.rollouts.map((i) => stage.barOf(context, i, anatomy));
  useExportSource({
    id: `step-${stage.id}-bars`,
    title: `${stage.bar} of the group`,
    panel: "step",
    figure: () => figure.current?.querySelector("svg") ?? null,
  });
  const isEdited = before !== after;
  return (
    <figure ref={figure} className={styles.figure}>
      <figcaption className={styles.caption}>
        {stage.bar} per rollout
        {isEdited && <span className={styles.legend}>dashed: as measured</span>}
      </figcaption>
      <GroupBars
        label={stage.bar}
        values={valuesOf(after)}
        before={isEdited ? valuesOf(before) : null}
        open={group.rollouts.indexOf(rollout)}
        width={Math.min(group.rollouts.length, 12) * barWidth}
        height={96}
        labels={group.rollouts.length <= 12}
      />
    </figure>
  );
}

function LossFacts({ context }: { readonly context: StageContext }) {
  const { metrics, kind, maxGradNorm } = context.source;
  const total = lossOf(context);
  if (!total) return null;
  const rows: (readonly [string, string])[] = [
    ["Clipped ratios", formatPercent(total.clippedHigher)],
    ["Dual clip", formatPercent(total.clippedLower)],
  ];
  const measured = (label: string, key: string, note = "") => {
    const value = metrics[key];
    if (value !== undefined) rows.push([label, `${formatNumber(value)}${note}`]);
  };
  measured("Policy loss in the log", "actor/pg_loss", context.after.updates.length > 1 ? ", mean" : "");
  measured("Gradient norm", "actor/grad_norm", maxGradNorm === null ? "" : `, clipped at ${formatNumber(maxGradNorm)}`);
  measured("Learning rate", "actor/lr");
  measured("Optimizer steps", "vppo/updates");
  return (
    <>
      <dl className={styles.facts}>
        {rows.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {kind === "step" && context.before !== context.after && (
        <p className={styles.note}>Log, gradient norm and learning rate are those of the step as it was taken.</p>
      )}
    </>
  );
}
