// The equations of each stage with the numbers of the open rollout and token put in. Only writes down what anatomy and report hold.
import type { ReactNode } from "react";
import { k3 } from "@/rl/dependency";
import { meanLogRatio } from "@/rl/loss";
import { extractBoxed } from "@/rl/reward/extractBoxed";
import type { PolicySettings } from "@/rl/settings";
import { Equation } from "@/views/equations/Equation";
import type { EquationValues } from "@/views/equations/equations";
import { spreadOf } from "@/views/equations/spreadOf";
import { lossOf, rolloutOf, type StageContext, shapedOf } from "./stages";
import type { StageId } from "./stepView";

/** The equations of a stage, most important first. */
export function StageEquations({ stage, context }: Props & { readonly stage: StageId }) {
  const Equations = equationsOf[stage];
  return <Equations context={context} />;
}

const equationsOf: Readonly<Record<StageId, (props: { readonly context: StageContext }) => ReactNode>> = {
  rollouts: RolloutEquations,
  rewards: RewardEquations,
  advantages: AdvantageEquations,
  shaping: ShapingEquations,
  mask: MaskEquations,
  loss: LossEquations,
  change: ChangeEquations,
};

interface Props {
  readonly context: StageContext;
}

function RolloutEquations({ context }: Props) {
  const { dependency } = rolloutOf(context, context.rollout);
  const mean = shapedOf(context, context.rollout).meanDependency;
  const sum = dependency.reduce((total, value) => total + value, 0);
  return (
    <>
      <DependencyEquation context={context} />
      <Equation id="meanDependency" values={{ sum, count: dependency.length, result: mean }} />
    </>
  );
}

/** The measure of the settings for the open token; without numbers where the report has only the result, or a mean over masks. */
function DependencyEquation({ context }: Props) {
  const { dependency, logpOld, logpMasked, kl } = rolloutOf(context, context.rollout);
  const { dependencyMeasure } = context.source.policy;
  const result = dependency[context.token];
  const [logp, masked, whole] = [logpOld, logpMasked, kl].map((column) => column?.[context.token]);
  if (result === undefined) return <Equation id="dependency" />;
  if (dependencyMeasure === "jsd") return <Equation id="jsd" values={{ result }} />;
  if (dependencyMeasure === "top1_drop") return <Equation id="top1Drop" values={{ result }} />;
  if (logp === undefined || masked === undefined) return <Equation id={dependencyMeasure === "kl" ? "dependency" : "k3"} />;
  if (dependencyMeasure === "k3") {
    const isOneMask = k3(Float32Array.of(logp), Float32Array.of(masked))[0] === result;
    return <Equation id="k3" values={isOneMask ? { logp, masked, delta: masked - logp, result } : undefined} />;
  }
  const [p, q] = [Math.exp(logp), Math.exp(masked)];
  return (
    <Equation id="dependency" values={whole === result ? { p, q, others: result - p * (logp - masked), result } : undefined} />
  );
}

function RewardEquations({ context }: Props) {
  const { text, reward } = rolloutOf(context, context.rollout);
  const { answer } = context.group;
  const values = answer !== null && reward !== null ? { given: extractBoxed(text), truth: answer, result: reward } : undefined;
  return <Equation id="reward" values={values} />;
}

function AdvantageEquations({ context }: Props) {
  const { reward, alpha, advantage: result } = shapedOf(context, context.rollout);
  const own = context.group.rollouts.map((i) => shapedOf(context, i));
  if (context.source.policy.shaping === "reward") {
    const spread = spreadOf(own.map((one) => one.alpha * one.reward));
    return <Equation id="rewardShaping" values={{ alpha, reward, ...spread, result }} />;
  }
  return <Equation id="advantage" values={{ reward, ...spreadOf(own.map((one) => one.reward)), result }} />;
}

function ShapingEquations({ context }: Props) {
  const { policy } = context.source;
  const { meanDependency: mean, range, z, betaMax, alpha: result } = shapedOf(context, context.rollout);
  if (policy.shaping === "off" || !range || betaMax === null) return <Equation id="shaping" />;
  const { betaMin } = policy;
  // The mean of z is what β_max was made of; solved for here, because only the trainer's function knows the set it was taken over.
  const meanZ = (1 - betaMin) / (betaMax - betaMin);
  return (
    <>
      <Equation id="shaping" values={{ mean, low: range.low, high: range.high, z, betaMin, betaMax, result }} />
      {policy.betaMax === "dynamic" && betaMax > betaMin && (
        <Equation id="betaMax" values={{ betaMin, meanZ, result: betaMax }} />
      )}
    </>
  );
}

function MaskEquations({ context }: Props) {
  const { policy } = context.source;
  const { dependency } = rolloutOf(context, context.rollout);
  const { mask, selection } = shapedOf(context, context.rollout);
  const result = mask[context.token] ?? 0;
  const value = dependency[context.token] ?? Number.NaN;
  const kept = mask.reduce((total, weight) => total + weight, 0);
  const count = dependency.length;
  switch (policy.tokenSelection) {
    case "dependency": {
      const threshold = selection?.threshold ?? Number.NaN;
      const sign = value > threshold ? ">" : value === threshold ? "=" : "<";
      return (
        <Equation id="tokenFilter" values={{ k: policy.keepRatio, count, kept, dependency: value, sign, threshold, result }} />
      );
    }
    case "entropy":
      return <Equation id="entropyFilter" values={{ k: policy.entropyKeepRatio, count, kept, result }} />;
    case "either":
      return <Equation id="eitherFilter" values={{ result, kept }} />;
    case "random":
      return <Equation id="randomFilter" values={{ k: policy.keepRatio, count, kept, result }} />;
    case "soft":
      return <Equation id="softMask" values={{ k: policy.keepRatio, dependency: value, result }} />;
    case "all":
      return <Equation id="allTokens" values={{ result }} />;
    default:
      policy.tokenSelection satisfies never;
      return null;
  }
}

function WeightEquation({ context }: Props) {
  const { advantage, alpha, mask, weights } = shapedOf(context, context.rollout);
  const values = { advantage, mask: mask[context.token] ?? 0, result: weights[context.token] ?? 0 };
  if (context.source.policy.shaping === "reward") return <Equation id="weightOfShapedReward" values={values} />;
  return <Equation id="weight" values={{ ...values, alpha }} />;
}

function LossEquations({ context }: Props) {
  const { policy } = context.source;
  const total = lossOf(context);
  return (
    <>
      <WeightEquation context={context} />
      <TokenLossEquation context={context} />
      <TotalEquation context={context} />
      {total && total.penalties !== 0 && (
        <Equation
          id="penalties"
          values={{ base: total.loss - total.penalties, penalties: total.penalties, result: total.loss }}
        />
      )}
      <GradientEquation context={context} policy={policy} />
    </>
  );
}

function TokenLossEquation({ context }: Props) {
  const { policy } = context.source;
  const { logp: all, logpOld: old } = rolloutOf(context, context.rollout);
  const { shapedAdvantage: advantage, terms } = shapedOf(context, context.rollout);
  const [logp, logpOld, result] = [all?.[context.token], old?.[context.token], terms?.loss[context.token]];
  if (logp === undefined || logpOld === undefined || result === undefined || !all || !old) return <Equation id="clippedLoss" />;
  const isSequence = policy.lossType === "gspo" || policy.lossType === "gspo_token";
  const ratio = Math.exp(isSequence ? meanLogRatio(all, old) : logp - logpOld);
  const clipped = Math.min(Math.max(ratio, 1 - policy.clipLow), 1 + policy.clipHigh);
  if (policy.lossType === "cispo") return <Equation id="weightedLogProb" values={{ advantage, clipped, logp, result }} />;
  if (isSequence) return <Equation id="sequenceLoss" values={{ ratio, advantage, clipped, result }} />;
  const isDual = advantage < 0 && result === -policy.clipDual * advantage;
  return (
    <>
      <Equation
        id="clippedLoss"
        values={{ logp, logpOld, ratio, advantage, clipped, result: isDual ? -advantage * ratio : result }}
      />
      {isDual && <Equation id="dualClip" values={{ c: policy.clipDual, advantage, result }} />}
    </>
  );
}

function TotalEquation({ context }: Props) {
  const { policy } = context.source;
  const total = lossOf(context);
  const id = policy.aggregation === "seq" ? "lossOfMeans" : "loss";
  if (!total) return <Equation id={id} />;
  const values: EquationValues<"loss"> = {
    policy: total.policyLoss,
    lambda: policy.entropyPenaltyCoef,
    surprise: total.surprise,
    result: total.loss - total.penalties,
  };
  return <Equation id={id} values={values} />;
}

/** Where the gradient is the simple one: the default loss, averaged over tokens, with no penalty but λ. */
function GradientEquation({ context, policy }: Props & { readonly policy: PolicySettings }) {
  const total = lossOf(context);
  const { logp, logpOld } = rolloutOf(context, context.rollout);
  const { weights, terms, gradient } = shapedOf(context, context.rollout);
  const [result, slope] = [gradient?.[context.token], terms?.slope[context.token]];
  const isSimple =
    policy.aggregation === "token" &&
    policy.lossType === "default" &&
    policy.klCoef === 0 &&
    policy.papoKlCoef === 0 &&
    policy.papoEntropyCoef === 0;
  const weight = weights[context.token] ?? 0;
  const isClipped = slope === 0 && weight !== 0;
  if (!isSimple || isClipped || !total || result === undefined || !logp || !logpOld) return <Equation id="gradient" />;
  const ratio = Math.exp((logp[context.token] ?? 0) - (logpOld[context.token] ?? 0));
  return (
    <Equation id="gradient" values={{ weight, ratio, lambda: policy.entropyPenaltyCoef, count: total.tokenCount, result }} />
  );
}

function ChangeEquations({ context }: Props) {
  const { moves, logpOld } = rolloutOf(context, context.rollout);
  const [move, before] = [moves?.[context.token], logpOld?.[context.token]];
  if (move === undefined || before === undefined) {
    return (
      <>
        <Equation id="move" />
        <GradientEquation context={context} policy={context.source.policy} />
      </>
    );
  }
  return <Equation id="move" values={{ after: before + move, before, result: move }} />;
}
