// Rollouts of held-out questions as an update takes them: what the benches of training begin with.

import { prepare, type RolloutRequest, rollOut, tokenStatsOf } from "@/engine/decoding/rollouts";
import type { Session } from "@/engine/session";
import type { UpdateInput } from "@/engine/training/update/stepPasses";
import type { TrainSettings } from "@/protocol/training";
import { dependencyOf, type TokenStats } from "@/rl/dependency";
import { withInstruction } from "@/tasks/instruction";
import { sampleShapes } from "@/tasks/shapes/sampleShapes";

export interface ExperienceSize {
  readonly prompts: number;
  /** Answers per prompt. */
  readonly rollouts: number;
  /** Most tokens of an answer; with `session.eosIds` empty, every answer has as many. */
  readonly tokens: number;
}

/** Answers with rewards that alternate; without `mask` they have no twins and their statistics are zeros. */
export async function sampleExperience(
  session: Session,
  { prompts, rollouts, tokens }: ExperienceSize,
  { sampling, policy }: Pick<TrainSettings, "sampling" | "policy">,
  mask?: RolloutRequest["mask"],
): Promise<UpdateInput> {
  const problems = Array.from({ length: prompts }, (_, i) => sampleShapes(1, i, "heldOut"));
  const questions = problems.map(({ image, question }) => ({ image, text: withInstruction(question) }));
  const request = { questions, rollouts, ...(mask && { mask }) };
  const prepared = prepare(session, request);
  const answers = await rollOut(session, { ...request, sampling: { ...sampling, maxNewTokens: tokens } }, prepared);
  // Without twins nothing is measured: on policy the ratio is 1 whatever the log-probs are.
  const stats = answers.map((rollout) => (mask ? tokenStatsOf(rollout) : silent(rollout.ids.length)));
  return {
    prepared,
    rollouts: answers,
    streams: answers.map((_, i) => i),
    rewards: answers.map((_, i) => ({ overall: i % 2, accuracy: i % 2 })),
    stats,
    dependency: stats.map((of) => dependencyOf(of, policy.dependencyMeasure)),
  };
}

function silent(length: number): TokenStats {
  const zeros = new Float32Array(length);
  return { logp: zeros, logpMasked: zeros, kl: zeros, jsd: zeros, entropy: zeros, entropyMasked: zeros, top1Drop: zeros };
}
