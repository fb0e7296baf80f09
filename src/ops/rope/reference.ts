// Rotary embedding in stock operations, for the wasm and cpu backends and as an oracle.

import { add, concat, gather, mul, neg, reshape, split, type Tensor } from "@tensorflow/tfjs-core";

/** x·cos + rotateHalf(x)·sin; the inverse rotation negates sin. */
export function ropeReference(inputs: Readonly<Record<string, Tensor>>, { inverse }: { readonly inverse: boolean }): Tensor {
  const { x, positions, table } = inputs as { x: Tensor; positions: Tensor; table: Tensor };
  const [m, , width] = x.shape as [number, number, number];
  const angles = gather(reshape(table, [table.shape[0] as number, width]), reshape(positions, [m]));
  const [cos, sin] = split(reshape(angles, [m, 1, width]), 2, 2) as [Tensor, Tensor];
  const [low, high] = split(x, 2, 2) as [Tensor, Tensor];
  const rotated = inverse ? concat([high, neg(low)], 2) : concat([neg(high), low], 2);
  return add(mul(x, concat([cos, cos], 2)), mul(rotated, concat([sin, sin], 2)));
}
