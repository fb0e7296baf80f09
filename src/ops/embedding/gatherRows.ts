// Picks rows of x, or zeros, by an index whose entries are unique, so that its gradient is the same operation with the
// inverse index: no scatter, no atomics. Used to take the rows that are scored and to route image features.

import type { Tensor, TensorInfo } from "@tensorflow/tfjs-core";
import { type Kernel, spread } from "@/gpu/dispatcher";
import { defineOp } from "../defineOp";
import code from "./gatherRows.wgsl?raw";
import { gatherRowsReference } from "./reference";

const kernel: Kernel = {
  name: "gatherRows",
  code,
  entryPoint: "main",
  bindings: ["read", "read", "write"],
  uniform: true,
};

const gatherRowsOp = defineOp<Record<string, never>>({
  name: "GatherRows",
  webgpu: (inputs, _, gpu) => {
    const { x, index } = inputs as Record<"x" | "index", TensorInfo>;
    const [count, d] = [index.shape.reduce((a, b) => a * b, 1), x.shape[1] as number];
    const out = gpu.output([count, d]);
    const workgroups = spread(Math.ceil((count * d) / 64));
    gpu.run({ kernel, buffers: [x, index, out], params: [count, d], workgroups });
    return out;
  },
  reference: gatherRowsReference,
  gradient: {
    inputsToSave: ["index", "inverse"],
    backward: ([dy], { index, inverse }) => ({
      x: () => gatherRows(dy as Tensor, inverse as Tensor, index as Tensor),
    }),
  },
});

/**
 * Row r of the result is row index[r] of x, or zeros for −1: x [M, D], index int32 [R], inverse int32 [M] (the result's row
 * that took x[m], or −1) → [R, D]. Indices other than −1 must be unique. Differentiable in x.
 * @throws when shapes do not fit.
 */
export function gatherRows(x: Tensor, index: Tensor, inverse: Tensor): Tensor {
  if (x.rank !== 2 || index.dtype !== "int32" || inverse.dtype !== "int32" || inverse.size !== x.shape[0])
    throw new Error(
      `gatherRows: x [${x.shape.join(", ")}] needs int32 indices and an inverse of ${x.shape[0]}, ` +
        `not ${index.dtype} [${index.shape.join(", ")}] and ${inverse.dtype} [${inverse.shape.join(", ")}]`,
    );
  return gatherRowsOp({ x, index, inverse }, {})[0] as Tensor;
}
