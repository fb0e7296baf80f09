// Log-probs of sampled answers without a tape, for passes that are not differentiated: the reference policy, the policy with the
// masked picture (PAPO), and the policy after an update. The same kernels as in training, so the same bits.

import type { VisionLanguageModel } from "@/models/family";
import { type FeaturedGroup, ScoredRows } from "../../score";
import type { Session } from "../../session";

/** log π of every token of every answer in nats, in the order of the groups. */
export async function forwardLogProbs(session: Session, groups: readonly FeaturedGroup[]): Promise<Float32Array[]> {
  const rows = new ScoredRows(session, groups);
  try {
    return await rows.logProbs();
  } finally {
    rows[Symbol.dispose]();
  }
}

/** Does some work with the adapter taken off, which is the reference policy, and puts back the same tensors. */
export async function withoutAdapter<T>({ vision, text }: VisionLanguageModel, work: () => Promise<T>): Promise<T> {
  const layers = [...vision.projections, ...text.projections].map((layer) => ({ layer, lora: layer.lora }));
  for (const { layer } of layers) layer.lora = undefined;
  try {
    return await work();
  } finally {
    for (const { layer, lora } of layers) layer.lora = lora;
  }
}
