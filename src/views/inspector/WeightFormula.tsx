// Why this token weighs what it weighs in the update: each formula of the paper with this token's numbers put in. All numbers come
// from `rl`; this file only writes them down.
import type { ReactNode } from "react";
import type { TokenSelectionRule } from "@/rl/settings";
import { type AnswerUpdate, currentGradient } from "@/state/answers/update";
import type { TokenFacts } from "@/state/tokens/tokenFacts";
import { formatNumber } from "@/ui/formatNumber";
import { formatFixed, formatSigned } from "@/ui/tokens/numberText";
import styles from "./WeightFormula.module.css";
import { AdvantageTip, GradientTip, MaskTip, ShapingTip, WeightTip } from "./WeightTips";

/** The weight of a token in the update, step by step. */
export function WeightFormula({ facts, update }: { facts: TokenFacts; update: AnswerUpdate }) {
  const { rollout, token } = facts.ref;
  const { preview, policy, rewards } = update;
  if (!preview) return null;
  const advantage = preview.advantages[rollout] as number;
  const alpha = preview.alpha[rollout] as number;
  // Shaped rewards carry their factor inside A.
  const isScaled = policy.shaping !== "reward";
  const weight = preview.weights[rollout]?.[token] as number;
  const gradient = currentGradient()?.gradient[rollout]?.[token];
  const meanReward = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  const mask = preview.masks[rollout]?.[token] ?? 0;
  return (
    <section className={styles.section} aria-labelledby="weight-title">
      <h3 id="weight-title" className={styles.title}>
        Weight in the update
      </h3>
      <p className={styles.result}>
        <WeightTip facts={facts} update={update} /> = <var>A</var>
        {isScaled && (
          <>
            {" "}
            · <var>α</var>
          </>
        )}{" "}
        · <var>m</var> = {formatFixed(advantage, 3)}
        {isScaled && ` · ${formatFixed(alpha, 3)}`} · {formatNumber(mask)} = <strong>{formatSigned(weight)}</strong>
      </p>
      <ol className={styles.steps}>
        <Step
          name={<AdvantageTip facts={facts} update={update} />}
          equation={isScaled ? "Eq. 1" : "Table 7"}
          value={formatFixed(advantage, 3)}
        >
          {isScaled
            ? `(R − mean) / sd = (${formatNumber(rewards[rollout] as number)} − ${formatFixed(meanReward, 3)}) / sd of ${rewards.length} rewards`
            : `(αR − mean) / sd over ${rewards.length} shaped rewards, αR = ${formatFixed(alpha, 3)} · ${formatNumber(rewards[rollout] as number)}`}
        </Step>
        <Step name={<ShapingTip facts={facts} update={update} />} equation="Eq. 5" value={formatFixed(alpha, 3)}>
          <AlphaText update={update} rollout={rollout} />
        </Step>
        <Step
          name={<MaskTip facts={facts} update={update} />}
          equation={selectionSources[policy.tokenSelection]}
          value={formatNumber(mask)}
        >
          {selectionText(facts, update)}
        </Step>
        {gradient !== undefined && (
          <Step name={<GradientTip facts={facts} update={update} />} equation="Eq. 6" value={formatSigned(gradient)}>
            at the first update (ratio 1)
            {policy.aggregation === "token" && policy.papoKlCoef === 0 && policy.papoEntropyCoef === 0
              ? `: −(w + λ) / N with λ = ${formatNumber(policy.entropyPenaltyCoef)}, N = ${preview.tokenCount}`
              : policy.aggregation === "seq"
                ? ": mean over rollouts of token means"
                : ", with PAPO's terms"}
          </Step>
        )}
      </ol>
    </section>
  );
}

/** Where the paper has the rule that chooses tokens. */
const selectionSources: Readonly<Record<TokenSelectionRule, string | null>> = {
  all: null,
  dependency: "Eq. 4",
  entropy: "Table 4",
  either: null,
  random: "Table 4",
  soft: "App. I",
};

function selectionText({ ref: { rollout, token }, rank }: TokenFacts, { preview, policy }: AnswerUpdate): string {
  const selection = preview?.selections[rollout];
  if (!preview || !selection) return "";
  const length = selection.mask.length;
  const share = formatNumber(policy.keepRatio);
  const entropyShare = formatNumber(policy.entropyKeepRatio);
  switch (policy.tokenSelection) {
    case "all":
      return "no filter in this method: every token is kept";
    case "dependency":
      return `rank ${rank} of ${length}; ⌈${share} · ${length}⌉ = ${selection.keptCount} are kept (S ≥ ${formatNumber(selection.threshold)})`;
    case "entropy":
      return `⌈${entropyShare} · ${length}⌉ = ${selection.keptCount} of highest entropy are kept (H ≥ ${formatNumber(selection.byEntropy?.threshold ?? Number.NaN)})`;
    case "either": {
      const parts = [
        selection.byDependency?.mask[token] === 1 ? "dependency" : "",
        selection.byEntropy?.mask[token] === 1 ? "entropy" : "",
      ].filter((part) => part !== "");
      const why = parts.length > 0 ? `kept by ${parts.join(" and ")}` : "kept by neither";
      return `${why}: ⌈${share} · ${length}⌉ by dependency or ⌈${entropyShare} · ${length}⌉ by entropy, ${selection.keptCount} in all`;
    }
    case "random":
      return `⌈${share} · ${length}⌉ = ${selection.keptCount} tokens are drawn at random`;
    case "soft":
      return `sigmoid(z − c): z is how far S lies from the rollout's mean, c such that the mean weight is ${share}`;
    default:
      policy.tokenSelection satisfies never;
      return "";
  }
}

function AlphaText({ update: { preview, policy }, rollout }: { update: AnswerUpdate; rollout: number }) {
  if (policy.shaping === "off") return "no shaping in this method: 1 for every rollout";
  if (!preview?.range) return "fewer than two rollouts: 1";
  const mean = preview.meanDependency[rollout] as number;
  const { low, high } = preview.range;
  const micro = policy.microBatchSize === "whole" ? 0 : Math.floor(rollout / policy.microBatchSize);
  const betaMax = preview.betaMax[micro];
  if (betaMax == null) return "all rollouts depend on the image alike: 1";
  const z = (mean - low) / (high - low);
  return `β_min + z (β_max − β_min) = ${formatNumber(policy.betaMin)} + ${formatFixed(z, 3)} · (${formatFixed(betaMax, 3)} − ${formatNumber(policy.betaMin)}), z = (S̄ − min) / (max − min) with S̄ = ${formatNumber(mean)} in [${formatNumber(low)}, ${formatNumber(high)}]`;
}

function Step({
  name,
  equation,
  value,
  children,
}: {
  name: ReactNode;
  equation: string | null;
  value: string;
  children: ReactNode;
}) {
  return (
    <li className={styles.step}>
      <p className={styles.line}>
        {name}
        <strong>{value}</strong>
        {equation && (
          <a className={styles.source} href="https://arxiv.org/abs/2510.09285" target="_blank" rel="noreferrer">
            paper, {equation}
          </a>
        )}
      </p>
      <p className={styles.text}>{children}</p>
    </li>
  );
}
