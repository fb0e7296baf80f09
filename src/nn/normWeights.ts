// A norm whose kind shows in its weights: the Qwen vision towers differ in nothing else there.

import type { Tensor } from "@tensorflow/tfjs-core";
import { layerNorm, rmsNorm } from "@/ops/norm/norm";

/** LayerNorm when it has a bias, RMSNorm otherwise; [D] each. */
export interface NormWeights {
  readonly weight: Tensor;
  readonly bias?: Tensor;
}

/** The norm of rows x [M, D]. */
export function applyNorm({ weight, bias }: NormWeights, x: Tensor, epsilon: number): Tensor {
  return bias ? layerNorm(x, weight, bias, epsilon) : rmsNorm(x, weight, epsilon);
}
