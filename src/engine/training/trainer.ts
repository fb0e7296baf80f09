// One training run in memory: optimizer state and the counters that everything random follows from. A step is gather → update →
// report; the three are `experience.ts`, `policyPhase.ts` and `stepMetrics.ts`. Storing, pausing and going on after a failure are
// `trainingJobs.ts`.

import type { Tensor } from "@tensorflow/tfjs-core";
import type { TokenTexts } from "@/protocol/generation";
import type { StepReport, TrainRollout, TrainSettings } from "@/protocol/training";
import { learningRateAt } from "@/rl/schedule";
import type { Problem } from "@/tasks/task";
import type { Session } from "../session";
import { type Experience, gatherExperience, type RunPosition } from "./experience/experience";
import { type ProblemSource, taskProblems } from "./experience/problemSource";
import { RewardDesk, type RewardScorer } from "./experience/rewardScorer";
import type { StepEvents } from "./stepEvents";
import { stepMetrics } from "./stepMetrics";
import { exportTrainerState, restoreTrainerState, type TrainerCounters } from "./trainerState";
import { Optimizer } from "./update/optimizer";
import { type UpdateOutcome, updatePolicy } from "./update/policyPhase";
import { trainablesOf } from "./update/trainables";

/** Where problems and rewards come from; the settings' task and reward without them. */
export interface TrainerParts {
  readonly problems?: ProblemSource;
  readonly scorer?: RewardScorer;
  /** Bytes of block inputs that a training pass keeps at a time. */
  readonly keptInputBytes?: number;
  /** GPU memory that may be used; no limit without it. */
  readonly budgetBytes?: () => number;
}

/** A run that can take steps; the adapter itself lives on the model. */
export class Trainer {
  #step: number;
  #position: RunPosition;
  readonly #problems: ProblemSource;
  readonly #scorer: RewardScorer;
  readonly #budgetBytes: (() => number) | undefined;
  readonly #keptInputBytes: number | undefined;

  private constructor(
    readonly session: Session,
    private readonly optimizer: Optimizer,
    { problems = taskProblems, scorer = new RewardDesk(), keptInputBytes, budgetBytes }: TrainerParts,
    { step, cursor, streams }: TrainerCounters,
  ) {
    this.#problems = problems;
    this.#scorer = scorer;
    this.#budgetBytes = budgetBytes;
    this.#keptInputBytes = keptInputBytes;
    this.#step = step;
    this.#position = { cursor, streams };
  }

  /** Starts a run, on a fresh adapter or on the one that is attached. */
  static create(session: Session, settings: TrainSettings, parts: TrainerParts = {}): Trainer {
    const optimizer = Optimizer.create(trainablesOf(session, settings));
    return new Trainer(session, optimizer, parts, { step: 0, cursor: 0, streams: 0 });
  }

  /** Goes on from an exported state, in place of any adapter; throws TrainerStateError when it is damaged or another model's. */
  static restore(session: Session, state: Uint8Array, parts: TrainerParts = {}): Trainer {
    const { optimizer, counters } = restoreTrainerState(session, state);
    return new Trainer(session, optimizer, parts, counters);
  }

  /** Steps taken in this run. */
  get step(): number {
    return this.#step;
  }

  /** Tensors of the optimizer. */
  get moments(): readonly Tensor[] {
    return this.optimizer.moments.flatMap(({ m, v }) => [m, v]);
  }

  /** Weights, moments and counters: what `restore` needs to take the next step as if there had been no break. */
  exportState(settings: TrainSettings): Promise<Uint8Array<ArrayBuffer>> {
    return exportTrainerState(this.session, this.optimizer, { step: this.#step, ...this.#position }, settings);
  }

  /** One step; undefined when stopped before anything changed. A failure in its update may leave the weights half way. */
  async takeStep(settings: TrainSettings, events: StepEvents = {}): Promise<StepReport | undefined> {
    const started = performance.now();
    const given = { problems: this.#problems, scorer: this.#scorer };
    const budgetBytes = this.#budgetBytes?.();
    const experience = await gatherExperience(this.session, given, settings, this.#position, { ...events, budgetBytes });
    if (!experience) return undefined;
    const gathered = performance.now();
    const learningRate = learningRateAt(settings, this.#step);
    const options = { ...events, learningRate, keptInputBytes: this.#keptInputBytes };
    const outcome = await updateUnlessStopped(this.session, this.optimizer, experience, settings, options);
    if (!outcome) return undefined;
    this.#step++;
    this.#position = experience.position;
    const ended = performance.now();
    const { rollouts, prepared } = experience;
    const responseTokens = rollouts.map(({ ids }) => ids.length);
    const promptTokens = rollouts.map(({ group }) => prepared[group]?.prompt.ids.length ?? 0);
    const metrics = stepMetrics({
      ...experience,
      ...outcome,
      promptTokens,
      responseTokens,
      maxPrompt: this.session.contextTokens,
      maxResponse: settings.sampling.maxNewTokens,
      seconds: { ...experience.seconds, update: (ended - gathered) / 1000, step: (ended - started) / 1000 },
    });
    const { policy, promptsPerUpdate, ppoEpochs, maxGradNorm } = settings;
    return {
      step: this.#step,
      recipe: { policy, promptsPerUpdate, ppoEpochs, maxGradNorm },
      metrics: { ...outcome.metrics, ...metrics },
      rollouts: rollouts.map((_, i) => reportOf(experience, outcome, i)),
      images: experience.problems.map(({ image }) => image),
      texts: textsOf(this.session, experience),
    };
  }

  /** Discards moments; the adapter stays. */
  [Symbol.dispose](): void {
    this.optimizer[Symbol.dispose]();
  }
}

/** The update; undefined when it was stopped before its first optimizer step. */
async function updateUnlessStopped(...update: Parameters<typeof updatePolicy>): Promise<UpdateOutcome | undefined> {
  const { signal } = update[4];
  try {
    return await updatePolicy(...update);
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

function reportOf(experience: Experience, outcome: UpdateOutcome, i: number): TrainRollout {
  const { group, ids } = experience.rollouts[i] as Experience["rollouts"][number];
  const { question, answer, family } = experience.problems[group] as Problem;
  const moves = outcome.moves?.[i];
  const logpAtUpdate = outcome.logpAtUpdate[i];
  const tokens = experience.chunks[i];
  return {
    prompt: group,
    question,
    answer,
    family,
    text: experience.texts[i] as string,
    reward: experience.rewards[i]?.overall as number,
    advantage: outcome.advantages[i] as number,
    alpha: outcome.alpha[i] as number,
    meanDependency: outcome.meanDependency[i] as number,
    length: ids.length,
    dependency: experience.dependency[i] as Float32Array,
    mask: outcome.masks[i] as Float32Array,
    logp: (experience.stats[i] as Experience["stats"][number]).logp,
    ...(logpAtUpdate && { logpAtUpdate }),
    ...(moves && { moves }),
    ...(tokens && { tokens }),
  };
}

/** Display texts of every token of the report. */
function textsOf({ tokenizer }: Session, { rollouts, chunks }: Experience): TokenTexts {
  const texts: Record<number, string> = {};
  const note = (id: number) => {
    texts[id] ??= tokenizer.tokenText(id);
  };
  for (const { ids } of rollouts) ids.forEach(note);
  for (const chunk of chunks) chunk?.topIds.forEach(note);
  return texts;
}
