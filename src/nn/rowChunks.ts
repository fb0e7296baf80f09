// Wide intermediates in slices of rows: [M, 18 944] floats of a few thousand rows pass the smallest binding limit (128 MiB), and
// a row's result does not depend on the rows around it, so cutting changes no bit.

import { concat, slice, type Tensor, type Tensor2D } from "@tensorflow/tfjs-core";

/** Bytes of the widest intermediate that may exist at a time: half of WebGPU's default binding limit. */
const maxBytes = 64 * 1024 * 1024;

/** x [M, D] in as many slices of rows as intermediates of `width` columns need, in order; x itself where one is enough. */
export function rowChunks(x: Tensor, width: number, limitBytes = maxBytes): Tensor[] {
  const [m, d] = x.shape as [number, number];
  const size = Math.max(1, Math.floor(limitBytes / (width * 4)));
  if (m <= size) return [x];
  const chunks: Tensor[] = [];
  for (let first = 0; first < m; first += size) chunks.push(slice(x, [first, 0], [Math.min(size, m - first), d]));
  return chunks;
}

/** `run` over x [M, D] slice by slice → [M, D']. Differentiable when `run` is. */
export function inRowChunks(x: Tensor, width: number, run: (rows: Tensor) => Tensor, limitBytes = maxBytes): Tensor {
  const [first, ...others] = rowChunks(x, width, limitBytes).map(run) as [Tensor2D, ...Tensor2D[]];
  return others.length === 0 ? first : concat([first, ...others], 0);
}
