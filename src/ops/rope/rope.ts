// Rotary position embedding in the Hugging Face layout ("rotate_half", NeoX): dimension i turns with i + hd/2. Positions may
// be anything the table has a row for, also several per token position, as packed sequences and twins need. With several
// position axes (Qwen's m-RoPE, the 2-D rotation of its vision tower) every frequency turns by one of them.

import type { Tensor, TensorInfo } from "@tensorflow/tfjs-core";
import { type Kernel, spread } from "@/gpu/dispatcher";
import { defineOp, type OpInputs } from "../defineOp";
import { ropeReference } from "./reference";
import code from "./rope.wgsl?raw";

const kernel: Kernel = {
  name: "rope",
  code,
  entryPoint: "main",
  bindings: ["read", "read", "read", "read", "write"],
  uniform: true,
};

type RopeAttributes = {
  readonly inverse: boolean;
  /** Also an input; here because the tape cannot save an input that may be absent. */
  readonly axes: Tensor | undefined;
};

/** Angles of all positions, and for several position axes which of them turns each frequency. */
export interface Rope {
  /** float32 [P, hd] from `ropeTable`. */
  readonly table: Tensor;
  /** int32 [hd/2]; absent for one axis. */
  readonly axes?: Tensor;
}

/** Position axes: 1 when all frequencies turn by the same position, which a rope with axes allows, too. */
function axisCount(positions: TensorInfo, rows: number): number {
  return positions.shape.reduce((a, b) => a * b, 1) / rows;
}

const ropeOp: (inputs: OpInputs, attributes: RopeAttributes) => Tensor[] = defineOp<RopeAttributes>({
  name: "Rope",
  webgpu: (inputs, { inverse }, gpu) => {
    const { x, positions, table, axes } = inputs as Record<"x" | "positions" | "table", TensorInfo> & { axes?: TensorInfo };
    const [m, heads, width] = x.shape as [number, number, number];
    const out = gpu.output([m, heads, width]);
    const pairs = (m * heads * width) / 2;
    gpu.run({
      kernel,
      // With one axis the positions stand in for the axes; the kernel then does not read them.
      buffers: [x, positions, table, axes ?? positions, out],
      params: [pairs, heads, width, inverse ? 1 : 0, axisCount(positions, m)],
      workgroups: spread(Math.ceil(pairs / 64)),
    });
    return out;
  },
  reference: ropeReference,
  gradient: {
    inputsToSave: ["positions", "table"],
    backward: ([dy], { positions, table }, attributes) => ({
      x: () =>
        ropeOp({ x: dy, positions, table, axes: attributes.axes }, { ...attributes, inverse: !attributes.inverse })[0] as Tensor,
    }),
  },
});

/**
 * Rotates x [M, H, hd] by the angles of `positions`: int32 [M], or [M, A] with one position per axis. Differentiable in x.
 * Positions outside the table are an error the caller must exclude.
 * @throws when shapes do not fit.
 */
export function rope(x: Tensor, positions: Tensor, { table, axes }: Rope): Tensor {
  const [m, , width] = x.shape;
  if (x.rank !== 3 || !m || !width || width % 2 !== 0 || table.shape[1] !== width)
    throw new Error(`rope: x [${x.shape.join(", ")}] does not fit a table [${table.shape.join(", ")}]`);
  const count = axisCount(positions, m);
  if (positions.dtype !== "int32" || !(count === 1 || (axes && Number.isInteger(count))))
    throw new Error(`rope: positions must be int32 [${m}], not ${positions.dtype} [${positions.shape.join(", ")}]`);
  if (axes && (axes.dtype !== "int32" || axes.size !== width / 2))
    throw new Error(`rope: axes must be int32 [${width / 2}], not ${axes.dtype} [${axes.shape.join(", ")}]`);
  return ropeOp({ x, positions, table, axes }, { inverse: false, axes })[0] as Tensor;
}

/** Gradient of `rope` with respect to x for the cotangent dy [M, H, hd]: the rotation back. */
export function ropeGradient(dy: Tensor, positions: Tensor, { table, axes }: Rope): Tensor {
  return ropeOp({ x: dy, positions, table, axes }, { inverse: true, axes })[0] as Tensor;
}

/** Frequencies of text: f_i = theta^(−2i/hd), i < hd/2. */
export function ropeFrequencies(theta: number, headDim: number): Float64Array {
  return Float64Array.from({ length: headDim / 2 }, (_, i) => theta ** ((-2 * i) / headDim));
}

/** Rows [cos(p·f) | sin(p·f)] for positions p < count; computed in float64, [count, 2 · frequencies]. */
export function ropeTable(frequencies: Float64Array, count: number): Float32Array<ArrayBuffer> {
  const half = frequencies.length;
  const table = new Float32Array(count * half * 2);
  for (let position = 0; position < count; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * (frequencies[i] as number);
      table[position * half * 2 + i] = Math.cos(angle);
      table[position * half * 2 + half + i] = Math.sin(angle);
    }
  }
  return table;
}
