// The connector of Qwen2.5-VL and Qwen3-VL: neighbouring patches side by side become one image token of the text model's width.
// Equations: transformers Qwen2_5_VLPatchMerger, Qwen3VLVisionPatchMerger (DeepStack's norm the merged row).

import { reshape, type Tensor, tidy } from "@tensorflow/tfjs-core";
import { geluErf } from "@/ops/activation/activation";
import { applyLinear, type LinearLayer, linearParameters } from "./linear";
import { applyNorm, type NormWeights, normParameters } from "./normWeights";

export interface PatchMerger {
  /** Patches that become one token; they are consecutive rows. */
  readonly group: number;
  readonly epsilon: number;
  /** Over one patch, or over a merged row: its size tells. */
  readonly norm: NormWeights;
  readonly fc1: LinearLayer;
  readonly fc2: LinearLayer;
}

/** Patch rows [M, D] → image tokens [M / group, out]. */
export function applyPatchMerger({ group, epsilon, norm, fc1, fc2 }: PatchMerger, x: Tensor): Tensor {
  return tidy(() => {
    const normed = applyNorm(norm, reshape(x, [-1, norm.weight.size]), epsilon);
    return applyLinear(fc2, geluErf(applyLinear(fc1, reshape(normed, [(x.shape[0] as number) / group, -1]))));
  });
}

/** All trainable tensors of a merger (full training). */
export function mergerParameters({ norm, fc1, fc2 }: PatchMerger): Tensor[] {
  return [...normParameters(norm), ...linearParameters(fc1), ...linearParameters(fc2)];
}
