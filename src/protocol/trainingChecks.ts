// Training settings that cannot work, with the setting's name and the reason: the page asks before it sends them and shows the
// sentence at the field, the engine asks again before anything runs. Pure; what only shows with the model (a prompt that is too
// long, a tower that cannot be trained) is refused where it shows.

import { UserError } from "@/lib/errors";
import { rewardKinds } from "@/rl/reward/rewardKind";
import { policySettingsError } from "@/rl/settings";
import type { LoraTarget, TrainSettings } from "./training";

/** A setting of a training run cannot be used. */
export class TrainSettingError extends UserError {
  override readonly name = "TrainSettingError";

  /** @param key Path in TrainSettings: "learningRate", "sampling.temperature", "policy.keepRatio". */
  constructor(
    readonly key: string,
    what: string,
    why: string,
    todo: string,
  ) {
    super(what, why, todo);
  }
}

/** What the checks need to know of a task. */
export interface CheckedTask {
  readonly id: string;
  readonly difficulties: readonly { readonly value: number }[];
}

/** The first setting that cannot work; undefined when all can. */
export function trainSettingsError(settings: TrainSettings, tasks: readonly CheckedTask[]): TrainSettingError | undefined {
  return trainSettingsErrors(settings, tasks)[0];
}

/** Every setting that cannot work, one error each. */
export function trainSettingsErrors(settings: TrainSettings, tasks: readonly CheckedTask[]): readonly TrainSettingError[] {
  const limits = rules.map(({ key, of, isValid, range, reason }) => {
    const value = of(settings);
    if (typeof value === "number" && Number.isFinite(value) && isValid(value, settings)) return undefined;
    return unusable(key, reason?.(settings) ?? `its value is ${String(value)}`, `Allowed: ${range}`);
  });
  const others = [choiceError(settings), taskError(settings, tasks), policyError(settings)];
  const errors = [...limits, ...others, warmUpError(settings), referenceError(settings)].filter((error) => error !== undefined);
  // What is said of a value alone comes before what is said of it beside another.
  return errors.filter(({ key }, i) => errors.findIndex((error) => error.key === key) === i);
}

/** The KL penalty needs a reference policy, which is the model without its adapter; training of all weights has none. */
export function referenceError({
  policy: { klCoef },
  trainable,
}: Pick<TrainSettings, "policy" | "trainable">): TrainSettingError | undefined {
  if (!(klCoef > 0) || trainable !== "full") return undefined;
  const why = "the reference is the model without its adapter, and all weights are trained";
  return unusable("policy.klCoef", why, "Set it to 0, or train an adapter");
}

/** The first setting that differs and that a run cannot change once it has begun; undefined when the run can go on. */
export function fixedSettingsError(before: TrainSettings, after: TrainSettings): TrainSettingError | undefined {
  const full = before.trainable === "full";
  const key = fixedKeys.find((name) => String(before[name]) !== String(after[name]) && !(full && name.startsWith("lora")));
  if (!key) return undefined;
  const why = `the run began with ${String(before[key])}, and ${String(after[key])} needs another adapter or other problems`;
  return new TrainSettingError(
    key,
    `The setting ${key} cannot change within a run`,
    why,
    "Reset the training, or start a new run",
  );
}

const fixedKeys = [
  "task",
  "trainable",
  "loraRank",
  "loraAlpha",
  "loraTargets",
  "seed",
] as const satisfies readonly (keyof TrainSettings)[];

interface Rule {
  readonly key: string;
  readonly of: (settings: TrainSettings) => unknown;
  readonly isValid: (value: number, settings: TrainSettings) => boolean;
  readonly range: string;
  /** Why, where the value alone does not tell. */
  readonly reason?: (settings: TrainSettings) => string | undefined;
}

const whole = (low: number, high: number) => (value: number) => Number.isInteger(value) && value >= low && value <= high;
const largest = Number.MAX_SAFE_INTEGER;

const rules: readonly Rule[] = [
  { key: "promptsPerStep", of: (s) => s.promptsPerStep, isValid: whole(1, 1024), range: "1 to 1024" },
  {
    key: "rolloutsPerPrompt",
    of: (s) => s.rolloutsPerPrompt,
    isValid: whole(2, 64),
    range: "2 to 64",
    reason: (s) =>
      s.rolloutsPerPrompt === 1 ? "the advantage of an answer is relative to the other answers of its prompt" : undefined,
  },
  { key: "maskDraws", of: (s) => s.maskDraws, isValid: whole(1, 32), range: "1 to 32" },
  { key: "maxTryMakeBatch", of: (s) => s.maxTryMakeBatch, isValid: whole(1, 1000), range: "1 to 1000" },
  {
    key: "promptsPerUpdate",
    of: (s) => s.promptsPerUpdate,
    isValid: (value, s) => value === 0 || (whole(1, s.promptsPerStep)(value) && s.promptsPerStep % value === 0),
    range: "0 for all, or a number that divides the prompts per step",
    reason: (s) => `${s.promptsPerUpdate} prompts per update do not divide ${s.promptsPerStep} prompts per step`,
  },
  { key: "ppoEpochs", of: (s) => s.ppoEpochs, isValid: whole(1, 64), range: "1 to 64" },
  { key: "filterLow", of: (s) => s.filterLow, isValid: () => true, range: "a number" },
  {
    key: "filterHigh",
    of: (s) => s.filterHigh,
    isValid: (value, s) => !s.onlineFiltering || value > s.filterLow,
    range: "above the lower limit",
    reason: (s) => `no accuracy lies between ${s.filterLow} and ${s.filterHigh}`,
  },
  { key: "learningRate", of: (s) => s.learningRate, isValid: (value) => value >= 0 && value <= 1, range: "0 to 1" },
  { key: "lrWarmupSteps", of: (s) => s.lrWarmupSteps, isValid: whole(0, largest), range: "0 or more steps" },
  { key: "minLrRatio", of: (s) => s.minLrRatio, isValid: (value) => value >= 0 && value <= 1, range: "0 to 1" },
  { key: "maxSteps", of: (s) => s.maxSteps, isValid: whole(1, largest), range: "1 or more steps" },
  { key: "weightDecay", of: (s) => s.weightDecay, isValid: (value) => value >= 0, range: "0 or more" },
  { key: "maxGradNorm", of: (s) => s.maxGradNorm, isValid: (value) => value > 0, range: "above 0" },
  {
    key: "loraRank",
    of: (s) => s.loraRank,
    // Kernels read numbers by fours.
    isValid: (value, s) => s.trainable === "full" || (whole(4, 512)(value) && value % 4 === 0),
    range: "4, 8, 12, … 512",
  },
  { key: "loraAlpha", of: (s) => s.loraAlpha, isValid: (value, s) => s.trainable === "full" || value > 0, range: "above 0" },
  { key: "seed", of: (s) => s.seed, isValid: whole(-largest, largest), range: "a whole number" },
  {
    key: "sampling.temperature",
    of: (s) => s.sampling.temperature,
    isValid: (value) => value > 0,
    range: "above 0",
    reason: (s) =>
      s.sampling.temperature === 0 ? "greedy answers to a prompt are all the same, so none is better than another" : undefined,
  },
  { key: "sampling.topP", of: (s) => s.sampling.topP, isValid: (value) => value > 0 && value <= 1, range: "above 0, at most 1" },
  { key: "sampling.topK", of: (s) => s.sampling.topK, isValid: whole(0, largest), range: "0 for all, or a whole number" },
  { key: "sampling.maxNewTokens", of: (s) => s.sampling.maxNewTokens, isValid: whole(1, largest), range: "1 or more" },
  { key: "mask.ratio", of: (s) => s.mask.ratio, isValid: (value) => value >= 0 && value <= 1, range: "0 to 1" },
  { key: "mask.cellSize", of: (s) => s.mask.cellSize, isValid: (value) => value >= 1, range: "1 or more pixels" },
  { key: "reward.tolerance", of: (s) => s.reward.tolerance, isValid: (value) => value >= 0, range: "0 or more" },
];

const loraTargets = new Set<LoraTarget>(["text", "projector", "vision"]);

function choiceError({
  trainable,
  loraTargets: targets,
  lrSchedule,
  reward,
  mask,
}: TrainSettings): TrainSettingError | undefined {
  if (trainable !== "lora" && trainable !== "full")
    return unusable("trainable", `it is ${String(trainable)}`, "Allowed: lora, full");
  if (trainable === "lora" && targets.length === 0) {
    return unusable("loraTargets", "without a part to attach to nothing would be trained", "Choose text, projector or vision");
  }
  const unknown = targets.find((target) => !loraTargets.has(target));
  if (unknown) return unusable("loraTargets", `there is no part called "${unknown}"`, "Choose text, projector or vision");
  if (!["constant", "cosine", "linear"].includes(lrSchedule)) {
    return unusable("lrSchedule", `it is ${String(lrSchedule)}`, "Allowed: constant, cosine, linear");
  }
  if (!rewardKinds.includes(reward.kind)) {
    return unusable("reward.kind", `there is no reward called "${reward.kind}"`, `Allowed: ${[...rewardKinds].join(", ")}`);
  }
  if (reward.kind === "custom" && (reward.source ?? "").trim() === "") {
    return unusable("reward.source", "it is empty", "Write a function, or choose a built-in reward");
  }
  if (mask.strategy === "region") {
    return unusable(
      "mask.strategy",
      "a drawn region belongs to one picture, and every problem has another",
      "Choose another mask",
    );
  }
  return undefined;
}

function warmUpError({ lrSchedule, lrWarmupSteps, maxSteps }: TrainSettings): TrainSettingError | undefined {
  if (lrSchedule === "constant" || !(lrWarmupSteps >= maxSteps)) return undefined;
  const why = `warm-up takes ${lrWarmupSteps} steps, and the schedule ends after ${maxSteps}`;
  return unusable("lrWarmupSteps", why, "Set fewer steps of warm-up, or more in all");
}

function taskError({ task, difficulty }: TrainSettings, tasks: readonly CheckedTask[]): TrainSettingError | undefined {
  const known = tasks.find(({ id }) => id === task);
  if (!known) return unusable("task", `there is none called "${task}"`, `Choose ${tasks.map(({ id }) => id).join(" or ")}`);
  if (difficulty === undefined || known.difficulties.some(({ value }) => value === difficulty)) return undefined;
  const levels = known.difficulties.map(({ value }) => value).join(", ");
  return unusable("difficulty", `the task "${task}" has no level ${difficulty}`, `Choose one of ${levels}`);
}

function policyError({ policy }: TrainSettings): TrainSettingError | undefined {
  const error = policySettingsError(policy);
  if (!error) return undefined;
  const { key, what, why, todo } = error;
  return new TrainSettingError(`policy.${key}`, what, why, todo);
}

function unusable(key: string, why: string, todo: string): TrainSettingError {
  return new TrainSettingError(key, `The setting ${key} cannot be used`, why, todo);
}
