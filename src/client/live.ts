// The buffers of this page: the shown answer, the current training run and the recorded run it is compared with. One of each,
// because the page shows one of each; notifications are batched per frame.

import type { RgbImage } from "@/image/rgbImage";
import type { PixelLimits } from "@/protocol/image";
import { SeriesBuffer } from "./seriesBuffer";
import { type Schedule, TokenBuffer } from "./tokenBuffer";

const perFrame: Schedule = (notify) => {
  // Hidden tabs and Node get no frames; data must still arrive there.
  if (typeof document === "undefined" || document.hidden) setTimeout(notify, 0);
  else requestAnimationFrame(notify);
};

/** Tokens of the shown answer. */
export const answerTokens = new TokenBuffer(perFrame);
/** The current training run. */
export const trainingSeries = new SeriesBuffer(perFrame);
/** The recorded run, drawn as the baseline; empty until the recording is loaded. */
export const baselineSeries = new SeriesBuffer(perFrame);

/** What it takes to measure an answer again, besides its tokens, question and picture. */
export interface AnswerOrigin {
  /** Name of the model whose tokens these are. */
  readonly model: string;
  /** The first picture as it was given; what the model saw of it is the header's. */
  readonly picture?: RgbImage;
  readonly moreImages?: readonly RgbImage[];
  readonly pixels?: PixelLimits;
}

/** What is known of the shown answer besides its tokens. */
export interface AnswerHeader {
  readonly question: string;
  /** The known answer; null when nobody knows it. */
  readonly answer: string | null;
  /** What the model saw; null until the engine says so. */
  readonly image: RgbImage | null;
  /** One masked twin, or one per rollout. */
  readonly masked: readonly RgbImage[];
  /** Rewards that came with the data; otherwise they follow from the known answer. */
  readonly rewards: readonly number[] | null;
  readonly notices: readonly string[];
  /** Absent: the loaded model wrote it, about this picture alone. */
  readonly origin?: AnswerOrigin;
}

let header: AnswerHeader | null = null;
const headerListeners = new Set<() => void>();

/** The header of the shown answer; null before the first one. */
export function answerHeader(): AnswerHeader | null {
  return header;
}

/** Replaces the header; call it before the tokens of a new answer start. */
export function setAnswerHeader(next: AnswerHeader | null): void {
  header = next;
  for (const listener of headerListeners) listener();
}

/** Calls back when the header changes; returns the way to stop. */
export function subscribeAnswerHeader(listener: () => void): () => void {
  headerListeners.add(listener);
  return () => headerListeners.delete(listener);
}
