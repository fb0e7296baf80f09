// Scoring: the statistics of given responses with the image and with its masked copy, through the packed forward pass and the
// tiled head. It measures and decides nothing; the numbers equal those of decoding bit for bit, because a row's numbers
// depend on that row alone.

import { clone, concat, dispose, keep, type Tensor, type Tensor2D, tidy } from "@tensorflow/tfjs-core";
import { readTensors } from "@/gpu/readback";
import type { TextDecoder } from "@/nn/textDecoder";
import { gatherRows } from "@/ops/embedding/gatherRows";
import { headLogProb, headStats } from "@/ops/headStats/headStats";
import { headStatsWidth } from "@/ops/headStats/logitStats";
import type { TokenStats, TokenStatsWithoutJsd } from "@/rl/dependency";
import { type TextBatch, textBatch } from "./batch";
import { type PackedRows, type PackGroup, packGroups, perResponse } from "./packing";
import type { Session } from "./session";
import { tokenStatsOfRows } from "./tokenStats";

/** Responses to one prompt, with the features of the picture they are scored with. */
export interface FeaturedGroup extends PackGroup {
  readonly features: Tensor; // [F, D]
}

/** The same with the features of its masked images. */
export interface ScoreGroup extends FeaturedGroup {
  /** Features of the masked image: one for all responses, or one per response. */
  readonly masked: readonly Tensor[];
}

/** Final hidden rows of a packed batch, [M, D]; `features` are those of all its groups in order. */
export function finalHidden(text: TextDecoder, batch: TextBatch, features: readonly Tensor[]): Tensor {
  return tidy(() => {
    const { featureIndex, featureRows } = batch;
    const merge = features.length > 0 ? { features: concat(features as Tensor2D[], 0), featureIndex, featureRows } : undefined;
    return text.decode(text.embed(batch.ids, merge), { ...batch.pass, merge });
  });
}

/** Statistics of every token of every response, in group order; nats, the top-1 drop a probability. */
export function scoreResponses(session: Session, groups: readonly ScoreGroup[]): Promise<TokenStats[]> {
  return compared(session, groups, (original, masked) => original.against(masked));
}

/** The same without the Jensen-Shannon divergence: where the logits are taken in tiles, the head is then read once instead of twice. */
export function scoreWithoutJsd(session: Session, groups: readonly ScoreGroup[]): Promise<TokenStatsWithoutJsd[]> {
  return compared(session, groups, (original, masked) => original.againstWithoutJsd(masked));
}

async function compared<T>(
  session: Session,
  groups: readonly ScoreGroup[],
  compare: (original: ScoredRows, masked: ScoredRows) => Promise<T>,
): Promise<T> {
  const original = new ScoredRows(session, groups);
  const masked = new ScoredRows(
    session,
    groups.flatMap((group) => withMasked(group, group.masked)),
  );
  try {
    return await compare(original, masked);
  } finally {
    original[Symbol.dispose]();
    masked[Symbol.dispose]();
  }
}

/**
 * The responses of a group with masked pictures in place of its own, in their order: features for all of them, or for each its own.
 * Throws RangeError when some have none.
 */
export function withMasked({ prompt, responses }: PackGroup, masked: readonly Tensor[]): readonly FeaturedGroup[] {
  const [only, ...others] = masked;
  if (only && others.length === 0) return [{ prompt, responses, features: only }];
  if (masked.length < responses.length) throw new RangeError("a response has no masked picture");
  return responses.map((response, i) => ({ prompt, responses: [response], features: masked[i] as Tensor }));
}

/** Responses under one condition: the final hidden rows that predict their tokens, ready to be compared with another condition's. */
export class ScoredRows {
  readonly #packed: PackedRows;
  readonly #batch: TextBatch;
  readonly #hidden: Tensor;

  /** @param groups Prompts with responses and the features of their pictures, which stay the caller's. */
  constructor(
    private readonly session: Session,
    groups: readonly FeaturedGroup[],
  ) {
    const { model, rope } = session;
    this.#packed = packGroups(groups);
    this.#batch = textBatch(this.#packed, rope);
    const features = groups.map((group) => group.features);
    this.#hidden = keep(
      tidy(() => {
        const { targetRows, targetInverse } = this.#batch;
        return gatherRows(finalHidden(model.text, this.#batch, features), targetRows, targetInverse);
      }),
    );
  }

  /** log π of every token of every response in nats, in the order of the groups. */
  async logProbs(): Promise<Float32Array[]> {
    const { head } = this.session.model.text.weights;
    const logp = tidy(() => headLogProb(this.#hidden, head, this.#batch.targets));
    try {
      const [values] = await readTensors([logp]);
      return perResponse(this.#packed, values as Float32Array);
    } finally {
      logp.dispose();
    }
  }

  /** Statistics per response, these rows being those with the image and `masked` the same responses without it. */
  async against(masked: ScoredRows): Promise<TokenStats[]> {
    const [stats] = await this.againstEach(masked, 1);
    return stats ?? [];
  }

  /** The same for several masks at once, `masked` holding the responses once per mask, one after the other; per mask. */
  againstEach(masked: ScoredRows, count: number): Promise<TokenStats[][]> {
    return this.#compared(masked, count, true);
  }

  /** Statistics per response of all but the Jensen-Shannon divergence. */
  async againstWithoutJsd(masked: ScoredRows): Promise<TokenStatsWithoutJsd[]> {
    const [stats = []] = await this.#compared(masked, 1, false);
    return stats.map(({ jsd: _, ...measured }) => measured);
  }

  /** Without `jsd` its numbers mean nothing. */
  async #compared(masked: ScoredRows, count: number, jsd: boolean): Promise<TokenStats[][]> {
    const { head } = this.session.model.text.weights;
    const hidden = repeated(this.#hidden, count);
    const targets = repeated(this.#batch.targets, count);
    const stats = headStats(hidden, masked.#hidden, head, targets, { topK: 1, jsd });
    try {
      const [values] = await readTensors([stats.values]);
      const rows = this.#batch.targets.size;
      return Array.from({ length: count }, (_, mask) =>
        this.#packed.segments.map(({ start, length }) =>
          tokenStatsOfRows(values as Float32Array, length, headStatsWidth, mask * rows + start),
        ),
      );
    } finally {
      dispose([hidden, targets, ...Object.values(stats)]);
    }
  }

  [Symbol.dispose](): void {
    this.#hidden.dispose();
    this.#batch.dispose();
  }
}

/** A tensor so often, one after the other; the caller disposes. */
function repeated(tensor: Tensor, count: number): Tensor {
  return count === 1 ? clone(tensor) : concat(new Array<Tensor>(count).fill(tensor), 0);
}
