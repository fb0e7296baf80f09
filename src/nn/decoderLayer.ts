// The decoder block of Llama (SmolVLM), Qwen2 (q, k, v with bias) and Qwen3 (RMSNorm of every query and key head before the
// rotation): RMSNorm, rotary grouped-query attention, SwiGLU. Equations: transformers LlamaDecoderLayer, Qwen2_5_VLDecoderLayer,
// Qwen3VLTextDecoderLayer; names follow the checkpoints.

import { reshape, type Tensor } from "@tensorflow/tfjs-core";
import { swiglu } from "@/ops/activation/activation";
import type { Matrix } from "@/ops/matrix";
import { rmsNorm } from "@/ops/norm/norm";
import { type Rope, rope } from "@/ops/rope/rope";
import { type AttentionMeta, attend, type CacheWrite, type Heads, splitHeads } from "./attention";
import { applyLinear, type LinearLayer, linearParameters } from "./linear";
import { inRowChunks } from "./rowChunks";

/** What a text pass needs besides the hidden rows. */
export interface TextPass {
  readonly meta: AttentionMeta;
  readonly positions: Tensor; // int32 [M] or [M, axes]
  readonly rope: Rope;
  readonly cache?: CacheWrite;
}

export interface DecoderLayer {
  readonly heads: Heads;
  readonly epsilon: number;
  readonly inputNorm: Tensor;
  readonly postAttentionNorm: Tensor;
  readonly q: LinearLayer;
  readonly k: LinearLayer;
  readonly v: LinearLayer;
  /** Qwen3: norms over head_dim shared by all heads, [headDim]. */
  readonly qNorm?: Tensor;
  readonly kNorm?: Tensor;
  readonly o: LinearLayer;
  readonly gate: LinearLayer;
  readonly up: LinearLayer;
  readonly down: LinearLayer;
}

/** Every weight of a decoder, on the current backend. */
export interface TextDecoderWeights {
  readonly embedTokens: Matrix;
  readonly layers: readonly DecoderLayer[];
  readonly norm: Tensor;
  readonly epsilon: number;
  /** The embedding itself when the two are tied. */
  readonly head: Matrix;
}

/** Hidden rows [M, D] → [M, D]. */
export function applyDecoderLayer(layer: DecoderLayer, index: number, x: Tensor, pass: TextPass): Tensor {
  const { heads } = layer;
  const h = rmsNorm(x, layer.inputNorm, layer.epsilon);
  const rotated = (projection: LinearLayer, count: number, norm: Tensor | undefined) => {
    const projected = splitHeads(applyLinear(projection, h), count, heads.dim);
    return rope(norm ? normHeads(projected, norm, layer.epsilon) : projected, pass.positions, pass.rope);
  };
  const q = rotated(layer.q, heads.query, layer.qNorm);
  const k = rotated(layer.k, heads.keyValue, layer.kNorm);
  const v = splitHeads(applyLinear(layer.v, h), heads.keyValue, heads.dim);
  const cached = pass.cache?.layers[index];
  const mixed = attend(q, k, v, pass.meta, cached && pass.cache && { layer: cached, slots: pass.cache.slots });
  const afterAttention = applyLinear(layer.o, mixed, x);
  return inRowChunks(afterAttention, layer.gate.weight.rows, (rows) => {
    const h2 = rmsNorm(rows, layer.postAttentionNorm, layer.epsilon);
    return applyLinear(layer.down, swiglu(applyLinear(layer.gate, h2), applyLinear(layer.up, h2)), rows);
  });
}

/** RMSNorm of every head on its own: x [M, H, hd], weight [hd]. */
function normHeads(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  const [m, heads, dim] = x.shape as [number, number, number];
  return reshape(rmsNorm(reshape(x, [m * heads, dim]), weight, epsilon), [m, heads, dim]);
}

/** The projections of a block, in checkpoint order. */
export function decoderProjections(layer: DecoderLayer): LinearLayer[] {
  return [layer.q, layer.k, layer.v, layer.o, layer.gate, layer.up, layer.down];
}

/** All trainable tensors of a block (full training). */
export function decoderParameters(layer: DecoderLayer): Tensor[] {
  const headNorms = [layer.qNorm, layer.kNorm].filter((norm) => norm !== undefined);
  return [layer.inputNorm, layer.postAttentionNorm, ...headNorms, ...decoderProjections(layer).flatMap(linearParameters)];
}
