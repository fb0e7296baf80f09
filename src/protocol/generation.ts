// Asking: what the page sends and what streams back. Token data is columnar: one chunk per decode step or per batch of
// steps, typed arrays only, ready for `client/tokenBuffer.ts`.

import type { RgbImage } from "@/image/rgbImage";
import type { MaskSettings, PixelLimits } from "./image";

export interface SamplingSettings {
  /** 0 is greedy. */
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly seed: number;
  readonly maxNewTokens: number;
}

export interface AskRequest {
  readonly image: RgbImage;
  /** Pictures after the first one, in the order of the prompt. */
  readonly moreImages?: readonly RgbImage[];
  readonly question: string;
  /** Ask as it stands, without the instruction to reason and to box the answer. */
  readonly plain?: boolean;
  /** Tokens that every answer begins with, as when one goes on from another token of an answer; they do not stream. */
  readonly prefix?: Int32Array;
  /** Number of rollouts G. */
  readonly rollouts: number;
  readonly sampling: SamplingSettings;
  readonly mask: MaskSettings;
  readonly pixels?: PixelLimits;
  /** Alternatives kept per token and condition. */
  readonly topK: number;
}

/** Columns of `TokenChunk.stats`, in nats (ops/headStats). */
export const tokenStatColumns = ["logp", "logpMasked", "kl", "jsd", "entropy", "entropyMasked", "top1Drop"] as const;
export type TokenStat = (typeof tokenStatColumns)[number];

/** Tokens of one or more rollouts, in order of generation. n rows. */
export interface TokenChunk {
  readonly rollout: Int32Array; // [n]
  readonly ids: Int32Array; // [n]
  readonly stats: Float32Array; // [n, 7], columns as tokenStatColumns
  /** Most likely tokens with the image (row 0) and with the masked image (row 1). */
  readonly topIds: Int32Array; // [n, 2, topK]
  readonly topLogp: Float32Array; // [n, 2, topK] log-probability under the row's own condition
  readonly topOther: Float32Array; // [n, 2, topK] log-probability of the same token under the other condition
}

/** Display texts of token ids that have not been sent before. */
export type TokenTexts = Readonly<Record<number, string>>;

export type AskEvent =
  | {
      readonly type: "started";
      readonly rollouts: number;
      readonly topK: number;
      readonly promptTokens: number;
      /** What the model sees after resizing, and its masked twins (one, or one per rollout). */
      readonly image: RgbImage;
      readonly masked: readonly RgbImage[];
      readonly notices: readonly string[];
    }
  | { readonly type: "tokens"; readonly chunk: TokenChunk; readonly texts: TokenTexts }
  | { readonly type: "rolloutFinished"; readonly rollout: number; readonly reason: "stop" | "length" }
  | { readonly type: "finished"; readonly tokensPerSecond: number; readonly elapsedMs: number; readonly stopped: boolean };
