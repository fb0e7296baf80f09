// The clipped policy loss of one trajectory and its derivative (official core_algos.py compute_policy_loss): PPO clipping with
// clip-higher (DAPO), dual clip for negative advantages, and the variants gspo, gspo_token and cispo. Works on log-probs only;
// which tokens count is given as weights m_t in [0, 1]. x_t is the log of the importance ratio.
// Computed in float64 on float32 inputs, so that finite differences can check it.

import { averageWeights } from "./aggregation";
import { activePenalties, type PenaltyName, type PenaltyRow, type PenaltySettings } from "./penalties";

/** Which importance ratio and which clipping the loss uses; names as in the official `worker.actor.loss_type`. */
export type LossType = "default" | "gspo" | "gspo_token" | "cispo";

/** The constants of the clipped loss. */
export interface ClipSettings {
  readonly lossType: LossType;
  readonly clipLow: number;
  readonly clipHigh: number;
  readonly clipDual: number;
}

/** Per-token loss of one trajectory before mask and averaging. */
export interface TokenTerms {
  /** L_t. */
  readonly loss: Float64Array;
  /** The derivative of L_t by the log-prob it is a function of: the token's own, or for gspo the mean over the trajectory. */
  readonly slope: Float64Array;
  /** Tokens where the clipped ratio is the larger loss. */
  readonly clippedHigher: number;
  /** Tokens with negative advantage where the dual clip acts. */
  readonly clippedLower: number;
}

const logRatioLimit = 20;

/** L_t and its slope for every token of a trajectory with shaped advantage A' = alpha A. */
export function clippedTerms(
  { logp, logpOld, shapedAdvantage: advantage }: Omit<LossRow, "mask">,
  settings: ClipSettings,
): TokenTerms {
  const tokenCount = logp.length;
  const loss = new Float64Array(tokenCount);
  const slope = new Float64Array(tokenCount);
  const low = Math.log(1 - settings.clipLow);
  const high = Math.log(1 + settings.clipHigh);
  const dualLoss = advantage < 0 ? -advantage * settings.clipDual : Number.POSITIVE_INFINITY;
  const sequenceRatio = settings.lossType === "gspo" || settings.lossType === "gspo_token" ? meanLogRatio(logp, logpOld) : null;
  let clippedHigher = 0;
  let clippedLower = 0;
  for (let t = 0; t < tokenCount; t++) {
    const x = sequenceRatio ?? (logp[t] as number) - (logpOld[t] as number);
    const clippedRatio = Math.exp(clamp(x, low, high));
    if (settings.lossType === "cispo") {
      // The clipped ratio is a constant weight of a REINFORCE term, so every token keeps a gradient.
      slope[t] = -advantage * clippedRatio;
      loss[t] = (slope[t] as number) * (logp[t] as number);
      continue;
    }
    const ratio = Math.exp(clamp(x, -logRatioLimit, logRatioLimit));
    const unclipped = -advantage * ratio;
    const clipped = -advantage * clippedRatio;
    const higher = Math.max(unclipped, clipped);
    const isDual = higher > dualLoss;
    const isClipped = unclipped < clipped;
    if (isClipped) clippedHigher++;
    if (isDual) clippedLower++;
    loss[t] = isDual ? dualLoss : higher;
    slope[t] = isDual || isClipped || Math.abs(x) > logRatioLimit ? 0 : unclipped;
  }
  return { loss, slope, clippedHigher, clippedLower };
}

/** One trajectory as the loss sees it. */
export interface LossRow extends PenaltyRow {
  readonly logpOld: Float32Array;
  /** A'_i = alpha_i A_i. */
  readonly shapedAdvantage: number;
  /** m_t: how much the policy term of each token counts, in [0, 1]. */
  readonly mask: Float32Array;
}

/** Clip constants, averaging and penalties. */
export interface LossSettings extends ClipSettings, PenaltySettings {}

/** The loss of one micro-batch. */
export interface MicroBatchLoss {
  /** pgLoss plus the penalties. */
  readonly loss: number;
  /** Average of m_t L_t. */
  readonly pgLoss: number;
  /** The mean each active penalty multiplies with its coefficient. */
  readonly penalties: Readonly<Partial<Record<PenaltyName, number>>>;
  /** d loss / d log pi per token of each row. */
  readonly gradient: readonly Float64Array[];
  readonly terms: readonly TokenTerms[];
  readonly tokenCount: number;
}

/**
 * Average of m_t L_t plus the penalties, and its gradient. Filtered tokens stay in the denominator, and penalties are on all tokens
 * (official dp_actor.py). Where no penalty is on, the gradient of a token with m_t = 0 is exactly 0, except for gspo.
 */
export function microBatchLoss(rows: readonly LossRow[], settings: LossSettings): MicroBatchLoss {
  const tokenCount = rows.reduce((count, row) => count + row.logp.length, 0);
  const weights = averageWeights(rows, settings.aggregation);
  const terms = rows.map((row) => clippedTerms(row, settings));
  let pgLoss = 0;
  const gradient = rows.map(({ mask }, i) => {
    const { loss, slope } = terms[i] as TokenTerms;
    const weight = weights[i] as number;
    const slopes = new Float64Array(mask.length);
    for (let t = 0; t < mask.length; t++) {
      const part = weight * (mask[t] as number);
      if (part === 0) continue;
      pgLoss += part * (loss[t] as number);
      slopes[t] = part * (slope[t] as number);
    }
    // In gspo every L_t is a function of the mean log-ratio, which all tokens of the trajectory share equally.
    if (settings.lossType === "gspo") slopes.fill(slopes.reduce((a, b) => a + b, 0) / slopes.length);
    return slopes;
  });
  const penalties = addPenalties(rows, gradient, settings);
  let loss = pgLoss;
  for (const { coef, mean } of penalties) loss += coef * mean;
  const means = Object.fromEntries(penalties.map(({ name, mean }) => [name, mean]));
  return { loss, pgLoss, penalties: means, gradient, terms, tokenCount };
}

/** The mean of every active penalty; their slopes are added to the gradient. */
function addPenalties(rows: readonly LossRow[], gradient: readonly Float64Array[], settings: LossSettings) {
  return activePenalties(settings).map(({ name, coef, aggregation, of }) => {
    const weights = averageWeights(rows, aggregation);
    let mean = 0;
    rows.forEach((row, i) => {
      const { value, slope } = of(row);
      const slopes = gradient[i] as Float64Array;
      const weight = weights[i] as number;
      for (let t = 0; t < slopes.length; t++) {
        mean += weight * (value[t] as number);
        slopes[t] = (slopes[t] as number) + coef * weight * (slope[t] as number);
      }
    });
    return { name, coef, mean };
  });
}

/** Mean of log pi - log pi_old over one trajectory: the log of the length-normalised sequence ratio of GSPO. */
export function meanLogRatio(logp: Float32Array, logpOld: Float32Array): number {
  let total = 0;
  for (let t = 0; t < logp.length; t++) total += (logp[t] as number) - (logpOld[t] as number);
  return total / logp.length;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
