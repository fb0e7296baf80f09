// Rotary position embedding in the Hugging Face layout ("rotate_half", NeoX): dimension i turns with i + hd/2. Positions may
// be anything the table has a row for, also several per token position, as packed sequences and twins need.

import type { Tensor, TensorInfo } from "@tensorflow/tfjs-core";
import { type Kernel, spread } from "@/gpu/dispatcher";
import { defineOp, type OpInputs } from "../defineOp";
import { ropeReference } from "./reference";
import code from "./rope.wgsl?raw";

const kernel: Kernel = { name: "rope", code, entryPoint: "main", bindings: ["read", "read", "read", "write"], uniform: true };

type RopeAttributes = { readonly inverse: boolean };

const ropeOp: (inputs: OpInputs, attributes: RopeAttributes) => Tensor[] = defineOp<RopeAttributes>({
  name: "Rope",
  webgpu: (inputs, { inverse }, gpu) => {
    const { x, positions, table } = inputs as Record<"x" | "positions" | "table", TensorInfo>;
    const [m, heads, width] = x.shape as [number, number, number];
    const out = gpu.output([m, heads, width]);
    const pairs = (m * heads * width) / 2;
    gpu.run({
      kernel,
      buffers: [x, positions, table, out],
      params: [pairs, heads, width, inverse ? 1 : 0],
      workgroups: spread(Math.ceil(pairs / 64)),
    });
    return out;
  },
  reference: ropeReference,
  gradient: {
    inputsToSave: ["positions", "table"],
    backward: ([dy], { positions, table }, { inverse }) => ({
      x: () => ropeOp({ x: dy, positions, table }, { inverse: !inverse })[0] as Tensor,
    }),
  },
});

/**
 * Rotates x [M, H, hd] by the angles of `positions` int32 [M]; `table` float32 [P, hd] comes from `ropeTable`.
 * Differentiable in x. Positions outside the table are an error the caller must exclude.
 * @throws when shapes do not fit.
 */
export function rope(x: Tensor, positions: Tensor, table: Tensor): Tensor {
  const [m, , width] = x.shape;
  if (x.rank !== 3 || !width || width % 2 !== 0 || table.shape[1] !== width)
    throw new Error(`rope: x [${x.shape.join(", ")}] does not fit a table [${table.shape.join(", ")}]`);
  if (positions.size !== m || positions.dtype !== "int32")
    throw new Error(`rope: positions must be int32 [${m}], not ${positions.dtype} [${positions.shape.join(", ")}]`);
  return ropeOp({ x, positions, table }, { inverse: false })[0] as Tensor;
}

/** Rows [cos(p·f) | sin(p·f)] for positions p < count and frequencies f_i = theta^(−2i/hd), i < hd/2; computed in float64. */
export function ropeTable(theta: number, headDim: number, count: number): Float32Array {
  const half = headDim / 2;
  const table = new Float32Array(count * headDim);
  for (let position = 0; position < count; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * theta ** ((-2 * i) / headDim);
      table[position * headDim + i] = Math.cos(angle);
      table[position * headDim + half + i] = Math.sin(angle);
    }
  }
  return table;
}
