// Scoring: the statistics of given responses with the image and with its masked copy, through the packed forward pass and the
// tiled head. It measures and decides nothing; the numbers equal those of decoding bit for bit, because a row's numbers
// depend on that row alone.

import { concat, dispose, keep, type Tensor, type Tensor2D, tidy } from "@tensorflow/tfjs-core";
import { readTensors } from "@/gpu/readback";
import type { TextDecoder } from "@/nn/textDecoder";
import { gatherRows } from "@/ops/embedding/gatherRows";
import { headStats } from "@/ops/headStats/headStats";
import { headStatsColumns } from "@/ops/headStats/logitStats";
import type { TokenStats } from "@/rl/dependency";
import { type TextBatch, textBatch } from "./batch";
import { type PackedPrompt, packGroups } from "./packing";
import type { Session } from "./session";
import { tokenStatsOfRows } from "./tokenStats";

/** Responses to one prompt, with the features of its image and of its masked images. */
export interface ScoreGroup {
  readonly prompt: PackedPrompt;
  readonly responses: readonly Int32Array[];
  readonly features: Tensor; // [F, D]
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
export async function scoreResponses({ model, rope }: Session, groups: readonly ScoreGroup[]): Promise<TokenStats[]> {
  const packed = packGroups(groups);
  const maskedGroups = groups.flatMap(({ prompt, responses, masked }) => {
    const [only, ...others] = masked;
    if (only && others.length === 0) return [{ prompt, responses, features: only }];
    return responses.map((response, i) => ({ prompt, responses: [response], features: masked[i] as Tensor }));
  });
  const { text } = model;
  const batch = textBatch(packed, rope);
  const maskedBatch = textBatch(packGroups(maskedGroups), rope);
  const targetHidden = (of: TextBatch, features: readonly Tensor[]) =>
    keep(tidy(() => gatherRows(finalHidden(text, of, features), of.targetRows, of.targetInverse)));
  const hidden = targetHidden(
    batch,
    groups.map(({ features }) => features),
  );
  const maskedHidden = targetHidden(
    maskedBatch,
    maskedGroups.map(({ features }) => features),
  );
  const stats = headStats(hidden, maskedHidden, text.weights.head, batch.targets, { topK: 1 });
  try {
    const [values] = await readTensors([stats.values]);
    const width = Object.keys(headStatsColumns).length;
    return packed.segments.map(({ start, length }) => tokenStatsOfRows(values as Float32Array, length, width, start));
  } finally {
    dispose([hidden, maskedHidden, ...Object.values(stats)]);
    batch.dispose();
    maskedBatch.dispose();
  }
}
