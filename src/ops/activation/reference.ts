// Activations in stock operations, for the wasm and cpu backends and as an oracle. tanh is slow on wasm, so tanh-GELU is
// written with the logistic function: (1 + tanh u)/2 = σ(2u).

import { add, mul, neg, onesLike, sigmoid, square, sub, type Tensor } from "@tensorflow/tfjs-core";
import { cubic, root } from "./constants";

type Inputs = Readonly<Record<string, Tensor>>;

/** silu(gate)·up. */
export function swigluReference(inputs: Inputs): Tensor {
  const { gate, up } = inputs as { gate: Tensor; up: Tensor };
  return mul(mul(gate, sigmoid(gate)), up);
}

/** [dgate, dup]. */
export function swigluGradientReference(inputs: Inputs): Tensor[] {
  const { gate, up, dy } = inputs as { gate: Tensor; up: Tensor; dy: Tensor };
  const s = sigmoid(gate);
  const silu = mul(gate, s);
  // silu' = s·(1 + gate·(1 − s)) = s + silu·(1 − s)
  const slope = add(s, mul(silu, sub(onesLike(s), s)));
  return [mul(mul(dy, up), slope), mul(dy, silu)];
}

/** x·σ(2u), u = √(2/π)·(x + 0.044715 x³). */
export function geluReference(inputs: Inputs): Tensor {
  const { x } = inputs as { x: Tensor };
  return mul(x, gateOf(x));
}

/** dy·(s + x·s·(1 − s)·2u'). */
export function geluGradientReference(inputs: Inputs): Tensor {
  const { x, dy } = inputs as { x: Tensor; dy: Tensor };
  const s = gateOf(x);
  const slope = add(mul(square(x), 6 * root * cubic), 2 * root);
  return mul(dy, add(s, mul(mul(x, slope), mul(s, add(neg(s), 1)))));
}

function gateOf(x: Tensor): Tensor {
  return sigmoid(mul(x, add(mul(square(x), 2 * root * cubic), 2 * root)));
}
