// What the Step tab takes apart, in one form: a training step as it was reported, or the shown answer as the next update would see
// it. Collects numbers and texts; computes none.

import type { TokenBuffer } from "@/client/tokenBuffer";
import type { RgbImage } from "@/image/rgbImage";
import { tokenStatColumns } from "@/protocol/generation";
import type { StepMetrics, StepReport, TrainRollout } from "@/protocol/training";
import type { PolicySettings } from "@/rl/settings";
import type { AnswerUpdate } from "@/state/answers/update";

/** The answers to one question. */
export interface StepGroup {
  readonly question: string;
  /** Null when nobody knows it. */
  readonly answer: string | null;
  readonly image: RgbImage | null;
  /** Indices into `StepSource.rollouts`. */
  readonly rollouts: readonly number[];
}

/** One answer; arrays have one entry per token, and are absent where they were not reported. */
export interface StepRollout {
  /** Index into `StepSource.groups`. */
  readonly group: number;
  readonly text: string;
  /** Null when nobody knows it; it then counts as 0. */
  readonly reward: number | null;
  readonly dependency: Float32Array;
  /** log π under the weights that sampled. */
  readonly logpOld?: Float32Array;
  /** log π under the weights of the update; `logpOld` where they are the same. */
  readonly logp?: Float32Array;
  readonly logpMasked?: Float32Array;
  readonly kl?: Float32Array;
  readonly entropy?: Float32Array;
  /** Counter of random token selection. */
  readonly stream?: number;
  /** m_t as the trainer reported it. */
  readonly mask?: Float32Array;
  readonly moves?: Float32Array;
  readonly tokens?: readonly string[];
}

export interface StepSource {
  readonly kind: "step" | "answer";
  /** Number of the step; null for the shown answer. */
  readonly step: number | null;
  readonly policy: PolicySettings;
  /** False where the settings of the step were not stored and the page's are taken. */
  readonly isOwnPolicy: boolean;
  /** Prompts per optimizer step; 0 takes all at once. */
  readonly promptsPerUpdate: number;
  readonly ppoEpochs: number;
  readonly maxGradNorm: number | null;
  readonly groups: readonly StepGroup[];
  readonly rollouts: readonly StepRollout[];
  /** Of the whole step; empty for the shown answer. */
  readonly metrics: StepMetrics;
}

/** A reported step; `fallback` are the settings for reports that were stored without theirs. */
export function sourceOfStep(report: StepReport, fallback: PolicySettings): StepSource {
  const { recipe, rollouts, images, metrics, step } = report;
  const prompts = [...new Set(rollouts.map(({ prompt }) => prompt))].sort((a, b) => a - b);
  return {
    kind: "step",
    step,
    policy: recipe?.policy ?? fallback,
    isOwnPolicy: recipe !== undefined,
    promptsPerUpdate: recipe?.promptsPerUpdate ?? 0,
    ppoEpochs: recipe?.ppoEpochs ?? 1,
    maxGradNorm: recipe?.maxGradNorm ?? null,
    groups: prompts.map((prompt) => {
      const members = rollouts.flatMap((one, i) => (one.prompt === prompt ? [i] : []));
      const { question = "", answer = "" } = rollouts[members[0] ?? 0] ?? {};
      return { question, answer, image: images[prompt] ?? null, rollouts: members };
    }),
    rollouts: rollouts.map((rollout) => rolloutOf(rollout, prompts.indexOf(rollout.prompt), report)),
    metrics,
  };
}

function rolloutOf(rollout: TrainRollout, group: number, { texts }: StepReport): StepRollout {
  const { text, reward, dependency, mask, moves, logp: logpOld, logpAtUpdate, tokens } = rollout;
  return {
    group,
    text,
    reward,
    dependency,
    mask,
    ...(logpOld && { logpOld, logp: logpAtUpdate ?? logpOld }),
    ...(moves && { moves }),
    ...(tokens && {
      tokens: Array.from(tokens.ids, (id) => texts[id] ?? `#${id}`),
      logpMasked: columnOf(tokens.stats, "logpMasked"),
      kl: columnOf(tokens.stats, "kl"),
      entropy: columnOf(tokens.stats, "entropy"),
    }),
  };
}

function columnOf(stats: Float32Array, name: (typeof tokenStatColumns)[number]): Float32Array {
  const width = tokenStatColumns.length;
  const column = tokenStatColumns.indexOf(name);
  return Float32Array.from({ length: stats.length / width }, (_, t) => stats[t * width + column] as number);
}

/** The shown answer as the next update would see it; without tokens it has no rollouts. */
export function sourceOfAnswer(
  update: AnswerUpdate,
  buffer: TokenBuffer,
  shown: { readonly question: string; readonly answer: string | null; readonly image: RgbImage | null } | null,
): StepSource {
  const all = update.dependencies.map((_, i) => i);
  const hasTokens = update.dependencies.some(({ length }) => length > 0);
  return {
    kind: "answer",
    step: null,
    policy: update.policy,
    isOwnPolicy: true,
    promptsPerUpdate: 0,
    ppoEpochs: 1,
    maxGradNorm: null,
    groups: hasTokens
      ? [{ question: shown?.question ?? "", answer: shown?.answer ?? null, image: shown?.image ?? null, rollouts: all }]
      : [],
    rollouts: hasTokens
      ? all.map((i) => {
          const { logp, logpMasked, kl, entropy } = buffer.stats(i);
          return {
            group: 0,
            text: buffer.rolloutText(i),
            reward: update.measuredRewards[i] ?? null,
            dependency: update.dependencies[i] as Float32Array,
            logp,
            logpOld: logp,
            logpMasked,
            kl,
            entropy,
            stream: i,
            tokens: Array.from(buffer.ids(i), (id) => buffer.text(id)),
          };
        })
      : [],
    metrics: {},
  };
}
