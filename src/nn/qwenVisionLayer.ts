// The vision block of Qwen2.5-VL (RMSNorm, SwiGLU) and Qwen3-VL (LayerNorm, tanh-GELU): one product for q, k and v, 2-D rotary
// attention within segments, biases everywhere. Which rows form a segment (a window or a picture) is the caller's choice.
// Equations: transformers Qwen2_5_VLVisionBlock, Qwen3VLVisionBlock.

import { slice, type Tensor, tidy } from "@tensorflow/tfjs-core";
import { gelu, swiglu } from "@/ops/activation/activation";
import { type Rope, rope } from "@/ops/rope/rope";
import { type AttentionMeta, attend, type Heads, splitHeads } from "./attention";
import { applyLinear, type LinearLayer } from "./linear";
import { applyNorm, type NormWeights } from "./normWeights";

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
}

/** Patch rows [M, D] → [M, D]; keeps no tape, frees what it makes. */
export function applyQwenVisionLayer(layer: QwenVisionLayer, x: Tensor, pass: QwenVisionPass): Tensor {
  return tidy(() => {
    const afterAttention = applyLinear(
      layer.proj,
      tidy(() => mix(layer, x, pass)),
      x,
    );
    return applyMlp(layer.mlp, applyNorm(layer.norm2, afterAttention, layer.epsilon), afterAttention);
  });
}

/** Attention without its output projection, [M, D]. */
function mix(layer: QwenVisionLayer, x: Tensor, pass: QwenVisionPass): Tensor {
  const { query, dim } = layer.heads;
  const qkv = applyLinear(layer.qkv, applyNorm(layer.norm1, x, layer.epsilon));
  const part = (index: number) => splitHeads(slice(qkv, [0, index * query * dim], [-1, query * dim]), query, dim);
  const rotated = (index: number) => rope(part(index), pass.positions, pass.rope);
  return attend(rotated(0), rotated(1), part(2), pass.meta);
}

function applyMlp(mlp: QwenVisionMlp, h: Tensor, residual: Tensor): Tensor {
  return tidy(() =>
    mlp.kind === "swiglu"
      ? applyLinear(mlp.down, swiglu(applyLinear(mlp.gate, h), applyLinear(mlp.up, h)), residual)
      : applyLinear(mlp.fc2, gelu(applyLinear(mlp.fc1, h)), residual),
  );
}

/** The projections of a block, in checkpoint order. */
export function qwenVisionProjections({ qkv, proj, mlp }: QwenVisionLayer): LinearLayer[] {
  return [qkv, proj, ...(mlp.kind === "swiglu" ? [mlp.gate, mlp.up, mlp.down] : [mlp.fc1, mlp.fc2])];
}
