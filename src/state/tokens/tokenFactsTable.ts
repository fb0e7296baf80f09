// Every number of every token of the shown answer as one table: what the table view shows a part of and what CSV and JSON hold.
// Units stand in the names of the columns. Computes nothing that `rl` computes.

import { answerTokens } from "@/client/live";
import { dependencyOf } from "@/rl/dependency";
import { isKept } from "@/rl/tokenSelection";
import type { AnswerUpdate } from "../answers/update";
import type { ExportTable } from "../exportSources";
import { colouringValues } from "./colouringValues";
import { currentColours } from "./tokenColours";

/** One column: its name and the value of a token; `rollout` and `token` count from 1, as on the page. */
export type TokenColumns = readonly (readonly [name: string, of: (token: number) => number | string])[];

/** All columns of one rollout of the shown answer. */
export function tokenColumns(rollout: number, update: AnswerUpdate): TokenColumns {
  const stats = answerTokens.stats(rollout);
  const ids = answerTokens.ids(rollout);
  const { preview } = update;
  const { meaning, values } = currentColours();
  const dependency = colouringValues("dependency", rollout, update);
  const ranks = ranksOf(dependency);
  const column = (of: ArrayLike<number>) => (t: number) => of[t] ?? Number.NaN;
  const unit = meaning.unit === "" ? "" : `_${meaning.unit}`;
  return [
    ["rollout", () => rollout + 1],
    ["token", (t) => t + 1],
    ["id", (t) => ids[t] ?? Number.NaN],
    ["text", (t) => answerTokens.tokenText(rollout, t)],
    ["logp", column(stats.logp)],
    ["logp_masked", column(stats.logpMasked)],
    ["delta_logp", column(colouringValues("deltaLogp", rollout, update))],
    ["kl_nats", column(stats.kl)],
    ["k3_nats", column(dependencyOf(stats, "k3"))],
    ["jsd_nats", column(stats.jsd)],
    ["top1_drop", column(stats.top1Drop)],
    ["entropy_nats", column(stats.entropy)],
    ["entropy_masked_nats", column(stats.entropyMasked)],
    ["dependency", column(dependency)],
    ["rank", column(ranks)],
    ["kept", (t) => (isKept(preview?.masks[rollout]?.[t]) ? 1 : 0)],
    ["advantage", () => preview?.advantages[rollout] ?? Number.NaN],
    ["alpha", () => preview?.alpha[rollout] ?? Number.NaN],
    ["weight", column(colouringValues("weight", rollout, update))],
    ["gradient", column(colouringValues("gradient", rollout, update))],
    ...(meaning.overlay ? ([[`overlay${unit}`, column(values[rollout] ?? [])]] as const) : []),
  ];
}

/** All tokens of all rollouts. */
export function tokenFactsTable(update: AnswerUpdate): ExportTable {
  const perRollout = Array.from({ length: answerTokens.rolloutCount }, (_, i) => tokenColumns(i, update));
  return {
    columns: perRollout[0]?.map(([name]) => name) ?? [],
    rows: perRollout.flatMap((columns, i) =>
      Array.from({ length: answerTokens.length(i) }, (_, t) => columns.map(([, of]) => of(t))),
    ),
  };
}

/** Rank of every value, 1 for the largest; equal values share the best rank. */
export function ranksOf(values: Float32Array): Int32Array {
  const order = Array.from(values.keys()).sort((a, b) => (values[b] as number) - (values[a] as number));
  const ranks = new Int32Array(values.length);
  order.forEach((t, at) => {
    const before = order[at - 1];
    ranks[t] = before !== undefined && values[before] === values[t] ? (ranks[before] as number) : at + 1;
  });
  return ranks;
}
