// VPPO on a task, one optimizer step at a time: roll out with masked twins, score with rl/, back-propagate layer by layer,
// AdamW on the adapter. The mathematics is rl/'s, the same functions that draw the page's sliders. A step that is not finite
// is skipped and reported; weights change only after everything before has succeeded.

import { dispose, keep, zerosLike } from "@tensorflow/tfjs-core";
import { adamwStep, gradientNorm, type OptimizedParameter } from "@/ops/optimizer/optimizer";
import type { TokenChunk, TokenTexts } from "@/protocol/generation";
import type { StepReport, TrainPhase, TrainRollout, TrainSettings } from "@/protocol/training";
import { dependencyOf } from "@/rl/dependency";
import type { Trajectory } from "@/rl/trajectory";
import { policyUpdate } from "@/rl/vppo";
import { withInstruction } from "@/tasks/instruction";
import type { Problem, Task } from "@/tasks/task";
import type { DecodedStep, Rollout } from "../generate";
import type { Gradients } from "../layerwise";
import { attachLora, loraParameters } from "../lora";
import { type PreparedQuestion, prepare, rollOut, tokenStatsOf } from "../rollouts";
import type { Session } from "../session";
import { statCount } from "../tokenStats";
import { addGradients, type TrainingPart, TrainingPass } from "./trainingPass";

export interface StepEvents {
  readonly onPhase?: (phase: TrainPhase, done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Prompts of a step whose tokens are reported in full. */
const reportedPrompts = 1;
/** Rows (rollouts and twins) that decode together: enough to fill a GPU, few enough to stop soon. */
const rowsPerBatch = 128;
/** Bytes of block inputs that a training pass keeps: prompts beyond it go through the model in parts. */
const defaultKeptInputBytes = 64 * 1024 * 1024;
/** Alternatives reported per token of those. */
const reportedAlternatives = 5;

/** Optimizer state and step counter of one training run; the adapter itself lives on the model. */
export class Trainer {
  /** Steps taken in this run, also those before the optimizer started afresh (loaded adapter, recovered device). */
  step = 0;
  /** Bytes of block inputs that may be kept at a time. */
  keptInputBytes = defaultKeptInputBytes;
  /** AdamW's t: updates since its moments were zero. */
  #updates = 0;
  readonly #parameters: OptimizedParameter[] = [];

  private constructor(
    private readonly session: Session,
    private readonly task: Task,
  ) {}

  /** Starts a run on a fresh adapter, or goes on from the one that is attached. */
  static create(session: Session, task: Task, settings: TrainSettings, startStep = 0): Trainer {
    const trainer = new Trainer(session, task);
    trainer.step = startStep;
    if (loraParameters(session.model).length === 0) {
      attachLora(session.model, { rank: settings.loraRank, alpha: settings.loraAlpha, seed: settings.seed });
    }
    for (const { tensor } of loraParameters(session.model)) {
      trainer.#parameters.push({ value: tensor, m: keep(zerosLike(tensor)), v: keep(zerosLike(tensor)) });
    }
    return trainer;
  }

  /** One optimizer step: prompts × rollouts, one update on all of them. Resolves to undefined when stopped before the update. */
  async takeStep(settings: TrainSettings, { onPhase, signal }: StepEvents = {}): Promise<StepReport | undefined> {
    const started = performance.now();
    const { promptsPerStep, rolloutsPerPrompt, sampling, mask, pixels, seed } = settings;
    const problems = Array.from({ length: promptsPerStep }, (_, p) =>
      this.task.sample(seed, this.step * promptsPerStep + p, "train"),
    );
    const firstStream = this.step * promptsPerStep * rolloutsPerPrompt;
    const request = {
      questions: problems.map(({ image, question }) => ({ image, text: withInstruction(question) })),
      rollouts: rolloutsPerPrompt,
      sampling,
      mask,
      pixels,
      firstStream,
    };
    const prepared = prepare(this.session, request);
    const rollouts: Rollout[] = [];
    const reported: DecodedStep[] = [];
    const promptsPerBatch = Math.max(1, Math.floor(rowsPerBatch / (2 * rolloutsPerPrompt)));
    for (let p = 0; p < promptsPerStep; p += promptsPerBatch) {
      onPhase?.("rollouts", p, promptsPerStep);
      const end = p + promptsPerBatch;
      const part = await rollOut(
        this.session,
        {
          ...request,
          questions: request.questions.slice(p, end),
          firstStream: firstStream + p * rolloutsPerPrompt,
          alternatives: p < reportedPrompts ? reportedAlternatives : 0,
          ...(signal && { signal }),
          ...(p < reportedPrompts && { onStep: (step: DecodedStep) => reported.push(step) }),
        },
        prepared.slice(p, end),
      );
      rollouts.push(...part.map((rollout) => ({ ...rollout, group: p + rollout.group })));
      if (signal?.aborted) return undefined;
    }
    const rolledOut = performance.now();
    const texts = rollouts.map(({ ids }) => this.session.tokenizer.decode(ids, { skipSpecial: true }));
    const rewards = rollouts.map(({ group }, i) => this.task.reward(texts[i] as string, problems[group] as Problem));

    onPhase?.("scoring", 0, 1);
    const outcome = await this.#update(settings, prepared, rollouts, rewards, onPhase);
    const { update, gradNorm, skipped } = outcome;
    this.step++;
    const seconds = (performance.now() - started) / 1000;
    const tokens = rollouts.reduce((sum, { ids }) => sum + ids.length, 0);
    const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / Math.max(1, values.length);
    return {
      step: this.step,
      metrics: {
        ...update.metrics,
        "critic/score/mean": mean(rewards),
        "reward/overall": mean(rewards),
        "reward/accuracy": mean(rewards),
        "response_length/mean": tokens / rollouts.length,
        "actor/grad_norm": gradNorm,
        "actor/lr": settings.learningRate,
        "vppo/kept_dependency_share": update.keptShare,
        "vppo/alpha_min": Math.min(...update.alpha),
        "vppo/alpha_max": Math.max(...update.alpha),
        "vppo/skipped": skipped ? 1 : 0,
        "perf/throughput": tokens / seconds,
        "timing_s/gen": (rolledOut - started) / 1000,
        "timing_s/step": seconds,
      },
      rollouts: rollouts.map((rollout, i): TrainRollout => {
        const problem = problems[rollout.group] as Problem;
        return {
          prompt: rollout.group,
          question: problem.question,
          answer: problem.answer,
          family: problem.family,
          text: texts[i] as string,
          reward: rewards[i] as number,
          advantage: update.advantages[i] as number,
          alpha: update.alpha[i] as number,
          meanDependency: update.meanDependency[i] as number,
          length: rollout.ids.length,
          dependency: dependencyOf(tokenStatsOf(rollout), settings.policy.dependencyMeasure),
          mask: Float32Array.from(update.masks[i] as ArrayLike<number>),
          ...(rollout.group < reportedPrompts && { tokens: chunkOf(reported, i) }),
        };
      }),
      images: problems.map(({ image }) => image),
      texts: this.#textsOf(rollouts, reported),
    };
  }

  /** Discards moments; the adapter stays. */
  [Symbol.dispose](): void {
    for (const { m, v } of this.#parameters) dispose([m, v]);
    this.#parameters.length = 0;
  }

  async #update(
    settings: TrainSettings,
    prepared: readonly PreparedQuestion[],
    rollouts: readonly Rollout[],
    rewards: readonly number[],
    onPhase: StepEvents["onPhase"],
  ) {
    const { session } = this;
    const parts = this.#parts(prepared, rollouts);
    const features = prepared.map(({ images }) => session.encodeTogether(images));
    let gradients: Gradients = new Map();
    let pass: TrainingPass | undefined;
    try {
      const logp: Float32Array[] = [];
      for (const part of parts) {
        pass?.[Symbol.dispose]();
        pass = new TrainingPass(session, part, features);
        logp.push(...(await pass.forward()));
      }
      const trajectories = rollouts.map((rollout, i): Trajectory => {
        const stats = tokenStatsOf(rollout);
        const dependency = dependencyOf(stats, settings.policy.dependencyMeasure);
        return {
          group: rollout.group,
          reward: rewards[i] as number,
          logp: logp[i] as Float32Array,
          logpOld: stats.logp,
          dependency,
        };
      });
      const update = policyUpdate(trajectories, settings.policy);
      onPhase?.("update", 0, parts.length);
      // From the last part, whose forward pass is still there, to the first; the others are computed again.
      for (const [done, part] of [...parts].reverse().entries()) {
        if (done > 0) {
          pass = new TrainingPass(session, part, features);
          await pass.forward();
        }
        gradients = addGradients(gradients, pass?.backward(update.gradient.slice(part.first, part.first + part.count)));
        pass?.[Symbol.dispose]();
        pass = undefined;
        onPhase?.("update", done + 1, parts.length);
      }
      const gradNorm = await gradientNorm([...gradients.values()]);
      const skipped = !Number.isFinite(gradNorm) || !Number.isFinite(update.loss);
      if (!skipped && gradients.size > 0) this.#apply(settings, gradients, gradNorm);
      return { update, gradNorm, skipped };
    } finally {
      dispose([...gradients.values()]);
      pass?.[Symbol.dispose]();
      dispose(features);
    }
  }

  /** Prompts whose rows pass through the model together: as many as the kept inputs of all blocks allow, one at least. */
  #parts(prepared: readonly PreparedQuestion[], rollouts: readonly Rollout[]): TrainingPart[] {
    const { hiddenSize, numHiddenLayers } = this.session.config.text;
    const rowLimit = this.keptInputBytes / ((numHiddenLayers + 2) * hiddenSize * 4);
    const parts: TrainingPart[] = [];
    let rows = 0;
    prepared.forEach(({ prompt }, question) => {
      const responses = rollouts.filter(({ group }) => group === question).map(({ ids }) => ids);
      const own = prompt.ids.length - 1 + responses.reduce((sum, { length }) => sum + length, 0);
      const last = parts.at(-1);
      if (last && rows + own <= rowLimit) {
        last.questions.push(question);
        last.groups.push({ prompt, responses });
        last.count += responses.length;
        rows += own;
      } else {
        const first = (last?.first ?? 0) + (last?.count ?? 0);
        parts.push({ questions: [question], groups: [{ prompt, responses }], first, count: responses.length });
        rows = own;
      }
    });
    return parts;
  }

  #apply(settings: TrainSettings, gradients: Gradients, gradNorm: number): void {
    this.#updates++;
    const { learningRate, weightDecay, maxGradNorm } = settings;
    const gradientScale = Math.min(1, maxGradNorm / (gradNorm + 1e-6));
    for (const parameter of this.#parameters) {
      const gradient = gradients.get(parameter.value.id);
      if (!gradient) continue;
      adamwStep(parameter, gradient, {
        learningRate,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weightDecay,
        step: this.#updates,
        gradientScale,
      });
    }
  }

  #textsOf(rollouts: readonly Rollout[], steps: readonly DecodedStep[]): TokenTexts {
    const texts: Record<number, string> = {};
    const note = (id: number) => {
      texts[id] ??= this.session.tokenizer.tokenText(id);
    };
    for (const { ids } of rollouts) ids.forEach(note);
    for (const { topIds } of steps) topIds.forEach(note);
    return texts;
  }
}

/** The tokens of one rollout out of the steps of its group. */
function chunkOf(steps: readonly DecodedStep[], rollout: number): TokenChunk {
  const rows = steps.flatMap((step) => {
    const at = step.rollout.indexOf(rollout);
    return at < 0 ? [] : [{ step, at }];
  });
  const width = reportedAlternatives * 2;
  const chunk = {
    rollout: new Int32Array(rows.length).fill(rollout),
    ids: Int32Array.from(rows, ({ step, at }) => step.ids[at] as number),
    stats: new Float32Array(rows.length * statCount),
    topIds: new Int32Array(rows.length * width),
    topLogp: new Float32Array(rows.length * width),
    topOther: new Float32Array(rows.length * width),
  };
  rows.forEach(({ step, at }, n) => {
    chunk.stats.set(step.stats.subarray(at * statCount, (at + 1) * statCount), n * statCount);
    for (const key of ["topIds", "topLogp", "topOther"] as const)
      chunk[key].set(step[key].subarray(at * width, (at + 1) * width), n * width);
  });
  return chunk;
}
