// Log-probs of sampled answers without a tape, for passes that are not differentiated: the reference policy, the policy with the
// masked picture (PAPO), and the policy after an update. The same kernels as in training, so the same bits.

import { dispose, type Tensor, tidy } from "@tensorflow/tfjs-core";
import { readTensors } from "@/gpu/readback";
import type { VisionLanguageModel } from "@/models/family";
import { gatherRows } from "@/ops/embedding/gatherRows";
import { headLogProb } from "@/ops/headStats/headStats";
import { textBatch } from "../batch";
import { type PackGroup, packGroups } from "../packing";
import { finalHidden } from "../score";
import type { Session } from "../session";

/** A prompt with its answers and the features of the picture they are scored with. */
export interface FeaturedGroup extends PackGroup {
  readonly features: Tensor; // [F, D]
}

/** log π of every token of every answer in nats, in the order of the groups. */
export async function forwardLogProbs({ model, rope }: Session, groups: readonly FeaturedGroup[]): Promise<Float32Array[]> {
  const packed = packGroups(groups);
  const batch = textBatch(packed, rope);
  const features = groups.map((group) => group.features);
  const logp = tidy(() => {
    const { text } = model;
    const hidden = gatherRows(finalHidden(text, batch, features), batch.targetRows, batch.targetInverse);
    return headLogProb(hidden, text.weights.head, batch.targets);
  });
  try {
    const [values] = await readTensors([logp]);
    return packed.segments.map(({ start, length }) => (values as Float32Array).slice(start, start + length));
  } finally {
    dispose(logp);
    batch.dispose();
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
