// The SigLIP encoder block (SmolVLM's vision tower): LayerNorm, full attention within a frame, tanh-GELU MLP, biases everywhere.
// Equations: transformers SmolVLMEncoderLayer.

import type { Tensor } from "@tensorflow/tfjs-core";
import { gelu } from "@/ops/activation/activation";
import { type AttentionMeta, attend, type Heads, splitHeads } from "./attention";
import { applyLinear, type LinearLayer, linearParameters } from "./linear";
import { applyNorm, type LayerNormWeights } from "./normWeights";
import { inRowChunks } from "./rowChunks";

export interface VisionLayer {
  readonly heads: Heads;
  readonly epsilon: number;
  readonly norm1: LayerNormWeights;
  readonly norm2: LayerNormWeights;
  readonly q: LinearLayer;
  readonly k: LinearLayer;
  readonly v: LinearLayer;
  readonly out: LinearLayer;
  readonly fc1: LinearLayer;
  readonly fc2: LinearLayer;
}

/** Patch rows [M, D] → [M, D]; `meta` keeps frames apart. */
export function applyVisionLayer(layer: VisionLayer, x: Tensor, meta: AttentionMeta): Tensor {
  const { heads } = layer;
  const h = applyNorm(layer.norm1, x, layer.epsilon);
  const split = (projection: LinearLayer) => splitHeads(applyLinear(projection, h), heads.query, heads.dim);
  const afterAttention = applyLinear(layer.out, attend(split(layer.q), split(layer.k), split(layer.v), meta), x);
  return inRowChunks(afterAttention, layer.fc1.weight.rows, (rows) => {
    const h2 = applyNorm(layer.norm2, rows, layer.epsilon);
    return applyLinear(layer.fc2, gelu(applyLinear(layer.fc1, h2)), rows);
  });
}

/** The projections of a block, in checkpoint order. */
export function visionProjections(layer: VisionLayer): LinearLayer[] {
  return [layer.q, layer.k, layer.v, layer.out, layer.fc1, layer.fc2];
}

/** All trainable tensors of a block (full training). */
export function visionParameters(layer: VisionLayer): Tensor[] {
  const norms = [layer.norm1, layer.norm2].flatMap(({ weight, bias }) => [weight, bias]);
  return [...norms, ...visionProjections(layer).flatMap(linearParameters)];
}
