// Where keys and values come from: the rows of the same pass (training, scoring, vision), or a cache that decoding writes.

import { reshape, type Tensor } from "@tensorflow/tfjs-core";
import { attention } from "@/ops/attention/attention";
import { kvWrite } from "@/ops/attention/kvWrite";

/** Which keys each query row sees (ops/attention explains the columns). */
export interface AttentionMeta {
  readonly rows: Tensor; // int32 [M, 4]
  readonly keys?: Tensor; // int32 [S, 2], needed by the gradient
  /** The most keys a row may see, for passes of few rows that may see many (ops/attention/splitKeys). */
  readonly mostKeys?: number;
}

/** Keys and values of one layer for all sequences of a batch, at fixed physical rows. */
export interface LayerCache {
  readonly k: Tensor; // [S, kvHeads, headDim]
  readonly v: Tensor;
}

/** A decoding pass writes its rows at these slots before it attends. */
export interface CacheWrite {
  readonly layers: readonly LayerCache[];
  readonly slots: Tensor; // int32 [M]
}

export interface Heads {
  readonly query: number;
  readonly keyValue: number;
  readonly dim: number;
}

/** Splits rows [M, heads·dim] into heads [M, heads, dim]. */
export function splitHeads(x: Tensor, heads: number, dim: number): Tensor {
  return reshape(x, [x.shape[0] as number, heads, dim]);
}

/** Scaled dot-product attention of q [M, H, hd] over k, v [M, Hkv, hd], or over the layer's cache; returns [M, H·hd]. */
export function attend(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  meta: AttentionMeta,
  cache?: { readonly layer: LayerCache; readonly slots: Tensor },
): Tensor {
  if (cache) {
    kvWrite(cache.layer.k, k, cache.slots);
    kvWrite(cache.layer.v, v, cache.slots);
  }
  const out = cache ? attention(q, cache.layer.k, cache.layer.v, { rows: meta.rows }) : attention(q, k, v, meta);
  return reshape(out, [q.shape[0] as number, (q.shape[1] as number) * (q.shape[2] as number)]);
}
