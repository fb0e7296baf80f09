// Activations in stock operations, for the wasm and cpu backends and as an oracle. tanh is slow on wasm, so tanh-GELU is
// written with the logistic function: (1 + tanh u)/2 = σ(2u). The stock erf has errors of 5e-7 and more, so GELU with erf is a
// loop over the tensor's storage.

import { add, mul, neg, onesLike, sigmoid, square, sub, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { floatsOf } from "../attention/hostValues";
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

/** x·Φ(x). */
export function geluErfReference(inputs: Inputs): Tensor {
  const { x } = inputs as { x: Tensor };
  return tensor(
    floatsOf(x).map((value) => value * normalCdf(value)),
    [...x.shape],
  );
}

/** dy·(Φ(x) + x·φ(x)). */
export function geluErfGradientReference(inputs: Inputs): Tensor {
  const { x, dy } = inputs as { x: Tensor; dy: Tensor };
  const cotangent = floatsOf(dy);
  const slopes = floatsOf(x).map((value, i) => {
    const density = Math.exp(-0.5 * value * value) / Math.sqrt(2 * Math.PI);
    return (cotangent[i] as number) * (normalCdf(value) + value * density);
  });
  return tensor(slopes, [...x.shape]);
}

/** Φ(v) = (1 + erf(v/√2))/2 to 6e-8, by the polynomials of activation.wgsl. */
function normalCdf(v: number): number {
  const z = Math.max(-10, Math.min(10, v * Math.SQRT1_2));
  const [t, s] = [Math.abs(z), z * z];
  if (t > 0.927734375) {
    const high = (-1.7285347e-5 * t + 3.83197126e-4) * s + (-3.88396438e-3 * t + 2.42546219e-2);
    const exponent = (((high * t - 1.06777877e-1) * t - 6.34846687e-1) * t - 1.28717512e-1) * t - t;
    const complement = 0.5 * Math.exp(exponent);
    return z < 0 ? complement : 1 - complement;
  }
  const high = ((-5.96761703e-4 * s + 4.99119423e-3) * s - 2.67681349e-2) * s + 1.12819925e-1;
  const r = (high * s - 3.76125336e-1) * s + 1.28379166e-1;
  return 0.5 + 0.5 * (r * z + z);
}
