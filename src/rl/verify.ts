// Recomputes files of VPPO cases (cases.json, named-cases.json: numbers of the official trainer's own functions) from their inputs
// and reports how far this implementation is from them. Pure: reading files and printing belong to the caller.

import * as v from "valibot";
import { UserError } from "@/lib/errors";
import { largestDifference, type VerifyLine, verifyLine } from "@/lib/verifyLine";
import { groupAdvantages } from "./advantage";
import { k3 } from "./dependency";
import { officialDefaults, type PolicySettings } from "./settings";
import type { Trajectory } from "./trajectory";
import { type PolicyUpdate, policyUpdate } from "./vppo";

const tolerance = 1e-5;

const numbers = v.array(v.number());
const rows = v.array(numbers);

const inputsSchema = v.object({
  old_log_probs: rows,
  log_probs: rows,
  aug_log_probs: rows,
  lengths: numbers,
  rewards: numbers,
  uids: v.array(v.union([v.string(), v.number()])),
});

const configSchema = v.object({
  use_vppo_on_perception: v.boolean(),
  // Selecting by entropy needs the entropies of the current policy, which these files do not hold.
  use_vppo_on_entropy: v.optional(v.literal(false), false),
  top_p_perception_tokens: v.number(),
  use_advantage_shaping: v.boolean(),
  advantage_scaling_min: v.number(),
  use_entropy_penalty: v.boolean(),
  entropy_penalty_coef: v.number(),
  clip_ratio_low: v.number(),
  clip_ratio_high: v.number(),
  clip_ratio_dual: v.number(),
  loss_avg_mode: v.picklist(["token", "seq"]),
  loss_type: v.optional(v.picklist(["default", "gspo", "gspo_token", "cispo"]), "default"),
});

const caseSchema = v.object({
  case: v.object({
    name: v.string(),
    mini: v.pipe(v.number(), v.integer(), v.minValue(1)),
    micro: v.pipe(v.number(), v.integer(), v.minValue(1)),
    config: configSchema,
    ...v.partial(inputsSchema).entries,
  }),
  result: v.object({
    advantages: numbers,
    // Measured as shaped over plain advantage, hence null where the advantage is 0.
    alpha: v.array(v.nullable(v.number())),
    token_mask: v.nullable(rows),
    pg_loss_per_micro: numbers,
    grad_wrt_log_probs: v.array(rows),
    metrics: v.optional(v.record(v.string(), v.union([v.number(), numbers])), {}),
  }),
});

const fileSchema = v.object({ inputs: v.optional(inputsSchema), cases: v.array(caseSchema) });

type Inputs = v.InferOutput<typeof inputsSchema>;
type Config = v.InferOutput<typeof configSchema>;
type Case = v.InferOutput<typeof caseSchema>;

/** A JSON file is not one this verifier knows. */
export class UnknownCasesError extends UserError {
  override readonly name = "UnknownCasesError";
}

/** True when the JSON looks like a file of VPPO cases: an object with a list `cases` of `{ case, result }`. */
export function isVppoCases(json: unknown): boolean {
  return v.is(v.object({ cases: v.array(v.object({ case: v.object({ config: v.unknown() }), result: v.unknown() })) }), json);
}

/** Recomputes every case and compares advantages, alpha, masks, losses, gradients and metrics; throws UnknownCasesError. */
export function verifyVppoCases(json: unknown): VerifyLine[] {
  const parsed = v.safeParse(fileSchema, json);
  if (!parsed.success) {
    const issue = parsed.issues[0];
    const why = `at "${v.getDotPath(issue) ?? "the top"}": ${issue.message}`;
    const todo = "Give a file like cases.json (inputs inside each case) or named-cases.json (inputs shared by all cases)";
    throw new UnknownCasesError("This JSON file is not a list of VPPO cases", why, todo);
  }
  return parsed.output.cases.flatMap((entry) => verifyCase(entry, inputsOf(entry, parsed.output.inputs)));
}

function inputsOf(entry: Case, shared: Inputs | undefined): Inputs {
  const own = v.safeParse(inputsSchema, entry.case);
  if (own.success) return own.output;
  if (shared) return shared;
  const todo = "Give old_log_probs, log_probs, aug_log_probs, lengths, rewards and uids in the case or for the whole file";
  throw new UnknownCasesError(`The case ${entry.case.name} cannot be computed`, "its inputs are missing", todo);
}

function verifyCase({ case: { name, mini, micro, config }, result }: Case, inputs: Inputs): VerifyLine[] {
  const settings = settingsOf(config, micro);
  const trajectories = trajectoriesOf(inputs);
  const updates: PolicyUpdate[] = [];
  for (let start = 0; start < trajectories.length; start += mini) {
    updates.push(policyUpdate(trajectories.slice(start, start + mini), settings));
  }
  const lines = [
    [
      "advantages",
      largestDifference(
        updates.flatMap((update) => [...update.advantages]),
        result.advantages,
      ),
    ],
    ["alpha", alphaDifference(updates, result)],
    ["mask", maskDifference(updates, result.token_mask, inputs.lengths)],
    [
      "loss",
      largestDifference(
        updates.flatMap((update) => lossesOf(update)),
        result.pg_loss_per_micro,
      ),
    ],
    ["gradient", gradientDifference(updates, result.grad_wrt_log_probs, { mini, lengths: inputs.lengths })],
    ["metrics", metricsDifference(updates, result.metrics)],
  ] as const;
  return lines.map(([quantity, difference]) => verifyLine(`${name} ${quantity}`, difference, tolerance));
}

function settingsOf(config: Config, micro: number): PolicySettings {
  return {
    ...officialDefaults,
    dependencyMeasure: "k3",
    keepRatio: config.top_p_perception_tokens,
    betaMin: config.advantage_scaling_min,
    tokenSelection: config.use_vppo_on_perception ? "dependency" : "all",
    // The official code ignores the shaping switch when the filter is off.
    shaping: config.use_advantage_shaping && config.use_vppo_on_perception ? "advantage" : "off",
    clipLow: config.clip_ratio_low,
    clipHigh: config.clip_ratio_high,
    clipDual: config.clip_ratio_dual,
    entropyPenaltyCoef: config.use_entropy_penalty ? config.entropy_penalty_coef : 0,
    aggregation: config.loss_avg_mode,
    lossType: config.loss_type,
    microBatchSize: micro,
  };
}

// Advantages come from whole groups, before mini-batches cut them.
function trajectoriesOf(inputs: Inputs): readonly Trajectory[] {
  const advantages = groupAdvantages(inputs.rewards, inputs.uids);
  return inputs.lengths.map((length, i) => {
    const tokens = (list: readonly (readonly number[])[]) => Float32Array.from((list[i] ?? []).slice(0, length));
    const logpOld = tokens(inputs.old_log_probs);
    return {
      group: inputs.uids[i] ?? "",
      reward: inputs.rewards[i] ?? Number.NaN,
      advantage: advantages[i] ?? Number.NaN,
      logp: tokens(inputs.log_probs),
      logpOld,
      dependency: k3(logpOld, tokens(inputs.aug_log_probs)),
    };
  });
}

function lossesOf(update: PolicyUpdate): readonly number[] {
  return update.microBatchMetrics.map((metrics) => metrics["actor/pg_loss"] ?? Number.NaN);
}

function alphaDifference(updates: readonly PolicyUpdate[], { alpha, advantages }: Case["result"]): number {
  const actual = updates.flatMap((update) => [...update.alpha]);
  return largestDifference(
    actual,
    alpha.map((value, i) => (value === null && advantages[i] === 0 ? (actual[i] ?? Number.NaN) : (value ?? Number.NaN))),
  );
}

// A file without a mask (filter off) expects every token to count.
function maskDifference(
  updates: readonly PolicyUpdate[],
  expected: readonly number[][] | null,
  lengths: readonly number[],
): number {
  const masks = updates.flatMap((update) => update.masks);
  if (expected && expected.length !== masks.length) return Number.POSITIVE_INFINITY;
  return largest(
    masks.map((mask, i) =>
      largestDifference(mask, expected ? (expected[i] ?? []).slice(0, lengths[i]) : new Uint8Array(mask.length).fill(1)),
    ),
  );
}

// One list of rows per optimiser step, for all trajectories of the file; those of other mini-batches must be zero.
function gradientDifference(
  updates: readonly PolicyUpdate[],
  expected: readonly (readonly (readonly number[])[])[],
  { mini, lengths }: { readonly mini: number; readonly lengths: readonly number[] },
): number {
  if (expected.length !== updates.length) return Number.POSITIVE_INFINITY;
  return largest(
    updates.flatMap((update, step) =>
      lengths.map((length, i) => {
        const actual = update.gradient[i - step * mini] ?? new Float32Array(length);
        return largestDifference(actual, (expected[step]?.[i] ?? []).slice(0, length));
      }),
    ),
  );
}

// Relative above 1, since betaMax may be as large as 1e7. The gradient norm belongs to the optimiser, not to these metrics.
function metricsDifference(
  updates: readonly PolicyUpdate[],
  expected: Readonly<Record<string, number | readonly number[]>>,
): number {
  const actual = new Map<string, number[]>();
  for (const metrics of updates.flatMap((update) => update.microBatchMetrics)) {
    for (const [name, value] of Object.entries(metrics)) actual.set(name, [...(actual.get(name) ?? []), value]);
  }
  return largest(
    Object.entries(expected)
      .filter(([name]) => name !== "actor/grad_norm")
      .map(([name, values]) => {
        const ours = actual.get(name) ?? [];
        const theirs = typeof values === "number" ? ours.map(() => values) : values;
        if (ours.length === 0 || ours.length !== theirs.length) return Number.POSITIVE_INFINITY;
        return largest(
          ours.map((value, i) => Math.abs(value - (theirs[i] as number)) / Math.max(1, Math.abs(theirs[i] as number))),
        );
      }),
  );
}

function largest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), 0);
}
