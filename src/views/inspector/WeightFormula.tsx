// Why this token weighs what it weighs in the update: each formula of the paper with this token's numbers put in. All numbers come
// from `rl`; this file only writes them down.
import type { ReactNode } from "react";
import { answerTokens } from "@/client/live";
import type { TokenFacts } from "@/state/tokenFacts";
import { type AnswerUpdate, currentGradient } from "@/state/update";
import { formatNumber } from "@/ui/formatNumber";
import { formatFixed, formatSigned } from "@/ui/tokens/numberText";
import styles from "./WeightFormula.module.css";

/** The weight of a token in the update, step by step. */
export function WeightFormula({ facts, update }: { facts: TokenFacts; update: AnswerUpdate }) {
  const { rollout, token } = facts.ref;
  const { preview, policy, rewards } = update;
  if (!preview) return null;
  const advantage = preview.advantages[rollout] as number;
  const alpha = preview.alpha[rollout] as number;
  const weight = preview.weights[rollout]?.[token] as number;
  const gradient = currentGradient()?.gradient[rollout]?.[token];
  const meanReward = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  const keptInRollout = preview.masks[rollout]?.reduce((count, kept) => count + kept, 0) ?? 0;
  const length = answerTokens.length(rollout);
  return (
    <section className={styles.section} aria-labelledby="weight-title">
      <h3 id="weight-title" className={styles.title}>
        Weight in the update
      </h3>
      <p className={styles.result}>
        <var>w</var> = <var>A</var> · <var>α</var> · <var>m</var> = {formatFixed(advantage, 3)} · {formatFixed(alpha, 3)} ·{" "}
        {facts.kept ? 1 : 0} = <strong>{formatSigned(weight)}</strong>
      </p>
      <ol className={styles.steps}>
        <Step name="A" equation="Eq. 1" value={formatFixed(advantage, 3)}>
          (R − mean) / sd = ({formatNumber(rewards[rollout] as number)} − {formatFixed(meanReward, 3)}) / sd of {rewards.length}{" "}
          rewards
        </Step>
        <Step name="α" equation="Eq. 5" value={formatFixed(alpha, 3)}>
          <AlphaText update={update} rollout={rollout} />
        </Step>
        <Step name="m" equation="Eq. 4" value={facts.kept ? "1" : "0"}>
          {policy.tokenSelection !== "all"
            ? `rank ${facts.rank} of ${length}; ⌈${formatNumber(policy.keepRatio)} · ${length}⌉ = ${keptInRollout} are kept (S ≥ ${formatNumber(preview.thresholds[rollout] as number)})`
            : "no filter in this method: every token is kept"}
        </Step>
        {gradient !== undefined && (
          <Step name="∂L/∂log π" equation="Eq. 6" value={formatSigned(gradient)}>
            at the first update (ratio 1)
            {policy.aggregation === "token"
              ? `: −(w + λ) / N with λ = ${formatNumber(policy.entropyPenaltyCoef)}, N = ${preview.tokenCount}`
              : ": mean over rollouts of token means"}
          </Step>
        )}
      </ol>
    </section>
  );
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

function Step({ name, equation, value, children }: { name: string; equation: string; value: string; children: ReactNode }) {
  return (
    <li className={styles.step}>
      <p className={styles.line}>
        <var>{name}</var>
        <strong>{value}</strong>
        <a className={styles.source} href="https://arxiv.org/abs/2510.09285" target="_blank" rel="noreferrer">
          paper, {equation}
        </a>
      </p>
      <p className={styles.text}>{children}</p>
    </li>
  );
}
