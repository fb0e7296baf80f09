// The rollouts a training step learns from: prompts × G answers with masked twins, graded, and filtered as the official trainer
// does (ray_trainer.py _make_batch_data: whole batches of prompts are drawn until enough groups are neither all right nor all
// wrong, then cut to the first ones). Everything random follows from counters, so a step is a function of settings, position in
// the run and weights. Nothing here changes a weight.

import { UserError } from "@/lib/errors";
import type { TokenChunk } from "@/protocol/generation";
import type { StepMetrics, TrainSettings } from "@/protocol/training";
import { mixedGroups } from "@/rl/advantage";
import type { TokenStats } from "@/rl/dependency";
import type { Reward } from "@/rl/reward/rewards";
import type { Problem } from "@/tasks/task";
import type { DecodedStep, Rollout } from "../../decoding/generate";
import { type PreparedQuestion, prepare, questionOf, rollOut } from "../../decoding/rollouts";
import { answerBytes, checkMemory } from "../../requestChecks";
import type { Session } from "../../session";
import type { StepEvents } from "../stepEvents";
import { chunkOf, reportedAlternatives, withStats } from "./chunks";
import { exactStats } from "./exactStats";
import { type AnsweredQuestion, averageDependency } from "./maskAverage";
import type { ProblemSource } from "./problemSource";
import { type RewardScorer, rewardInput } from "./rewardScorer";

/** How far a run has got: counters that its random numbers follow from. */
export interface RunPosition {
  /** Problems drawn so far. */
  readonly cursor: number;
  /** Trajectories sampled so far. */
  readonly streams: number;
}

/** All that was sampled for a step, before filtering; means over rollouts. */
export interface Generated {
  readonly rollouts: number;
  readonly accuracy: number;
  readonly overall: number;
  readonly format?: number;
  /** Batches of prompts. */
  readonly batches: number;
  /** Response tokens. */
  readonly tokens: number;
}

/** What a step learns from: P kept prompts with G answers each. Arrays after `prepared` have one entry per answer, by prompt. */
export interface Experience {
  readonly problems: readonly Problem[];
  readonly prepared: readonly PreparedQuestion[];
  /** P·G answers; `group` is an index into `problems`. */
  readonly rollouts: readonly Rollout[];
  /** Counter of each trajectory in its run; random token selection draws from it. */
  readonly streams: readonly number[];
  readonly texts: readonly string[];
  readonly rewards: readonly Reward[];
  /** Under the weights that sampled, with the image and with the first mask; exact, whatever the rollouts were decoded in. */
  readonly stats: readonly TokenStats[];
  /** Metrics of how far decoding was from that; none where it was exact. */
  readonly gap: StepMetrics;
  /** S_t by the settings' measure, mean over the settings' number of masks. */
  readonly dependency: readonly Float32Array[];
  /** Tokens with alternatives, for the answers of the first prompts; undefined for the others. */
  readonly chunks: readonly (TokenChunk | undefined)[];
  readonly generated: Generated;
  /** Where the run stands after this step. */
  readonly position: RunPosition;
  /** Seconds spent on decoding, grading, exact log-probs where decoding had none, and further masks. */
  readonly seconds: { readonly gen: number; readonly reward: number; readonly old: number; readonly aug: number };
}

/** No prompt of any batch can be learnt from. */
export class NothingToLearnError extends UserError {
  override readonly name = "NothingToLearnError";
}

/** The question and its answer are longer than the model's context. */
export class PromptTooLongError extends UserError {
  override readonly name = "PromptTooLongError";
}

/** Rows (rollouts and twins) that decode together: enough to fill a GPU, few enough to stop soon. */
const rowsPerBatch = 128;
/** Prompts of a step whose tokens are reported in full. */
const reportedPrompts = 1;

/** One prompt's answers. */
interface Group extends AnsweredQuestion {
  readonly texts: readonly string[];
  readonly rewards: readonly Reward[];
  readonly chunks: readonly (TokenChunk | undefined)[];
}

/**
 * Samples, grades and filters; undefined when stopped. Throws NothingToLearnError, PromptTooLongError, what grading throws,
 * TrainSettingError where rollouts cannot be decoded as the settings say, and RequestError when the answers to one prompt need more than
 * `budgetBytes` of GPU memory.
 */
export async function gatherExperience(
  session: Session,
  { problems: source, scorer }: { readonly problems: ProblemSource; readonly scorer: RewardScorer },
  settings: TrainSettings,
  position: RunPosition,
  { budgetBytes = Number.POSITIVE_INFINITY, ...events }: StepEvents & { readonly budgetBytes?: number | undefined } = {},
): Promise<Experience | undefined> {
  const { promptsPerStep, rolloutsPerPrompt, onlineFiltering, maxTryMakeBatch } = settings;
  const promptsPerPart = promptsTogether(session, source(settings, position.cursor), settings, budgetBytes);
  const kept: Group[] = [];
  const tally = new Tally();
  const seconds = { gen: 0, reward: 0, old: 0, aug: 0 };
  let batches = 0;
  let { cursor, streams } = position;
  while (kept.length < promptsPerStep && batches < (onlineFiltering ? maxTryMakeBatch : 1)) {
    batches++;
    for (let p = 0, count = 0; p < promptsPerStep; p += count) {
      events.onPhase?.("rollouts", onlineFiltering ? Math.min(kept.length, promptsPerStep - 1) : p, promptsPerStep);
      const isReported = kept.length < reportedPrompts;
      // Of rough answers only those that are reported have twins: alone, so that the others can go without.
      const isAlone = isReported && settings.rolloutArithmetic !== "f32";
      count = Math.min(isAlone ? reportedPrompts : promptsPerPart, promptsPerStep - p);
      const problems = Array.from({ length: count }, (_, i) => source(settings, cursor + i));
      const sampled = await sampleGroups(session, problems, settings, streams, isReported, events);
      if (!sampled) return undefined;
      cursor += count;
      streams += count * rolloutsPerPrompt;
      const graded = await grade(scorer, settings, sampled.groups);
      seconds.gen += sampled.seconds;
      seconds.reward += graded.seconds;
      for (const group of graded.groups) {
        tally.add(group);
        if (!onlineFiltering || teaches(group, settings)) kept.push(group);
      }
      if (events.signal?.aborted) return undefined;
    }
  }
  const generated = tally.generated(batches);
  if (kept.length === 0) throw nothingToLearn(generated, settings);
  if (kept.length < promptsPerStep) {
    const drawn = batches * promptsPerStep;
    events.onNotice?.(
      `The step learns from ${kept.length} of ${promptsPerStep} prompts: of ${drawn} drawn, the others were all right or all wrong.`,
    );
  }
  const groups = kept.slice(0, promptsPerStep);
  const { stats, gap, seconds: scoring } = await exactStats(session, groups, settings, events);
  if (events.signal?.aborted) return undefined;
  seconds.old = scoring;
  const started = performance.now();
  const dependency = await averageDependency(session, groups, stats, settings, events);
  seconds.aug = (performance.now() - started) / 1000;
  if (events.signal?.aborted) return undefined;
  return {
    problems: groups.map(({ problem }) => problem),
    prepared: groups.map(({ prepared }) => prepared),
    rollouts: groups.flatMap(({ rollouts }, group) => rollouts.map((rollout) => ({ ...rollout, group }))),
    streams: groups.flatMap(({ rollouts, firstStream }) => rollouts.map((_, r) => firstStream + r)),
    texts: groups.flatMap(({ texts }) => texts),
    rewards: groups.flatMap(({ rewards }) => rewards),
    stats,
    gap,
    dependency,
    chunks: groups.flatMap(({ chunks }, p) =>
      chunks.map((chunk, r) => {
        const rollout = p * rolloutsPerPrompt + r;
        return p < reportedPrompts && chunk ? numbered(withStats(chunk, stats[rollout] as TokenStats), rollout) : undefined;
      }),
    ),
    generated,
    position: { cursor, streams },
    seconds,
  };
}

/** Prompts whose answers decode together: by rows, and by memory as the first prompt has it. How many does not change an answer. */
function promptsTogether(session: Session, first: Problem, settings: TrainSettings, budgetBytes: number): number {
  const { rolloutsPerPrompt, pixels } = settings;
  const { maxNewTokens } = settings.sampling;
  const byRows = Math.max(1, Math.floor(rowsPerBatch / (2 * rolloutsPerPrompt)));
  if (budgetBytes === Number.POSITIVE_INFINITY) return byRows;
  const prompt = prepare(session, { questions: [questionOf(first)], rollouts: rolloutsPerPrompt, pixels })[0]?.prompt;
  if (!prompt) return byRows;
  // Every further prompt has a row of its own beside the answers' twins.
  const rollouts = (prompts: number) => prompts * rolloutsPerPrompt + prompts - 1;
  for (let prompts = byRows; prompts > 1; prompts--) {
    if (answerBytes(session, prompt, { rollouts: rollouts(prompts), maxNewTokens }) <= budgetBytes) return prompts;
  }
  checkMemory(session, prompt, { rollouts: rolloutsPerPrompt, maxNewTokens }, budgetBytes);
  return 1;
}

type UngradedGroup = Omit<Group, "rewards">;

/** Decodes some prompts together; undefined when stopped. */
async function sampleGroups(
  session: Session,
  problems: readonly Problem[],
  { rolloutsPerPrompt, sampling, mask, pixels, rolloutArithmetic: arithmetic }: TrainSettings,
  firstStream: number,
  reported: boolean,
  { signal }: StepEvents,
): Promise<{ readonly groups: UngradedGroup[]; readonly seconds: number } | undefined> {
  const started = performance.now();
  const questions = problems.map(questionOf);
  const request = { questions, rollouts: rolloutsPerPrompt, mask, pixels, firstStream };
  const prepared = prepare(session, request);
  // Rough answers are scored again with their masked pictures (`exactStats`), so that twins would only cost time; but alternatives under
  // the masked pictures are reported as decoding found them.
  const withTwins = reported || arithmetic === "f32";
  for (const { prompt } of prepared) checkRoom(session, prompt.ids.length, sampling.maxNewTokens);
  const steps: DecodedStep[] = [];
  const rollouts = await rollOut(
    session,
    {
      ...request,
      ...{ sampling, arithmetic, logProbs: !withTwins },
      alternatives: reported ? reportedAlternatives : 0,
      ...(signal && { signal }),
      ...(reported && { onStep: (step: DecodedStep) => steps.push(step) }),
    },
    withTwins ? prepared : prepared.map((question) => ({ ...question, masked: [] })),
  );
  if (signal?.aborted) return undefined;
  const groups = problems.map((problem, p) => {
    const own = rollouts.filter(({ group }) => group === p);
    return {
      problem,
      prepared: prepared[p] as PreparedQuestion,
      rollouts: own,
      firstStream: firstStream + p * rolloutsPerPrompt,
      texts: own.map(({ ids }) => session.tokenizer.decode(ids, { skipSpecial: true })),
      chunks: own.map((_, r) => (reported ? chunkOf(steps, p * rolloutsPerPrompt + r) : undefined)),
    };
  });
  return { groups, seconds: (performance.now() - started) / 1000 };
}

async function grade(scorer: RewardScorer, { reward }: TrainSettings, groups: readonly UngradedGroup[]) {
  const started = performance.now();
  const inputs = groups.flatMap(({ problem, texts }) => texts.map((text) => rewardInput(problem, text)));
  const rewards = await scorer.score(reward, inputs);
  let first = 0;
  const graded = groups.map((group): Group => {
    const own = rewards.slice(first, first + group.texts.length);
    first += own.length;
    return { ...group, rewards: own };
  });
  return { groups: graded, seconds: (performance.now() - started) / 1000 };
}

/** DAPO's dynamic sampling: a group that is all right or all wrong has no advantage. */
function teaches({ rewards }: Group, { filterLow, filterHigh }: TrainSettings): boolean {
  const accuracies = rewards.map(({ accuracy }) => accuracy);
  const oneGroup = accuracies.map(() => 0);
  return mixedGroups(accuracies, oneGroup, { low: filterLow, high: filterHigh })[0] === 1;
}

/** Means over all that was sampled. */
class Tally {
  #rollouts = 0;
  #tokens = 0;
  #accuracy = 0;
  #overall = 0;
  #format: number | undefined;

  add({ rollouts, rewards }: Group): void {
    this.#rollouts += rollouts.length;
    for (const { ids } of rollouts) this.#tokens += ids.length;
    for (const { accuracy, overall, format } of rewards) {
      this.#accuracy += accuracy;
      this.#overall += overall;
      if (format !== undefined) this.#format = (this.#format ?? 0) + format;
    }
  }

  generated(batches: number): Generated {
    const count = Math.max(1, this.#rollouts);
    return {
      rollouts: this.#rollouts,
      accuracy: this.#accuracy / count,
      overall: this.#overall / count,
      ...(this.#format !== undefined && { format: this.#format / count }),
      batches,
      tokens: this.#tokens,
    };
  }
}

function checkRoom({ contextTokens }: Session, promptTokens: number, maxNewTokens: number): void {
  if (promptTokens + maxNewTokens <= contextTokens) return;
  throw new PromptTooLongError(
    "The answers do not fit the model's context",
    `a prompt has ${promptTokens} tokens, an answer may have ${maxNewTokens}, and the model reads ${contextTokens}`,
    "Allow fewer new tokens, or lower the picture's maximum pixels",
  );
}

function nothingToLearn({ rollouts, accuracy, batches }: Generated, settings: TrainSettings): NothingToLearnError {
  const prompts = batches * settings.promptsPerStep;
  const all = accuracy >= 0.5 ? "right" : "wrong";
  const why = `all ${prompts} prompts drawn had answers that are all right or all wrong, with ${Math.round(accuracy * rollouts)} of ${rollouts} answers right`;
  const todo =
    all === "right"
      ? "Choose a higher difficulty, or a higher temperature"
      : "Choose a lower difficulty, more rollouts per prompt, or longer answers";
  return new NothingToLearnError("There is nothing left to learn from", why, todo);
}

function numbered(chunk: TokenChunk, rollout: number): TokenChunk {
  return { ...chunk, rollout: new Int32Array(chunk.rollout.length).fill(rollout) };
}
