// RMSNorm and LayerNorm in stock operations, for the wasm and cpu backends and as an oracle.

import {
  add,
  matMul,
  mul,
  ones,
  reshape,
  rsqrt,
  square,
  stack,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
  zerosLike,
} from "@tensorflow/tfjs-core";

type Inputs = Readonly<Record<string, Tensor>>;

/** How rows are normalised; `centre` subtracts the row's mean (LayerNorm). */
export type NormAttributes = { readonly epsilon: number; readonly centre: boolean };

/** Mean of each row, [M, 1]; stock `mean` is slower on wasm. */
function rowMean(x: Tensor): Tensor {
  return mul(sum(x, 1, true), 1 / (x.shape[1] as number));
}

/** [y [M, D], statistics [M, 2] = mean and inverse deviation of each row]. */
export function normReference(inputs: Inputs, { epsilon, centre }: NormAttributes): Tensor[] {
  const { x, weight, bias } = inputs as { x: Tensor; weight: Tensor; bias?: Tensor };
  const [m, d] = x.shape as [number, number];
  const mean = centre ? rowMean(x) : undefined;
  const centred = mean ? sub(x, mean) : x;
  const inverse = rsqrt(add(rowMean(square(centred)), epsilon));
  const scaled = mul(mul(centred, inverse), reshape(weight, [1, d]));
  const y = bias ? add(scaled, reshape(bias, [1, d])) : scaled;
  return [y, reshape(stack([reshape(mean ?? zerosLike(inverse), [m]), reshape(inverse, [m])], 1), [m, 2])];
}

/** The row's statistics again, as columns. */
function normalised(x: Tensor, { epsilon, centre }: NormAttributes): { unit: Tensor; inverse: Tensor } {
  const centred = centre ? sub(x, rowMean(x)) : x;
  const inverse = rsqrt(add(rowMean(square(centred)), epsilon));
  return { unit: mul(centred, inverse), inverse };
}

/** dx = r·(g − [mean g] − x̂·mean(g·x̂)), g = weight·dy. */
export function normGradientReference(inputs: Inputs, attributes: NormAttributes): Tensor {
  const { x, weight, dy } = inputs as { x: Tensor; weight: Tensor; dy: Tensor };
  const { unit, inverse } = normalised(x, attributes);
  const g = mul(dy, reshape(weight, [1, x.shape[1] as number]));
  const inward = sub(g, mul(unit, rowMean(mul(g, unit))));
  return mul(attributes.centre ? sub(inward, rowMean(g)) : inward, inverse);
}

/** dweight = Σ over rows of dy·x̂. */
export function normWeightGradientReference(inputs: Inputs, attributes: NormAttributes): Tensor {
  const { x, dy } = inputs as { x: Tensor; dy: Tensor };
  return columnSum(mul(dy, normalised(x, attributes).unit));
}

/** dbias = Σ over rows of dy. */
export function normBiasGradientReference(inputs: Inputs): Tensor {
  return columnSum((inputs as { dy: Tensor }).dy);
}

/** As a product with ones: ten times faster on wasm than a sum over the first axis. */
function columnSum(x: Tensor): Tensor {
  const [m, d] = x.shape as [number, number];
  return reshape(matMul(ones([1, m]) as Tensor2D, x as Tensor2D), [d]);
}
