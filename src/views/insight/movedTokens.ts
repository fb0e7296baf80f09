// Which tokens an update moved: tokens of the reported rollouts with the change of their log-prob (log π after − log π before), their
// dependency and whether they were kept. Only rollouts whose tokens and moves were both reported. Pure.

import { tokenStatColumns } from "@/protocol/generation";
import type { StepReport, TrainRollout } from "@/protocol/training";
import { type BinDomain, niceAbove } from "@/ui/color/binning";

export interface MovedToken {
  readonly rollout: number;
  readonly place: number;
  readonly text: string;
  /** Change of log π in nats; NaN where it was not measured. */
  readonly move: number;
  /** log π before the step. */
  readonly before: number;
  readonly dependency: number;
  /** m_t, in [0, 1]. */
  readonly weight: number;
}

export interface MovedRollout {
  /** Index in the step's report. */
  readonly index: number;
  readonly rollout: TrainRollout;
  readonly tokens: readonly MovedToken[];
}

/** The rollouts of a report whose tokens can be shown with their moves. */
export function movedRollouts({ rollouts, texts }: StepReport): readonly MovedRollout[] {
  const logpColumn = tokenStatColumns.indexOf("logp");
  return rollouts.flatMap((rollout, index) => {
    const { tokens, moves, dependency, mask } = rollout;
    if (!tokens || !moves) return [];
    const all = Array.from(
      tokens.ids,
      (id, t): MovedToken => ({
        rollout: index,
        place: t,
        text: texts[id] ?? `#${id}`,
        move: moves[t] ?? Number.NaN,
        before: tokens.stats[t * tokenStatColumns.length + logpColumn] ?? Number.NaN,
        dependency: dependency[t] ?? Number.NaN,
        weight: mask[t] ?? 0,
      }),
    );
    return [{ index, rollout, tokens: all }];
  });
}

/** The tokens with the largest moves, the largest first. */
export function mostMoved(rollouts: readonly MovedRollout[], count: number): readonly MovedToken[] {
  return rollouts
    .flatMap(({ tokens }) => tokens)
    .filter(({ move }) => Number.isFinite(move) && move !== 0)
    .sort((a, b) => Math.abs(b.move) - Math.abs(a.move))
    .slice(0, count);
}

/** Mean |move| of kept and of other tokens in nats, weighted by m_t and 1 − m_t; NaN where there are none. */
export function moveMeans(rollouts: readonly MovedRollout[]): { readonly kept: number; readonly others: number } {
  let [kept, keptWeight, others, othersWeight] = [0, 0, 0, 0];
  for (const { move, weight } of rollouts.flatMap(({ tokens }) => tokens)) {
    if (!Number.isFinite(move)) continue;
    kept += weight * Math.abs(move);
    keptWeight += weight;
    others += (1 - weight) * Math.abs(move);
    othersWeight += 1 - weight;
  }
  return {
    kept: keptWeight > 0 ? kept / keptWeight : Number.NaN,
    others: othersWeight > 0 ? others / othersWeight : Number.NaN,
  };
}

const clippedShare = 0.99;

/** The range of colours: up to the 99th percentile of |move|. Moves of one update are small, so nothing is taken for noise. */
export function moveDomain(rollouts: readonly MovedRollout[]): BinDomain {
  const sizes = rollouts.flatMap(({ tokens }) => tokens.map(({ move }) => Math.abs(move))).filter(Number.isFinite);
  const sorted = Float32Array.from(sizes).sort();
  const top = sorted[Math.max(0, Math.ceil(clippedShare * sorted.length) - 1)] ?? 0;
  return { max: niceAbove(top), signed: true, sorted };
}
