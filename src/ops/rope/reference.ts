// Rotary embedding for the wasm and cpu backends, and an oracle. Plain loops over the tensors' storage: the stock composition
// (gather, split, concatenate) takes six times as long on wasm.

import { type Tensor, tensor } from "@tensorflow/tfjs-core";
import { floatsOf, intsOf } from "../attention/hostValues";

/** (x·cos − y·sin, y·cos + x·sin) for each pair (x, y) = dimensions (i, i + hd/2); the inverse rotation negates sin. */
export function ropeReference(inputs: Readonly<Record<string, Tensor>>, { inverse }: { readonly inverse: boolean }): Tensor {
  const { x, positions, table, axes } = inputs as { x: Tensor; positions: Tensor; table: Tensor; axes?: Tensor };
  const [m, heads, width] = x.shape as [number, number, number];
  const half = width / 2;
  const sign = inverse ? -1 : 1;
  const [values, angles, places] = [floatsOf(x), floatsOf(table), intsOf(positions)];
  const axisCount = places.length / m;
  const axisOf = axes && axisCount > 1 ? intsOf(axes) : new Int32Array(half);
  const out = new Float32Array(values.length);
  for (let row = 0; row < m; row++) {
    for (let head = 0; head < heads; head++) {
      const start = (row * heads + head) * width;
      for (let i = 0; i < half; i++) {
        const base = (places[row * axisCount + (axisOf[i] as number)] as number) * width;
        const cosine = angles[base + i] as number;
        const sine = sign * (angles[base + half + i] as number);
        const low = values[start + i] as number;
        const high = values[start + half + i] as number;
        out[start + i] = low * cosine - high * sine;
        out[start + half + i] = high * cosine + low * sine;
      }
    }
  }
  return tensor(out, [m, heads, width]);
}
