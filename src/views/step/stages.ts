// THE table of the stages of a step: what each is called, its headline, its sentence, its bar per rollout and its numbers as a table,
// all of one group of a step. Equations are in StageEquations.tsx, drawing in StageDetail.tsx.

import { moveMetrics } from "@/rl/tokenMoves";
import { isKept } from "@/rl/tokenSelection";
import type { ExportTable } from "@/state/exportSources";
import { measureSymbols, unitOf } from "@/state/tokens/tokenFacts";
import { formatNumber, formatPercent } from "@/ui/formatNumber";
import { formatShare } from "@/ui/tokens/numberText";
import { spreadOf } from "@/views/equations/spreadOf";
import type { Anatomy, ShapedRollout, UpdateLoss } from "./anatomy";
import type { StepGroup, StepRollout, StepSource } from "./stepSource";
import type { StageId } from "./stepView";

/** What a stage is shown of. */
export interface StageContext {
  readonly source: StepSource;
  /** With the measured rewards. */
  readonly before: Anatomy;
  /** With the edited ones; the same object when none was. */
  readonly after: Anatomy;
  readonly group: StepGroup;
  /** Index of the open rollout in the source. */
  readonly rollout: number;
  readonly token: number;
}

export interface Stage {
  readonly id: StageId;
  readonly title: string;
  /** The number in the strip, and what it is. */
  readonly headline: (context: StageContext) => readonly [number: string, of: string];
  readonly sentence: (context: StageContext) => string;
  /** Name and value of the bar of one rollout. */
  readonly bar: string;
  readonly barOf: (context: StageContext, rollout: number, anatomy: Anatomy) => number;
  readonly columns: readonly string[];
  /** The numbers of one rollout, one per column after its place. */
  readonly rowOf: (context: StageContext, rollout: number) => readonly (number | string)[];
}

/** The rollout after the edits. */
export function shapedOf({ after }: Pick<StageContext, "after">, rollout: number): ShapedRollout {
  const shaped = after.rollouts[rollout];
  if (!shaped) throw new RangeError(`there is no rollout ${rollout}`);
  return shaped;
}

/** The rollout as it was sampled. */
export function rolloutOf({ source }: Pick<StageContext, "source">, rollout: number): StepRollout {
  const found = source.rollouts[rollout];
  if (!found) throw new RangeError(`there is no rollout ${rollout}`);
  return found;
}

/** The loss of the optimizer step that the group was part of. */
export function lossOf(context: StageContext): UpdateLoss | null {
  return context.after.updates[shapedOf(context, context.rollout).update] ?? null;
}

/** True where every reward of the group is the same, so that it teaches nothing. */
export function isFlat(context: StageContext): boolean {
  const { rollouts } = context.group;
  return rollouts.length > 1 && rollouts.every((i) => shapedOf(context, i).advantage === 0);
}

/** Mean size of the moves of kept and of other tokens of these rollouts; NaN where there are none. */
export function moveSizes(
  context: StageContext,
  rollouts: readonly number[],
): { readonly kept: number; readonly others: number } {
  const measured = rollouts.flatMap((i) => {
    const { moves } = rolloutOf(context, i);
    return moves ? [{ moves, mask: shapedOf(context, i).mask }] : [];
  });
  const sizes = moveMetrics(
    measured.map(({ moves }) => moves),
    measured.map(({ mask }) => mask),
  );
  return { kept: sizes["vppo/move_kept"] ?? Number.NaN, others: sizes["vppo/move_filtered"] ?? Number.NaN };
}

const sum = (values: ArrayLike<number>) => {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i] as number;
  return total;
};
const rangeText = (values: readonly number[]) => {
  const [low, high] = [formatNumber(Math.min(...values)), formatNumber(Math.max(...values))];
  return low === high ? low : `${low} … ${high}`;
};
const of = (context: StageContext, value: (shaped: ShapedRollout, i: number) => number) =>
  context.group.rollouts.map((i) => value(shapedOf(context, i), i));
const tokensOf = (context: StageContext) => sum(context.group.rollouts.map((i) => rolloutOf(context, i).dependency.length));
const keptOf = (mask: Float32Array) => sum(mask);
const shareOf = (dependency: Float32Array, mask: Float32Array) => {
  const total = sum(dependency);
  return total === 0 ? 1 : sum(dependency.map((value, t) => value * (mask[t] ?? 0))) / total;
};
const policyPart = ({ mask, terms }: ShapedRollout) =>
  terms ? sum(terms.loss.map((loss, t) => loss * (mask[t] ?? 0))) : Number.NaN;

const rollouts: Stage = {
  id: "rollouts",
  title: "Rollouts",
  headline: (context) => [String(context.group.rollouts.length), `answers, ${tokensOf(context)} tokens`],
  sentence(context) {
    const { source, group } = context;
    const { dependencyMeasure } = source.policy;
    const means = of(context, ({ meanDependency }) => meanDependency).filter(Number.isFinite);
    const step = source.kind === "step" ? `, one of ${source.groups.length} in this step,` : "";
    return `The model answered this question${step} ${group.rollouts.length} times; beside each answer ran a twin that saw the masked image. The answers depend on the image by ${rangeText(means)} ${unitOf(dependencyMeasure)} (${measureSymbols[dependencyMeasure]}, mean over their tokens).`;
  },
  bar: "Mean dependency S̄",
  barOf: (_, i, { rollouts: all }) => all[i]?.meanDependency ?? Number.NaN,
  columns: ["tokens", "mean_dependency", "text"],
  rowOf: (context, i) => {
    const { dependency, text } = rolloutOf(context, i);
    return [dependency.length, shapedOf(context, i).meanDependency, text];
  },
};

const rewards: Stage = {
  id: "rewards",
  title: "Rewards",
  headline(context) {
    const { mean, sd } = spreadOf(of(context, ({ reward }) => reward));
    return [formatNumber(mean), `mean, sd ${formatNumber(sd)}`];
  },
  sentence(context) {
    const values = of(context, ({ reward }) => reward);
    const { mean, sd } = spreadOf(values);
    const flat = isFlat(context)
      ? " All are equal, so this group teaches nothing: raise temperature or G, or edit a reward to see what it would do."
      : "";
    return `Each answer is graded. The ${values.length} rewards of the group have a mean of ${formatNumber(mean)} and a standard deviation of ${formatNumber(sd)}.${flat}`;
  },
  bar: "Reward",
  barOf: (_, i, { rollouts: all }) => all[i]?.reward ?? Number.NaN,
  columns: ["reward", "reward_measured", "text"],
  rowOf: (context, i) => [shapedOf(context, i).reward, rolloutOf(context, i).reward ?? "unknown", rolloutOf(context, i).text],
};

const advantages: Stage = {
  id: "advantages",
  title: "Advantages",
  headline: (context) => [rangeText(of(context, ({ advantage }) => advantage)), "A of the group"],
  sentence: (context) =>
    isFlat(context)
      ? "Group advantage is 0: no answer of this group is better than the others, so there is nothing to learn from it."
      : `Every reward is compared with its group: answers above the mean are made likelier, the others less likely. A goes from ${rangeText(of(context, ({ advantage }) => advantage))}.`,
  bar: "Advantage A",
  barOf: (_, i, { rollouts: all }) => all[i]?.advantage ?? Number.NaN,
  columns: ["reward", "advantage", "advantage_measured"],
  rowOf: (context, i) => [
    shapedOf(context, i).reward,
    shapedOf(context, i).advantage,
    context.before.rollouts[i]?.advantage ?? Number.NaN,
  ],
};

const shaping: Stage = {
  id: "shaping",
  title: "Shaping",
  headline: (context) =>
    context.source.policy.shaping === "off"
      ? ["α = 1", "not shaped"]
      : [rangeText(of(context, ({ alpha }) => alpha)), "α of the group"],
  sentence(context) {
    const { shaping: target, betaMax } = context.source.policy;
    if (target === "off") return "This method does not shape: every α is 1 and A′ is A.";
    const { betaMax: highest } = shapedOf(context, context.rollout);
    if (highest === null) return "All answers of the update depend on the image alike, so every α is 1.";
    const what = target === "reward" ? "their rewards are" : "their advantages are";
    const mean = betaMax === "dynamic" ? "; the mean of α over the update is 1" : "";
    return `Answers that depend more on the image count more: ${what} multiplied by α, from ${rangeText(of(context, ({ alpha }) => alpha))} in this group${mean}.`;
  },
  bar: "Shaped advantage A′",
  barOf: (_, i, { rollouts: all }) => all[i]?.shapedAdvantage ?? Number.NaN,
  columns: ["mean_dependency", "z", "alpha", "advantage", "shaped_advantage"],
  rowOf: (context, i) => {
    const { meanDependency, z, alpha, advantage, shapedAdvantage } = shapedOf(context, i);
    return [meanDependency, z, alpha, advantage, shapedAdvantage];
  },
};

const mask: Stage = {
  id: "mask",
  title: "Token mask",
  headline: (context) => [
    `${formatNumber(sum(of(context, ({ mask: weights }) => keptOf(weights))))} of ${tokensOf(context)}`,
    "tokens kept",
  ],
  sentence(context) {
    const kept = sum(of(context, ({ mask: weights }) => keptOf(weights)));
    const all = tokensOf(context);
    if (context.source.policy.tokenSelection === "all")
      return `This method has no filter: all ${all} tokens of the group are trained on.`;
    const held = sum(
      of(context, ({ mask: weights }, i) => sum(rolloutOf(context, i).dependency.map((value, t) => value * (weights[t] ?? 0)))),
    );
    const total = sum(context.group.rollouts.map((i) => sum(rolloutOf(context, i).dependency)));
    const share = total > 0 ? `; they hold ${formatShare(held / total)} of its dependency on the image` : "";
    return `Of the group's ${all} tokens ${formatNumber(kept)} receive the policy gradient${share}. The others stay in the average, with 0.`;
  },
  bar: "Tokens kept",
  barOf: (_, i, { rollouts: all }) => keptOf(all[i]?.mask ?? new Float32Array(0)),
  columns: ["tokens", "kept", "threshold", "dependency_share_kept"],
  rowOf: (context, i) => {
    const { mask: weights, selection } = shapedOf(context, i);
    const { dependency } = rolloutOf(context, i);
    return [dependency.length, keptOf(weights), selection?.threshold ?? Number.NaN, shareOf(dependency, weights)];
  },
};

const loss: Stage = {
  id: "loss",
  title: "Loss",
  headline(context) {
    const total = lossOf(context);
    return total ? [formatNumber(total.loss), `over ${total.tokenCount} tokens`] : ["not known", "not reported"];
  },
  sentence(context) {
    const total = lossOf(context);
    if (!total) return "This step was stored before log-probabilities were kept with it, so its loss cannot be taken apart.";
    const { source } = context;
    const clipped = formatPercent(total.clippedHigher);
    const updates = context.after.updates.length * source.ppoEpochs;
    const which =
      source.kind === "answer"
        ? "A first update on this answer"
        : updates > 1
          ? `The optimizer step with this question, one of ${updates},`
          : "The step";
    const has = context.before === context.after ? "has" : "would have, with the edited rewards,";
    return `${which} ${has} a loss of ${formatNumber(total.loss)}, averaged over ${total.tokenCount} tokens; the ratio of ${clipped} of them is clipped. Its gradient is what moves the weights.`;
  },
  bar: "Policy loss, sum over tokens",
  barOf: (_, i, { rollouts: all }) => (all[i] ? policyPart(all[i]) : Number.NaN),
  columns: ["shaped_advantage", "policy_loss_sum", "clipped_tokens", "dual_clipped_tokens"],
  rowOf: (context, i) => {
    const shaped = shapedOf(context, i);
    return [shaped.shapedAdvantage, policyPart(shaped), shaped.terms?.clippedHigher ?? 0, shaped.terms?.clippedLower ?? 0];
  },
};

const change: Stage = {
  id: "change",
  title: "Change",
  headline(context) {
    const { kept } = moveSizes(context, context.group.rollouts);
    if (Number.isFinite(kept)) return [`±${formatNumber(kept)}`, "nats, kept tokens"];
    return context.source.kind === "answer" ? ["to come", "no step yet"] : ["not measured", "for this question"];
  },
  sentence(context) {
    const { kept, others } = moveSizes(context, context.group.rollouts);
    if (Number.isFinite(kept)) {
      const rest = Number.isFinite(others) ? `, filtered ones by ${formatNumber(others)}` : "";
      const taken =
        context.before === context.after ? "" : " These are the moves of the step as it was taken; edits do not change them.";
      return `The answers were scored again after the step: log-probabilities of kept tokens have moved by ${formatNumber(kept)} nats in the mean, up or down${rest}.${taken}`;
    }
    if (context.source.kind === "answer") {
      return "No step was taken on this answer. This is what the next one would push: a negative gradient makes a token likelier, a positive one less likely.";
    }
    const { metrics, groups } = context.source;
    return context.group === groups[0]
      ? metrics["vppo/updates"] === 0
        ? "No weight was changed: the gradient was not finite, or there was none."
        : "Moves were not measured in this step. Switch Moved tokens on under Settings before the next one."
      : "Moves are measured for the first question of a step; choose it above.";
  },
  bar: "Mean move of kept tokens",
  barOf: (context, i) => {
    const { moves } = rolloutOf(context, i);
    return moves ? moveSizes(context, [i]).kept : Number.NaN;
  },
  columns: ["move_kept_nats", "move_filtered_nats", "gradient_sum"],
  rowOf: (context, i) => {
    const { kept, others } = moveSizes(context, [i]);
    const { gradient } = shapedOf(context, i);
    return [kept, others, gradient ? sum(gradient) : Number.NaN];
  },
};

/** The stages in their order. */
export const stages: readonly Stage[] = [rollouts, rewards, advantages, shaping, mask, loss, change];

/** A stage's numbers of all groups of the source, for CSV. */
export function stageTable(stage: Stage, context: StageContext): ExportTable {
  const { source } = context;
  return {
    columns: ["question", "rollout", ...stage.columns],
    rows: source.groups.flatMap((group, g) =>
      group.rollouts.map((i, n) => [g + 1, n + 1, ...stage.rowOf({ ...context, group, rollout: i }, i)]),
    ),
  };
}

/** The numbers of the open rollout's tokens, for CSV. */
export function tokenTable(context: StageContext): ExportTable {
  const { tokens, dependency, logpOld, logp, moves } = rolloutOf(context, context.rollout);
  const { mask: weights, weights: pushes, terms, gradient } = shapedOf(context, context.rollout);
  const at = (values: ArrayLike<number> | undefined, t: number) => values?.[t] ?? Number.NaN;
  return {
    columns: ["token", "text", "dependency", "kept", "weight", "logp_nats", "log_ratio", "loss", "gradient", "move_nats"],
    rows: Array.from(dependency, (value, t) => [
      t + 1,
      tokens?.[t] ?? "",
      value,
      isKept(weights[t]) ? 1 : 0,
      at(pushes, t),
      at(logpOld, t),
      at(logp, t) - at(logpOld, t),
      at(terms?.loss, t),
      at(gradient, t),
      at(moves, t),
    ]),
  };
}
