// Measures what rl/varianceTheorem.ts compares: gradients of single trajectories under GRPO and VPPO, over all trained tensors.
// Σ_t ‖v_t‖² is estimated without a backward pass per token: E‖Σ_t ε_t v_t‖² = Σ_t ‖v_t‖² for random signs ε. Measured before
// the update, where every importance ratio is 1 and nothing is clipped; the entropy penalty is no part of it.

import { dispose, keep, mul, type Tensor, tidy } from "@tensorflow/tfjs-core";
import { createRng, type Rng } from "@/lib/rng";
import { gradientNorm } from "@/ops/optimizer/optimizer";
import type { StepMetrics } from "@/protocol/training";
import { groupAdvantages } from "@/rl/advantage";
import type { PolicySettings } from "@/rl/settings";
import { shapeGroup } from "@/rl/shapeGroup";
import type { ScoredTrajectory } from "@/rl/trajectory";
import { type VarianceSample, varianceMetrics } from "@/rl/varianceTheorem";
import type { PreparedQuestion } from "../../decoding/rollouts";
import type { Gradients } from "../../layerwise";
import type { Session } from "../../session";
import type { StepPictures } from "./stepPictures";
import { addGradients, TrainingPass } from "./trainingPass";

/** Trajectories that are measured at most, evenly spread; each takes one forward and four backward passes. */
const mostTrajectories = 24;

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
        pass.keepInputs();
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
