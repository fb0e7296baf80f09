// The Llama decoder block (SmolVLM's text model): RMSNorm, rotary grouped-query attention, SwiGLU.
// Equations: transformers LlamaDecoderLayer; names follow the checkpoint.

import type { Tensor } from "@tensorflow/tfjs-core";
import { swiglu } from "@/ops/activation/activation";
import { rmsNorm } from "@/ops/norm/norm";
import { rope } from "@/ops/rope/rope";
import { type AttentionMeta, attend, type CacheWrite, type Heads, splitHeads } from "./attention";
import { applyLinear, type LinearLayer, linearParameters } from "./linear";

/** What a text pass needs besides the hidden rows. */
export interface TextPass {
  readonly meta: AttentionMeta;
  readonly positions: Tensor; // int32 [M]
  readonly ropeTable: Tensor; // [P, headDim]
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
  readonly o: LinearLayer;
  readonly gate: LinearLayer;
  readonly up: LinearLayer;
  readonly down: LinearLayer;
}

/** Hidden rows [M, D] → [M, D]. */
export function applyDecoderLayer(layer: DecoderLayer, index: number, x: Tensor, pass: TextPass): Tensor {
  const { heads } = layer;
  const h = rmsNorm(x, layer.inputNorm, layer.epsilon);
  const q = rope(splitHeads(applyLinear(layer.q, h), heads.query, heads.dim), pass.positions, pass.ropeTable);
  const k = rope(splitHeads(applyLinear(layer.k, h), heads.keyValue, heads.dim), pass.positions, pass.ropeTable);
  const v = splitHeads(applyLinear(layer.v, h), heads.keyValue, heads.dim);
  const cached = pass.cache?.layers[index];
  const mixed = attend(q, k, v, pass.meta, cached && pass.cache && { layer: cached, slots: pass.cache.slots });
  const afterAttention = applyLinear(layer.o, mixed, x);
  const h2 = rmsNorm(afterAttention, layer.postAttentionNorm, layer.epsilon);
  return applyLinear(layer.down, swiglu(applyLinear(layer.gate, h2), applyLinear(layer.up, h2)), afterAttention);
}

/** The projections of a block, in checkpoint order. */
export function decoderProjections(layer: DecoderLayer): LinearLayer[] {
  return [layer.q, layer.k, layer.v, layer.o, layer.gate, layer.up, layer.down];
}

/** All trainable tensors of a block (full training). */
export function decoderParameters(layer: DecoderLayer): Tensor[] {
  return [layer.inputNorm, layer.postAttentionNorm, ...decoderProjections(layer).flatMap(linearParameters)];
}
