// The second half of a training step: one or several optimizer steps on rollouts that are already scored. Per epoch and
// mini-batch of prompts (official ray_trainer.py, dp_actor.py update_policy): log-probs of the current policy, the update of rl/,
// backward, optimizer. In the first mini-batch the weights are still those that sampled, so its log-probs are the rollouts' own,
// bit for bit (docs/architecture.md, decision 5), and no forward pass is spent on them; later ones are off policy.
// It draws no prompts, grades nothing and stores nothing.

import { dispose, type Tensor } from "@tensorflow/tfjs-core";
import { pcg3d } from "@/lib/rng";
import type { StepMetrics, TrainSettings } from "@/protocol/training";
import type { TokenStats } from "@/rl/dependency";
import { meanMetrics, type PolicyMetrics } from "@/rl/policyMetrics";
import type { PolicySettings } from "@/rl/settings";
import { type ShapedGroup, shapeGroup } from "@/rl/shapeGroup";
import { keptDependencyShare } from "@/rl/tokenFilter";
import { measureMoves, moveMetrics } from "@/rl/tokenMoves";
import type { Trajectory } from "@/rl/trajectory";
import { type PolicyUpdate, policyUpdate } from "@/rl/vppo";
import type { Gradients } from "../../layerwise";
import type { Session } from "../../session";
import type { StepEvents } from "../stepEvents";
import { miniBatches } from "./batchPlan";
import { measureVariance } from "./gradientVariance";
import { type CurrentPolicy, needsEntropy, needsMasked, type PassesContext, StepPasses, type UpdateInput } from "./stepPasses";
import { StepPictures } from "./stepPictures";
import type { TrainingPass } from "./trainingPass";

/** Bytes of stage inputs that a training pass keeps: prompts beyond it go through the model in parts. */
const defaultKeptInputBytes = 64 * 1024 * 1024;
/** Tells random token selection from other streams of the same seed. */
const randomTokens = 0x7274;

/** What an update needs of the optimizer (optimizer.ts). */
export interface UpdateOptimizer {
  readonly parameters: readonly { readonly name: string; readonly tensor: Tensor }[];
  step(
    gradients: Gradients,
    rates: { readonly learningRate: number; readonly weightDecay: number; readonly maxGradNorm: number },
  ): Promise<{ readonly gradNorm: number; readonly skipped: boolean }>;
}

export interface UpdateOutcome {
  /** Per rollout, of the first epoch. */
  readonly advantages: Float32Array;
  readonly alpha: Float32Array;
  readonly meanDependency: Float32Array;
  /** m_t per rollout and token, of the first epoch. */
  readonly masks: readonly Float32Array[];
  /** log π per token at the first update that took a rollout; undefined where the weights were still those that sampled. */
  readonly logpAtUpdate: readonly (Float32Array | undefined)[];
  /** Share of the total dependency that lies on kept tokens. */
  readonly keptShare: number;
  readonly metrics: StepMetrics;
  /** Optimizer steps that were taken, and those that were skipped because loss or gradient was not finite. */
  readonly updates: number;
  readonly skipped: number;
  /** log π after − before per token, for the rollouts of the first prompt. */
  readonly moves?: readonly Float32Array[];
}

export interface UpdateOptions extends StepEvents {
  readonly learningRate: number;
  /** Bytes of block inputs that a forward pass keeps for the way back. */
  readonly keptInputBytes?: number | undefined;
}

/**
 * Takes the optimizer steps of one training step, which is not stopped half way: `events.signal` is not asked here. Throws
 * TrainSettingError, PolicySettingsError or TrajectoryError before any weight has changed.
 */
export async function updatePolicy(
  session: Session,
  optimizer: UpdateOptimizer,
  experience: UpdateInput,
  settings: TrainSettings,
  { learningRate, keptInputBytes = defaultKeptInputBytes, ...events }: UpdateOptions,
): Promise<UpdateOutcome> {
  const trainable = new Set(optimizer.parameters.map(({ tensor }) => tensor));
  const pictures = new StepPictures(session, experience.prepared, trainable);
  try {
    const phase = new PolicyPhase(session, experience, settings, { pictures, trainable, keptInputBytes, events });
    await phase.prepare();
    const batches = miniBatches(experience.prepared.length, settings.promptsPerUpdate);
    const total = batches.length * settings.ppoEpochs;
    for (let epoch = 0; epoch < settings.ppoEpochs; epoch++) {
      for (const [index, questions] of batches.entries()) {
        await phase.takeStep(optimizer, questions, learningRate, { done: epoch * batches.length + index, total });
      }
    }
    return await phase.outcome(learningRate);
  } finally {
    pictures[Symbol.dispose]();
  }
}

interface PhaseContext extends PassesContext {
  readonly events: StepEvents;
}

/** The optimizer steps on one experience, and what they leave to report. */
class PolicyPhase {
  updates = 0;
  skipped = 0;
  readonly passes: StepPasses;
  #reference: readonly Float32Array[] | undefined;
  #extra: StepMetrics = {};
  readonly #metrics: PolicyMetrics[] = [];
  readonly #gradNorms: number[] = [];
  readonly #advantages: Float32Array;
  readonly #alpha: Float32Array;
  readonly #meanDependency: Float32Array;
  readonly #masks: Float32Array[] = [];
  readonly #logpAtUpdate: (Float32Array | undefined)[] = [];

  constructor(
    private readonly session: Session,
    private readonly experience: UpdateInput,
    private readonly settings: TrainSettings,
    private readonly context: PhaseContext,
  ) {
    const { length } = experience.rollouts;
    this.passes = new StepPasses(session, experience, settings, context);
    this.#advantages = new Float32Array(length);
    this.#alpha = new Float32Array(length);
    this.#meanDependency = new Float32Array(length);
  }

  /** What is measured once, before any weight changes: the reference policy, and the variance of the gradient. */
  async prepare(): Promise<void> {
    const { session, settings, experience, context } = this;
    const { events, pictures, trainable } = context;
    if (settings.policy.klCoef > 0) this.#reference = await this.passes.reference();
    if (settings.measureVariance) {
      events.onPhase?.("scoring", 0, 1);
      const [questions = []] = miniBatches(experience.prepared.length, settings.promptsPerUpdate);
      const rollouts = questions.flatMap((question) => this.passes.rolloutsOf[question] ?? []);
      const trajectories = rollouts.map((i) => this.#trajectory(i, experience.stats[i] as TokenStats));
      const { prepared, rollouts: answers } = experience;
      const measured = rollouts.map((i) => ({
        rollout: i,
        question: answers[i]?.group ?? 0,
        ids: answers[i]?.ids ?? new Int32Array(),
      }));
      const { policy, seed } = settings;
      const by = { prepared, pictures, trainable, policy, seed };
      this.#extra = await measureVariance(session, measured, trajectories, by);
    }
  }

  /** One optimizer step on the rollouts of these prompts. */
  async takeStep(
    optimizer: UpdateOptimizer,
    questions: readonly number[],
    learningRate: number,
    { done, total }: { readonly done: number; readonly total: number },
  ): Promise<void> {
    const { settings, context, passes } = this;
    const onPolicy = this.updates === 0;
    const parts = passes.parts(questions);
    const progress = (part: number) => context.events.onPhase?.("update", done * parts.length + part, total * parts.length);
    const gradients: Gradients = new Map();
    let pass: TrainingPass | undefined;
    try {
      progress(0);
      const current = new Map<number, CurrentPolicy>();
      for (const { rollouts } of parts) for (const i of rollouts) current.set(i, this.experience.stats[i] as TokenStats);
      if (!onPolicy) {
        for (const part of parts) {
          pass?.[Symbol.dispose]();
          pass = passes.pass(part);
          await passes.readCurrent(pass, part, current);
        }
      }
      const rollouts = parts.flatMap((part) => part.rollouts);
      const update = finiteUpdate(
        rollouts.map((i) => this.#trajectory(i, current.get(i) as CurrentPolicy)),
        settings.policy,
        onPolicy,
      );
      if (!update) {
        this.skipped++;
        const scored = rollouts.map((i) => this.#trajectory(i, this.experience.stats[i] as TokenStats));
        this.#note(rollouts, shapeGroup(scored, settings.policy));
        return;
      }
      if (!onPolicy) for (const i of rollouts) if (!this.#masks[i]) this.#logpAtUpdate[i] = current.get(i)?.logp;
      this.#note(rollouts, update);
      this.#metrics.push(...update.microBatchMetrics);
      const slopes = new Map(rollouts.map((i, n) => [i, update.gradient[n] as Float32Array]));
      // From the last part, whose forward pass may still be there, to the first; the others are computed (again).
      for (const [n, part] of [...parts].reverse().entries()) {
        if (!pass) {
          pass = passes.pass(part);
          pass.keepInputs();
        }
        pass.backward(
          part.rollouts.map((i) => slopes.get(i) as Float32Array),
          gradients,
        );
        pass[Symbol.dispose]();
        pass = undefined;
        progress(n + 1);
      }
      await this.#apply(optimizer, gradients, learningRate);
    } finally {
      pass?.[Symbol.dispose]();
      dispose([...gradients.values()]);
    }
  }

  /** What is reported, with the moves of the first prompt's tokens measured by one more forward pass. */
  async outcome(learningRate: number): Promise<UpdateOutcome> {
    const { experience, settings, updates, skipped } = this;
    const first = this.passes.rolloutsOf[0] ?? [];
    const masks = experience.rollouts.map(({ ids }, i) => this.#masks[i] ?? new Float32Array(ids.length));
    const moves = settings.measureMoves && updates > 0 ? await this.#moves(first) : undefined;
    const finite = this.#gradNorms.filter(Number.isFinite);
    const keptShare = keptDependencyShare(experience.dependency, masks);
    return {
      advantages: this.#advantages,
      alpha: this.#alpha,
      meanDependency: this.#meanDependency,
      masks,
      logpAtUpdate: this.#logpAtUpdate,
      keptShare,
      updates,
      skipped,
      metrics: finiteOnly({
        ...meanMetrics(this.#metrics),
        ...(finite.length > 0 && { "actor/grad_norm": finite.reduce((a, b) => a + b, 0) / finite.length }),
        "actor/lr": learningRate,
        "vppo/updates": updates,
        ...this.#extra,
        ...(moves &&
          moveMetrics(
            moves,
            first.map((i) => masks[i] as Float32Array),
          )),
      }),
      ...(moves && { moves }),
    };
  }

  /** Of these rollouts of the first prompt; absent when the update has left the weights without finite log-probs. */
  async #moves(rollouts: readonly number[]): Promise<readonly Float32Array[] | undefined> {
    const after = await this.passes.logProbs([0]);
    const before = rollouts.map((i) => this.experience.stats[i] as TokenStats);
    const moves = measureMoves(
      rollouts.map((i) => after[i] as Float32Array),
      before,
    );
    return moves.every((move) => move.every(Number.isFinite)) ? moves : undefined;
  }

  async #apply(optimizer: UpdateOptimizer, gradients: Gradients, learningRate: number): Promise<void> {
    const { weightDecay, maxGradNorm } = this.settings;
    const { gradNorm, skipped } = await optimizer.step(gradients, { learningRate, weightDecay, maxGradNorm });
    this.#gradNorms.push(gradNorm);
    if (skipped) this.skipped++;
    else this.updates++;
    // What the session remembers of pictures was said by the tower as it was.
    if (!skipped && this.context.pictures.trained) this.session.clearFeatures();
  }

  #trajectory(i: number, current: CurrentPolicy): Trajectory {
    const { rollouts, streams, rewards, stats, dependency } = this.experience;
    const { policy } = this.settings;
    const reference = this.#reference?.[i];
    return {
      group: rollouts[i]?.group ?? 0,
      reward: rewards[i]?.overall ?? Number.NaN,
      dependency: dependency[i] as Float32Array,
      // Runs of other seeds choose other tokens at random.
      stream: pcg3d(this.settings.seed, streams[i] ?? i, randomTokens)[0] ?? i,
      logp: current.logp,
      logpOld: (stats[i] as TokenStats).logp,
      ...(needsEntropy(policy) && current.entropy && { entropy: current.entropy }),
      ...(needsMasked(policy) && current.logpMasked && { logpMasked: current.logpMasked }),
      ...(reference && { logpReference: reference }),
    };
  }

  /** Keeps what is reported of these rollouts, unless an earlier epoch has. */
  #note(rollouts: readonly number[], update: ShapedGroup): void {
    rollouts.forEach((i, n) => {
      if (this.#masks[i]) return;
      this.#advantages[i] = update.advantages[n] as number;
      this.#alpha[i] = update.alpha[n] as number;
      this.#meanDependency[i] = update.meanDependency[n] as number;
      this.#masks[i] = Float32Array.from(update.masks[n] ?? []);
    });
  }
}

/** The update, or undefined when updates before have made the policy or its loss infinite; rollouts that are so are an error. */
function finiteUpdate(trajectories: readonly Trajectory[], policy: PolicySettings, onPolicy: boolean): PolicyUpdate | undefined {
  if (!onPolicy && trajectories.some(({ logp }) => !logp.every(Number.isFinite))) return undefined;
  const update = policyUpdate(trajectories, policy);
  return Number.isFinite(update.loss) ? update : undefined;
}

/** Log files know no NaN: a number that is not finite is left out. */
function finiteOnly(metrics: StepMetrics): StepMetrics {
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
}
