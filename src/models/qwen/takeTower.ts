// What the Qwen vision towers ask for under the same names: the patch kernel, folded for still pictures, and the attention of a
// block. Names: transformers in memory, also PEFT's (`model.visual.…`).

import type { LinearLayer } from "@/nn/linear";
import type { NormWeights } from "@/nn/normWeights";
import type { QwenVisionLayer } from "@/nn/qwenVisionLayer";
import { takeLinear } from "../takeLayers";
import type { WeightTaker } from "../weights";

/** Module path of the tower. */
export const towerPath = "model.visual";

/** Sizes of the patch kernel. */
export interface PatchKernelShape {
  readonly hiddenSize: number;
  readonly patchSize: number;
  readonly temporalPatchSize: number;
}

/** The patch kernel [D, 3, temporal, p, p] as a matrix [D, 3·p²] for pictures whose temporal planes are equal. */
export function takePatchKernel(take: WeightTaker, shape: PatchKernelShape, bias: boolean): LinearLayer {
  const { hiddenSize, patchSize, temporalPatchSize } = shape;
  const name = `${towerPath}.patch_embed.proj`;
  const weight = take.matrix({
    name: `${name}.weight`,
    rows: hiddenSize,
    columns: 3 * patchSize ** 2,
    part: "vision",
    exact: true,
    storedShape: [hiddenSize, 3, temporalPatchSize, patchSize, patchSize],
    convertRow: (row) => foldTemporal(row, patchSize ** 2, temporalPatchSize),
  });
  return bias ? { name, weight, bias: take.tensor(`${name}.bias`, [hiddenSize]) } : { name, weight };
}

/** Adds the temporal planes of a kernel row (channel, temporal, y, x) → (channel, y, x). */
export function foldTemporal(row: Float32Array, plane: number, temporal: number): Float32Array {
  return Float32Array.from({ length: row.length / temporal }, (_, index) => {
    const start = Math.floor(index / plane) * temporal * plane + (index % plane);
    let sum = 0;
    for (let t = 0; t < temporal; t++) sum += row[start + t * plane] as number;
    return sum;
  });
}

/** The parts of block `index` that both towers have; `norm` takes a norm of [D] by its name. */
export function takeBlock(
  take: WeightTaker,
  index: number,
  { hiddenSize, heads }: { readonly hiddenSize: number; readonly heads: number },
  norm: (name: string) => NormWeights,
): Omit<QwenVisionLayer, "mlp"> {
  const p = `${towerPath}.blocks.${index}`;
  return {
    heads: { query: heads, keyValue: heads, dim: hiddenSize / heads },
    epsilon: towerEpsilon,
    norm1: norm(`${p}.norm1`),
    norm2: norm(`${p}.norm2`),
    qkv: takeLinear(take, `${p}.attn.qkv`, [3 * hiddenSize, hiddenSize], "vision", true),
    proj: takeLinear(take, `${p}.attn.proj`, [hiddenSize, hiddenSize], "vision", true),
  };
}

/** ε of every norm of the towers; fixed by the reference classes, not in the configuration. */
export const towerEpsilon = 1e-6;
