// Stock-operation compositions of the linear operations: what the wasm and cpu backends run, and an oracle for the tests.
// Written for XNNPACK, which is ten times faster without transposeA/transposeB: the smaller side is transposed by hand.
// The wasm matMul keeps a packed copy of its second operand for the life of that tensor, so a weight, which training
// changes in place, is never passed there itself.

import {
  add,
  matMul,
  mul,
  ones,
  reshape,
  type Scalar,
  scalar,
  slice,
  type Tensor,
  type Tensor2D,
  transpose,
} from "@tensorflow/tfjs-core";
import type { RowRange } from "./product";

type Inputs = Readonly<Record<string, Tensor>>;

interface Attributes {
  readonly scale: number;
  readonly range?: RowRange | undefined;
}

/** The rows of W that a product uses. */
function rowsOf(data: Tensor2D, range: RowRange | undefined): Tensor2D {
  return range ? slice(data, [range.first, 0], [range.count, data.shape[1]]) : data;
}

/** scale · x·Wᵀ + bias + residual. */
export function linearReference(inputs: Inputs, { scale, range }: Attributes): Tensor {
  const { x, data: whole, bias, residual } = inputs as { x: Tensor2D; data: Tensor2D; bias?: Tensor; residual?: Tensor };
  const data = rowsOf(whole, range);
  const [m, k] = x.shape;
  const n = data.shape[0];
  // Transposing x and the result costs less than transposing W when there are few rows.
  let y: Tensor = m * (k + n) < n * k ? transpose(matMul(data, transpose(x)) as Tensor2D) : matMul(x, transpose(data));
  if (scale !== 1) y = mul(y, asScalar(scale));
  if (bias) y = add(y, reshape(bias, [1, n]));
  if (residual) y = add(y, residual);
  return y;
}

/** scale · dy·W. */
export function linearTransposedReference(inputs: Inputs, { scale, range }: Attributes): Tensor {
  const { dy, data } = inputs as { dy: Tensor2D; data: Tensor2D };
  return matMul(dy, mul(rowsOf(data, range), asScalar(scale)));
}

/** scale · dyᵀ·x. */
export function weightGradientReference(inputs: Inputs, { scale }: { readonly scale: number }): Tensor {
  const { dy, x } = inputs as { dy: Tensor2D; x: Tensor2D };
  const dw =
    dy.size <= x.size + dy.shape[1] * x.shape[1] ? matMul(transpose(dy), x) : transpose(matMul(transpose(x), dy) as Tensor2D);
  return scale === 1 ? dw : mul(dw, asScalar(scale));
}

/** Sum over rows. */
export function columnSumReference(inputs: Inputs): Tensor {
  const { x } = inputs as { x: Tensor2D };
  return reshape(matMul(ones([1, x.shape[0]]) as Tensor2D, x), [x.shape[1]]);
}

function asScalar(value: number): Scalar {
  return scalar(value, "float32");
}
