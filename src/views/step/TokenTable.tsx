// The tokens of the open rollout in one stage, with the stage's numbers; choosing one puts its numbers into the equations. A page
// of them at a time, because an answer may have thousands.
import { useState } from "react";
import { isKept } from "@/rl/tokenSelection";
import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { formatNumber } from "@/ui/formatNumber";
import { tokenLabel } from "@/ui/tokens/chunking";
import { formatProbability, formatSigned } from "@/ui/tokens/numberText";
import styles from "./StageDetail.module.css";
import { rolloutOf, type StageContext, shapedOf } from "./stages";
import type { StageId } from "./stepView";

interface Column {
  readonly title: string;
  readonly help: string;
  readonly cell: (context: StageContext, token: number) => string;
}

const number = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? "–" : formatNumber(value));
const signed = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? "–" : formatSigned(value));

const dependency: Column = {
  title: "S",
  help: "Dependency on the image",
  cell: (context, t) => number(rolloutOf(context, context.rollout).dependency[t]),
};
const kept: Column = {
  title: "m",
  help: "Weight of the token filter",
  cell: (context, t) => {
    const weight = shapedOf(context, context.rollout).mask[t];
    return `${isKept(weight) ? "● " : ""}${number(weight)}`;
  },
};
const weight: Column = {
  title: "w",
  help: "A′ m: weight in the update",
  cell: (context, t) => signed(shapedOf(context, context.rollout).weights[t]),
};
const gradient: Column = {
  title: "∂L/∂ln π",
  help: "Negative: the update makes the token likelier",
  cell: (context, t) => signed(shapedOf(context, context.rollout).gradient?.[t]),
};

const before: Column = {
  title: "p",
  help: "Probability of the token now",
  cell: (context, t) => probability(rolloutOf(context, context.rollout).logpOld?.[t]),
};

const columns: Readonly<Partial<Record<StageId, readonly Column[]>>> = {
  rollouts: [
    dependency,
    {
      title: "p, image",
      help: "Probability of the token with the image, when it was sampled",
      cell: (context, t) => probability(rolloutOf(context, context.rollout).logpOld?.[t]),
    },
    {
      title: "q, masked",
      help: "Probability of the token with the masked image",
      cell: (context, t) => probability(rolloutOf(context, context.rollout).logpMasked?.[t]),
    },
  ],
  mask: [
    dependency,
    {
      title: "rank",
      help: "1 is the token of the rollout that depends most on the image",
      cell: (context, t) => {
        const { dependency: all } = rolloutOf(context, context.rollout);
        return String(all.reduce((rank, value) => (value > (all[t] as number) ? rank + 1 : rank), 1));
      },
    },
    kept,
    weight,
  ],
  loss: [
    kept,
    weight,
    {
      title: "ρ",
      help: "Probability at the update over probability when sampled",
      cell: (context, t) => {
        const { logp, logpOld } = rolloutOf(context, context.rollout);
        return logp && logpOld ? number(Math.exp((logp[t] as number) - (logpOld[t] as number))) : "–";
      },
    },
    {
      title: "L",
      help: "Loss of the token before mask and average",
      cell: (context, t) => signed(shapedOf(context, context.rollout).terms?.loss[t]),
    },
    gradient,
  ],
  change: [
    kept,
    {
      title: "before → after",
      help: "Probability of the token before and after the step",
      cell: (context, t) => {
        const { logpOld, moves } = rolloutOf(context, context.rollout);
        const [was, move] = [logpOld?.[t], moves?.[t]];
        if (was === undefined || move === undefined) return probability(was);
        return `${probability(was)} → ${probability(Math.min(0, was + move))}`;
      },
    },
    {
      title: "Δ ln π",
      help: "Move of the log-probability in nats, measured",
      cell: (context, t) => signed(rolloutOf(context, context.rollout).moves?.[t]),
    },
  ],
};

/** Of the last stage, where no move was measured: which way the update pushes. */
const unmoved: readonly Column[] = [kept, before, weight, gradient];

function probability(logp: number | undefined): string {
  return logp === undefined ? "–" : formatProbability(Math.exp(logp));
}

/** Stages that have something to say of single tokens. */
export function hasTokens(stage: StageId): boolean {
  return columns[stage] !== undefined;
}

interface TokenTableProps {
  readonly stage: StageId;
  readonly context: StageContext;
  readonly onChoose: (token: number) => void;
}

const pageSize = 100;

/** The table; nothing for a stage without numbers of tokens. */
export function TokenTable({ stage, context, onChoose }: TokenTableProps) {
  const { tokens, dependency: all, moves } = rolloutOf(context, context.rollout);
  const [turned, setTurned] = useState<{ readonly of: number; readonly page: number } | null>(null);
  const own = stage === "change" && !moves ? unmoved : columns[stage];
  if (!own) return null;
  const pages = Math.ceil(all.length / pageSize);
  const page = Math.min(turned?.of === context.rollout ? turned.page : Math.floor(context.token / pageSize), pages - 1);
  const first = Math.max(0, page * pageSize);
  const shown = Math.max(0, Math.min(pageSize, all.length - first));
  const turn = (by: number) => setTurned({ of: context.rollout, page: Math.min(Math.max(page + by, 0), pages - 1) });
  const name = `Tokens of rollout ${context.group.rollouts.indexOf(context.rollout) + 1}`;
  return (
    <div className={styles.group}>
      {pages > 1 && (
        <p className={styles.pages}>
          <Button label="Earlier tokens" tone="quiet" disabled={page === 0} onPress={() => turn(-1)} />
          {first + 1} to {first + shown} of {all.length}
          <Button label="Later tokens" tone="quiet" disabled={page === pages - 1} onPress={() => turn(1)} />
        </p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={styles.tokens} aria-label={name} tabIndex={0}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">Token</th>
              {own.map(({ title, help }) => (
                <th key={title} scope="col" title={help} className={styles.number}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: shown }, (_, n) => first + n).map((t) => (
              <tr key={t} className={classes(t === context.token && styles.chosen)}>
                <th scope="row">
                  <button
                    type="button"
                    className={styles.choice}
                    aria-pressed={t === context.token}
                    aria-label={`Token ${t + 1}${tokens ? `, ${tokenLabel(tokens[t] ?? "")}` : ""}`}
                    onClick={() => onChoose(t)}
                  >
                    <span className={styles.place}>{t + 1}</span> {tokens ? tokenLabel(tokens[t] ?? "") : ""}
                  </button>
                </th>
                {own.map(({ title, cell }) => (
                  <td key={title} className={styles.number}>
                    {cell(context, t)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}
