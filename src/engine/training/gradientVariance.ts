// The variance theorem of the paper (section 3.3, appendix D), measured. Per trajectory, with v_t = ∇ log π(o_t) over all trained
// tensors and advantage A:
//   g_GRPO = A Σ_t v_t        g_VPPO = α A Σ_t m_t v_t        claim: Var(g_VPPO) / Var(g_GRPO) ≈ k · E[α²]
// Variance is the sum over parameters of the unbiased variance over trajectories. What the claim assumes becomes one factor each,
// exactly 1 where the assumption holds, and the measured ratio is k · E[α²] times their product. Σ_t ‖v_t‖² is estimated without
// a backward pass per token: E‖Σ_t ε_t v_t‖² = Σ_t ‖v_t‖² for random signs ε. Measured before the update, where every
// importance ratio is 1 and nothing is clipped; the entropy penalty is no part of it.

import { dispose, keep, mul, type Tensor, tidy } from "@tensorflow/tfjs-core";
import { createRng, type Rng } from "@/lib/rng";
import { gradientNorm } from "@/ops/optimizer/optimizer";
import type { StepMetrics } from "@/protocol/training";
import { groupAdvantages } from "@/rl/advantage";
import type { PolicySettings } from "@/rl/settings";
import { shapeGroup } from "@/rl/shapeGroup";
import type { ScoredTrajectory } from "@/rl/trajectory";
import type { Gradients } from "../layerwise";
import type { PreparedQuestion } from "../rollouts";
import type { Session } from "../session";
import type { StepPictures } from "./stepPictures";
import { addGradients, TrainingPass } from "./trainingPass";

/** Trajectories that are measured at most, evenly spread; each takes one forward and four backward passes. */
const mostTrajectories = 24;

/** A trajectory with advantage, as numbers. */
export interface VarianceSample {
  readonly advantage: number;
  readonly alpha: number;
  readonly tokens: number;
  /** Σ m_t² (the number of kept tokens of a binary mask). */
  readonly kept: number;
  /** ‖Σ_t v_t‖² and ‖Σ_t m_t v_t‖². */
  readonly allSquared: number;
  readonly keptSquared: number;
  /** Σ_t ‖v_t‖² and Σ_t m_t² ‖v_t‖², as random signs estimate them. */
  readonly allNorms: number;
  readonly keptNorms: number;
}

/** Squared lengths of the sums over trajectories of g_GRPO and g_VPPO. */
export interface SummedSquares {
  readonly grpo: number;
  readonly vppo: number;
}

/** What is measured, and by what. */
export interface VarianceContext {
  readonly prepared: readonly PreparedQuestion[];
  readonly pictures: StepPictures;
  readonly trainable: ReadonlySet<Tensor>;
  readonly policy: PolicySettings;
  readonly seed: number;
}

/** An answer by its index in the step, its prompt and its tokens. */
export interface MeasuredRollout {
  readonly rollout: number;
  readonly question: number;
  readonly ids: Int32Array;
}

/**
 * `vppo/gradient_variance_ratio` and the factors of `varianceMetrics`, over the trajectories of one mini-batch that have an
 * advantage (the others give no gradient under either objective); nothing when there are fewer than two.
 */
export async function measureVariance(
  session: Session,
  rollouts: readonly MeasuredRollout[],
  trajectories: readonly ScoredTrajectory[],
  { prepared, pictures, trainable, policy, seed }: VarianceContext,
): Promise<StepMetrics> {
  const shaped = shapeGroup(trajectories, policy);
  // GRPO's own advantages: shaped rewards have others.
  const advantages = groupAdvantages(
    trajectories.map(({ reward }) => reward),
    trajectories.map(({ group }) => group),
  );
  const candidates = [...rollouts.keys()].filter((i) => (advantages[i] ?? 0) !== 0 && (shaped.masks[i]?.length ?? 0) > 0);
  const count = Math.min(mostTrajectories, candidates.length);
  const chosen = Array.from({ length: count }, (_, n) => candidates[Math.floor((n * candidates.length) / count)] as number);
  const samples: VarianceSample[] = [];
  const sums = { grpo: new Map() as Gradients, vppo: new Map() as Gradients };
  try {
    for (const i of chosen) {
      const { rollout, question, ids } = rollouts[i] as MeasuredRollout;
      const { prompt } = prepared[question] as PreparedQuestion;
      const part = { questions: [question], groups: [{ prompt, responses: [ids] }], rollouts: [rollout] };
      const pass = new TrainingPass(session, part, pictures, trainable);
      try {
        await pass.forward();
        const mask = Float32Array.from(shaped.masks[i] ?? []);
        const advantage = advantages[i] as number;
        const alpha = (shaped.shapedAdvantages[i] as number) / advantage;
        samples.push(await sampleOf(pass, mask, { advantage, alpha }, createRng(seed, i), sums));
      } finally {
        pass[Symbol.dispose]();
      }
    }
    const summed = {
      grpo: (await gradientNorm([...sums.grpo.values()])) ** 2,
      vppo: (await gradientNorm([...sums.vppo.values()])) ** 2,
    };
    return varianceMetrics(samples, summed);
  } finally {
    dispose([...sums.grpo.values(), ...sums.vppo.values()]);
  }
}

/** Four backward passes of one trajectory; its weighted gradients are added to the sums. */
async function sampleOf(
  pass: TrainingPass,
  mask: Float32Array,
  { advantage, alpha }: Pick<VarianceSample, "advantage" | "alpha">,
  rng: Rng,
  sums: Readonly<Record<"grpo" | "vppo", Gradients>>,
): Promise<VarianceSample> {
  const signs = mask.map(() => (rng.next() < 0.5 ? -1 : 1));
  const squared = async (cotangent: Float32Array, into?: Gradients, weight = 0) => {
    const gradients = pass.backward([cotangent]);
    const norm = await gradientNorm([...gradients.values()]);
    if (into) addGradients(into, scaled(gradients, weight));
    else dispose([...gradients.values()]);
    return norm ** 2;
  };
  const ones = mask.map(() => 1);
  return {
    advantage,
    alpha,
    tokens: mask.length,
    kept: mask.reduce((sum, m) => sum + m * m, 0),
    allSquared: await squared(ones, sums.grpo, advantage),
    keptSquared: await squared(mask, sums.vppo, alpha * advantage),
    allNorms: await squared(signs),
    keptNorms: await squared(signs.map((sign, t) => sign * (mask[t] as number))),
  };
}

/**
 * The measured ratio, the theorem's k · E[α²], and the factor of each assumption; ratio = bound × factors. Pure. Absent when there
 * are fewer than two trajectories or no variance.
 */
export function varianceMetrics(samples: readonly VarianceSample[], summed: SummedSquares): StepMetrics {
  const count = samples.length;
  if (count < 2) return {};
  const mean = (of: (sample: VarianceSample) => number) => samples.reduce((sum, sample) => sum + of(sample), 0) / count;
  const grpoSecond = mean(({ advantage, allSquared }) => advantage ** 2 * allSquared);
  const vppoSecond = mean(({ advantage, alpha, keptSquared }) => (alpha * advantage) ** 2 * keptSquared);
  const grpoVariance = unbiasedVariance(count, grpoSecond, summed.grpo);
  const vppoVariance = unbiasedVariance(count, vppoSecond, summed.vppo);
  const keptShare = mean(({ kept }) => kept) / mean(({ tokens }) => tokens);
  const alphaSquared = mean(({ alpha }) => alpha ** 2);
  const advantageSquared = mean(({ advantage }) => advantage ** 2);
  const grpoNorms = mean(({ advantage, allNorms }) => advantage ** 2 * allNorms);
  const vppoNorms = mean(({ advantage, alpha, keptNorms }) => (alpha * advantage) ** 2 * keptNorms);
  const bound = keptShare * alphaSquared;
  const alphaAdvantage = mean(({ alpha, advantage }) => (alpha * advantage) ** 2) / (alphaSquared * advantageSquared);
  const tokenNorms = mean(({ keptNorms }) => keptNorms) / (mean(({ allNorms }) => allNorms) * keptShare);
  const metrics = {
    "vppo/gradient_variance_ratio": vppoVariance / grpoVariance,
    /** k · E[α²]: what the theorem says the ratio is. */
    "vppo/variance_bound": bound,
    /** Assumption 1, E[v_tᵀ v_j] = 0: how much more tokens of a trajectory add up under VPPO than under GRPO. */
    "vppo/variance_cross_terms": vppoSecond / vppoNorms / (grpoSecond / grpoNorms),
    /** Assumption 2, A independent of v_t: what is left of the weighted norms when 3 and 5 are taken out. */
    "vppo/variance_advantage_norms": vppoNorms / grpoNorms / (bound * alphaAdvantage * tokenNorms),
    /** Assumption 3, α uncorrelated with A: E[α²A²] / (E[α²] E[A²]). */
    "vppo/variance_alpha_advantage": alphaAdvantage,
    /** Assumption 4, the mean gradient is negligible: what part of E‖g‖² is variance, VPPO over GRPO. */
    "vppo/variance_mean_gradient": vppoVariance / vppoSecond / (grpoVariance / grpoSecond),
    /** Assumption 5, equal E‖v_t‖²: that of kept tokens over that of all. */
    "vppo/variance_token_norms": tokenNorms,
  };
  return Object.values(metrics).every(Number.isFinite) ? metrics : {};
}

/** Σ‖g_i − ḡ‖² / (n − 1) from the mean of ‖g_i‖² and ‖Σ g_i‖². */
function unbiasedVariance(count: number, second: number, summed: number): number {
  return (count * second - summed / count) / (count - 1);
}

/** Gradients times a number; takes them. */
function scaled(gradients: Gradients, weight: number): Gradients {
  const result: Gradients = new Map();
  for (const [id, gradient] of gradients) {
    result.set(
      id,
      tidy(() => keep(mul(gradient, weight))),
    );
    gradient.dispose();
  }
  return result;
}
