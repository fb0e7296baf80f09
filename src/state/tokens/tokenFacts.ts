// Everything the page says about one token, gathered from buffer and update: for the pop-over, the inspector and the spoken
// sentence. Computes nothing that `rl` computes.

import { answerTokens } from "@/client/live";
import { type DependencyMeasure, dependencyMeasures, k3 } from "@/rl/dependency";
import { isKept } from "@/rl/tokenSelection";
import { formatNumber } from "@/ui/formatNumber";
import { displayText } from "@/ui/tokens/chunking";
import { type PairedTop, pairedTop } from "../answers/pairedTop";
import type { AnswerUpdate } from "../answers/update";
import type { TokenRef } from "../selection";

export interface TokenFacts {
  readonly ref: TokenRef;
  readonly id: number;
  readonly text: string;
  readonly tokenCount: number;
  readonly measure: DependencyMeasure;
  readonly dependency: number;
  /** 1 is the token that depends most on the image. */
  readonly rank: number;
  readonly kept: boolean;
  readonly logp: number;
  readonly logpMasked: number;
  readonly kl: number;
  readonly k3: number;
  readonly jsd: number;
  readonly entropy: number;
  readonly entropyMasked: number;
  readonly top1Drop: number;
  readonly pairs: PairedTop;
}

/** What is known of a token; null when there is no such token. */
export function tokenFacts({ rollout, token }: TokenRef, update: AnswerUpdate): TokenFacts | null {
  if (rollout >= answerTokens.rolloutCount || token >= answerTokens.length(rollout)) return null;
  const dependencies = update.dependencies[rollout];
  const dependency = dependencies?.[token];
  if (!dependencies || dependency === undefined) return null;
  const stats = answerTokens.stats(rollout);
  const id = answerTokens.ids(rollout)[token] as number;
  const logp = stats.logp[token] as number;
  const logpMasked = stats.logpMasked[token] as number;
  const kl = stats.kl[token] as number;
  const [image, masked] = [answerTokens.top(rollout, token, 0), answerTokens.top(rollout, token, 1)];
  return {
    ref: { rollout, token },
    id,
    text: answerTokens.text(id),
    tokenCount: dependencies.length,
    measure: update.policy.dependencyMeasure,
    dependency,
    rank: dependencies.reduce((rank, other) => (other > dependency ? rank + 1 : rank), 1),
    kept: isKept(update.preview?.masks[rollout]?.[token]),
    logp,
    logpMasked,
    kl,
    k3: k3(Float32Array.of(logp), Float32Array.of(logpMasked))[0] as number,
    jsd: stats.jsd[token] as number,
    entropy: stats.entropy[token] as number,
    entropyMasked: stats.entropyMasked[token] as number,
    top1Drop: stats.top1Drop[token] as number,
    pairs: pairedTop(image, masked, { id, logp, logpMasked }, kl),
  };
}

/** The unit of a dependency measure, as text after a number; empty for probabilities. */
export function unitOf(measure: DependencyMeasure): string {
  return dependencyMeasures[measure].unit === "nats" ? "nats" : "";
}

/** Short names of the measures, for figures. */
export const measureSymbols: Readonly<Record<DependencyMeasure, string>> = {
  kl: "KL",
  k3: "k3",
  jsd: "JSD",
  top1_drop: "top-1 drop",
};

/** What a screen reader says: "token 41, bus, dependency 1.92 nats, rank 3 of 214, kept". */
export function spokenToken(facts: TokenFacts): string {
  const text = displayText(facts.text).trim() || "space";
  const value = `${formatNumber(facts.dependency)} ${unitOf(facts.measure)}`.trim();
  const kept = facts.kept ? "kept" : "filtered out";
  return `token ${facts.ref.token + 1}, ${text}, dependency ${value}, rank ${facts.rank} of ${facts.tokenCount}, ${kept}`;
}
