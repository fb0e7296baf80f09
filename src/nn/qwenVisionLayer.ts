// The vision block of Qwen2.5-VL (RMSNorm, SwiGLU) and Qwen3-VL (LayerNorm, tanh-GELU): one product for q, k and v, 2-D rotary
// attention within segments, biases everywhere. Which rows form a segment (a window or a picture) is the caller's choice.
// Equations: transformers Qwen2_5_VLVisionBlock, Qwen3VLVisionBlock.

import { concat, slice, type Tensor, type Tensor2D, tidy } from "@tensorflow/tfjs-core";
import { gelu, swiglu } from "@/ops/activation/activation";
import { type Rope, rope } from "@/ops/rope/rope";
import { type AttentionMeta, attend, type Heads, splitHeads } from "./attention";
import { applyLinear, type LinearLayer, linearParameters } from "./linear";
import { applyNorm, type NormWeights, normParameters } from "./normWeights";
import { inRowChunks, rowChunks } from "./rowChunks";

/** The MLP of a block. */
export type QwenVisionMlp =
  | { readonly kind: "swiglu"; readonly gate: LinearLayer; readonly up: LinearLayer; readonly down: LinearLayer }
  | { readonly kind: "gelu"; readonly fc1: LinearLayer; readonly fc2: LinearLayer };

export interface QwenVisionLayer {
  readonly heads: Heads;
  readonly epsilon: number;
  readonly norm1: NormWeights;
  readonly norm2: NormWeights;
  /** Rows q, then k, then v: [3·D, D]. */
  readonly qkv: LinearLayer;
  readonly proj: LinearLayer;
  readonly mlp: QwenVisionMlp;
}

/** What a block needs besides the patch rows. */
export interface QwenVisionPass {
  readonly meta: AttentionMeta;
  readonly positions: Tensor; // int32 [M, 2]: row and column of the patch
  readonly rope: Rope;
  /** Bytes of the widest intermediate, above which rows are cut (nn/rowChunks). */
  readonly limitBytes?: number;
}

/** Patch rows [M, D] → [M, D]; frees what it makes. Differentiable when the pass's meta has keys. */
export function applyQwenVisionLayer(layer: QwenVisionLayer, x: Tensor, pass: QwenVisionPass): Tensor {
  return tidy(() => {
    const mixed = tidy(() => mix(layer, x, pass));
    const afterAttention = applyLinear(layer.proj, mixed, x);
    return inRowChunks(afterAttention, mlpWidth(layer.mlp), (rows) => tidy(() => applyMlp(layer, rows)), pass.limitBytes);
  });
}

/** Attention without its output projection, [M, D]. */
function mix(layer: QwenVisionLayer, x: Tensor, pass: QwenVisionPass): Tensor {
  const { query, dim } = layer.heads;
  const width = query * dim;
  const chunks = rowChunks(x, 3 * width, pass.limitBytes).map((rows) =>
    tidy(() => {
      const qkv = applyLinear(layer.qkv, applyNorm(layer.norm1, rows, layer.epsilon));
      return [0, 1, 2].map((part) => slice(qkv, [0, part * width], [-1, width]) as Tensor2D);
    }),
  );
  const part = (index: number) => {
    const rows = chunks.map((chunk) => chunk[index] as Tensor2D);
    return splitHeads(concat(rows, 0), query, dim);
  };
  const rotated = (index: number) => rope(part(index), pass.positions, pass.rope);
  return attend(rotated(0), rotated(1), part(2), pass.meta);
}

function mlpWidth(mlp: QwenVisionMlp): number {
  return (mlp.kind === "swiglu" ? mlp.gate : mlp.fc1).weight.rows;
}

/** The block's second half, residual included. */
function applyMlp({ mlp, norm2, epsilon }: QwenVisionLayer, x: Tensor): Tensor {
  const h = applyNorm(norm2, x, epsilon);
  return mlp.kind === "swiglu"
    ? applyLinear(mlp.down, swiglu(applyLinear(mlp.gate, h), applyLinear(mlp.up, h)), x)
    : applyLinear(mlp.fc2, gelu(applyLinear(mlp.fc1, h)), x);
}

/** The projections of a block, in checkpoint order. */
export function qwenVisionProjections({ qkv, proj, mlp }: QwenVisionLayer): LinearLayer[] {
  return [qkv, proj, ...(mlp.kind === "swiglu" ? [mlp.gate, mlp.up, mlp.down] : [mlp.fc1, mlp.fc2])];
}

/** All trainable tensors of a block (full training). */
export function qwenVisionParameters(layer: QwenVisionLayer): Tensor[] {
  return [...[layer.norm1, layer.norm2].flatMap(normParameters), ...qwenVisionProjections(layer).flatMap(linearParameters)];
}
