// A norm whose kind shows in its weights: all that the blocks of the vision towers need to know of it.

import type { Tensor } from "@tensorflow/tfjs-core";
import { layerNorm, rmsNorm } from "@/ops/norm/norm";

/** LayerNorm when it has a bias, RMSNorm otherwise; [D] each. */
export interface NormWeights {
  readonly weight: Tensor;
  readonly bias?: Tensor;
}

/** A LayerNorm's. */
export type LayerNormWeights = Required<NormWeights>;

/** The norm of rows x [M, D]. */
export function applyNorm({ weight, bias }: NormWeights, x: Tensor, epsilon: number): Tensor {
  return bias ? layerNorm(x, weight, bias, epsilon) : rmsNorm(x, weight, epsilon);
}

/** The tensors of a norm that training may change. */
export function normParameters({ weight, bias }: NormWeights): Tensor[] {
  return bias ? [weight, bias] : [weight];
}
