// The symbols of a token's weight, each of which explains itself with the token's own numbers. Only writes down what `rl` has computed.

import { type AnswerUpdate, currentGradient } from "@/state/answers/update";
import type { TokenFacts } from "@/state/tokens/tokenFacts";
import { EquationTip } from "@/views/equations/EquationTip";
import { spreadOf } from "@/views/equations/spreadOf";

interface TipProps {
  readonly facts: TokenFacts;
  readonly update: AnswerUpdate;
}

/** w, and what it is the product of. */
export function WeightTip({ facts, update: { preview, policy } }: TipProps) {
  const { rollout, token } = facts.ref;
  const values = {
    advantage: preview?.advantages[rollout] ?? 0,
    mask: preview?.masks[rollout]?.[token] ?? 0,
    result: preview?.weights[rollout]?.[token] ?? 0,
  };
  if (policy.shaping === "reward") {
    return (
      <EquationTip id="weightOfShapedReward" values={values}>
        <var>w</var>
      </EquationTip>
    );
  }
  return (
    <EquationTip id="weight" values={{ ...values, alpha: preview?.alpha[rollout] ?? 1 }}>
      <var>w</var>
    </EquationTip>
  );
}

/** A: the reward against the group's. */
export function AdvantageTip({ facts, update: { preview, policy, rewards } }: TipProps) {
  const { rollout } = facts.ref;
  const reward = rewards[rollout] ?? 0;
  const result = preview?.advantages[rollout] ?? 0;
  if (policy.shaping === "reward") {
    const alphas = rewards.map((_, i) => preview?.alpha[i] ?? 1);
    const spread = spreadOf(rewards.map((one, i) => one * (alphas[i] ?? 1)));
    return (
      <EquationTip id="rewardShaping" values={{ reward, alpha: alphas[rollout] ?? 1, ...spread, result }}>
        <var>A</var>
      </EquationTip>
    );
  }
  return (
    <EquationTip id="advantage" values={{ reward, ...spreadOf(rewards), result }}>
      <var>A</var>
    </EquationTip>
  );
}

/** α: how much the rollout depends on the image among the others. */
export function ShapingTip({ facts, update: { preview, policy } }: TipProps) {
  const { rollout } = facts.ref;
  const range = preview?.range;
  const micro = policy.microBatchSize === "whole" ? 0 : Math.floor(rollout / policy.microBatchSize);
  const betaMax = preview?.betaMax[micro];
  const mean = preview?.meanDependency[rollout] ?? 0;
  const values =
    range && betaMax != null
      ? {
          mean,
          ...range,
          z: Math.min(Math.max((mean - range.low) / (range.high - range.low), 0), 1),
          betaMin: policy.betaMin,
          betaMax,
          result: preview?.alpha[rollout] ?? 1,
        }
      : undefined;
  return (
    <EquationTip id="shaping" values={values}>
      <var>α</var>
    </EquationTip>
  );
}

/** m: whether the filter keeps the token, by the rule of the method. */
export function MaskTip({ facts, update: { preview, policy } }: TipProps) {
  const { rollout, token } = facts.ref;
  const selection = preview?.selections[rollout];
  const result = preview?.masks[rollout]?.[token] ?? 0;
  const kept = selection?.keptCount ?? 0;
  const count = facts.tokenCount;
  const { dependency } = facts;
  const symbol = <var>m</var>;
  switch (policy.tokenSelection) {
    case "dependency": {
      const threshold = selection?.threshold ?? Number.NaN;
      const sign = dependency > threshold ? ">" : dependency === threshold ? "=" : "<";
      return (
        <EquationTip id="tokenFilter" values={{ k: policy.keepRatio, count, kept, dependency, sign, threshold, result }}>
          {symbol}
        </EquationTip>
      );
    }
    case "entropy":
      return (
        <EquationTip id="entropyFilter" values={{ k: policy.entropyKeepRatio, count, kept, result }}>
          {symbol}
        </EquationTip>
      );
    case "either":
      return (
        <EquationTip id="eitherFilter" values={{ result, kept }}>
          {symbol}
        </EquationTip>
      );
    case "random":
      return (
        <EquationTip id="randomFilter" values={{ k: policy.keepRatio, count, kept, result }}>
          {symbol}
        </EquationTip>
      );
    case "soft":
      return (
        <EquationTip id="softMask" values={{ k: policy.keepRatio, dependency, result }}>
          {symbol}
        </EquationTip>
      );
    case "all":
      return (
        <EquationTip id="allTokens" values={{ result }}>
          {symbol}
        </EquationTip>
      );
    default:
      policy.tokenSelection satisfies never;
      return symbol;
  }
}

/** ∂L/∂log π at the first update; with numbers where the loss is the plain one. */
export function GradientTip({ facts, update: { preview, policy } }: TipProps) {
  const { rollout, token } = facts.ref;
  const result = currentGradient()?.gradient[rollout]?.[token];
  const isPlain =
    policy.aggregation === "token" && policy.lossType === "default" && policy.papoKlCoef === 0 && policy.papoEntropyCoef === 0;
  const values =
    preview && result !== undefined && isPlain
      ? {
          weight: preview.weights[rollout]?.[token] ?? 0,
          ratio: 1,
          lambda: policy.entropyPenaltyCoef,
          count: preview.tokenCount,
          result,
        }
      : undefined;
  return (
    <EquationTip id="gradient" values={values}>
      <var>∂L/∂log π</var>
    </EquationTip>
  );
}
