// Wide intermediates in slices of rows: [M, 18 944] floats of a few thousand rows pass the smallest binding limit (128 MiB), and
// a row's result does not depend on the rows around it, so cutting changes no bit.

import { concat, slice, type Tensor, type Tensor2D } from "@tensorflow/tfjs-core";

/** Bytes of the widest intermediate that may exist at a time: half of WebGPU's default binding limit. */
const maxBytes = 64 * 1024 * 1024;

/** `run` over x [M, D] in as many slices as intermediates of `width` columns need; → [M, D']. Differentiable when `run` is. */
export function inRowChunks(x: Tensor, width: number, run: (rows: Tensor) => Tensor, limitBytes = maxBytes): Tensor {
  const [m, d] = x.shape as [number, number];
  const size = Math.max(1, Math.floor(limitBytes / (width * 4)));
  if (m <= size) return run(x);
  const parts: Tensor2D[] = [];
  for (let first = 0; first < m; first += size) {
    parts.push(run(slice(x, [first, 0], [Math.min(size, m - first), d])) as Tensor2D);
  }
  return concat(parts, 0);
}
