// The text decoder at inference on WebGPU: five dispatches a block (ops/decoder) where the tape takes sixteen, with the same bits; seven
// where few rows see so many keys that attention is split over them. It prepares what the fused kernels need from the blocks' tensors
// as they are now: make one per pass or answer, after an adapter changed, and dispose it. Weights are bound as they lie; only norms,
// biases, adapters and the scales of q, k and v are copied.

import { dispose, keep, type Tensor, tidy } from "@tensorflow/tfjs-core";
import { attentionWithLse } from "@/ops/attention/attention";
import { type KeySplit, splitOf, warmUpSplit } from "@/ops/attention/splitKeys";
import {
  gateUp,
  headRotate,
  type JoinedProjections,
  joinTensors,
  newKeyValueRows,
  projection,
  queryKeyValue,
} from "@/ops/decoder/block";
import { embedRows, type PassRows, type RowLayout, rowInfo, rowLayout } from "@/ops/decoder/rows";
import { type Arithmetic, isRough } from "@/ops/linear/arithmetic";
import type { LayerCache } from "./attention";
import type { DecoderLayer, TextDecoderWeights } from "./decoderLayer";
import type { LinearLayer } from "./linear";
import { inRowChunks } from "./rowChunks";

interface FusedLayer {
  readonly layer: DecoderLayer;
  readonly attention: JoinedProjections;
  readonly mlp: JoinedProjections;
}

/** Where a block finds keys and values of rows before its own, how its attention is split, and what its products are computed in. */
interface BlockPlace {
  readonly cache?: LayerCache | undefined;
  readonly split?: KeySplit | undefined;
  readonly arithmetic?: Arithmetic | undefined;
}

/** Largest adapter rank whose product the epilogues add in the order of a product of its own. */
const maxRank = 256;

/** Whether the fused kernels take these blocks: matrices that run together share a format, and none is split. */
export function fuses({ layers }: Pick<TextDecoderWeights, "layers">): boolean {
  return layers.every(
    ({ q, k, v, o, gate, up, down }) =>
      alike([q, k, v]) &&
      alike([gate, up]) &&
      !gate.bias &&
      !up.bias &&
      [q, k, v, o, gate, up, down].every(({ lora }) => !lora || (lora.a.shape[0] <= maxRank && lora.a.shape[0] % 4 === 0)),
  );
}

/** Whether any product of these blocks is computed in this arithmetic; the others stay exact. */
export function computesIn(arithmetic: Arithmetic, { layers }: Pick<TextDecoderWeights, "layers">): boolean {
  return layers.some(({ q, k, v, o, gate, up, down }) =>
    [q, k, v, o, gate, up, down].some(({ weight }) => isRough(arithmetic, weight.format)),
  );
}

function alike(layers: readonly LinearLayer[]): boolean {
  const [first] = layers;
  return layers.every(
    ({ weight, bias }) =>
      weight.parts.length === 1 &&
      weight.format === first?.weight.format &&
      weight.groupSize === first.weight.groupSize &&
      Boolean(bias) === Boolean(first.bias),
  );
}

/** A decoder's blocks and head, ready to run. */
export class FusedDecoder {
  readonly layout: RowLayout;
  readonly #layers: readonly FusedLayer[];
  readonly #kept: Tensor[] = [];

  constructor(private readonly weights: TextDecoderWeights) {
    this.#layers = weights.layers.map((layer) => ({
      layer,
      attention: this.#join([layer.q, layer.k, layer.v], layer.inputNorm, layer.epsilon, true),
      mlp: this.#join([layer.gate, layer.up], layer.postAttentionNorm, layer.epsilon, false),
    }));
    const ranks = this.#layers.map(({ attention }) => attention.ranks.reduce((sum, rank) => sum + rank, 0));
    const { dim, query } = weights.layers[0]?.heads ?? { dim: 4, query: 1 };
    this.layout = rowLayout(dim, query, Math.max(0, ...ranks));
  }

  /** What the rows of a pass bring along, for `block`. */
  begin(rows: PassRows): Tensor {
    return rowInfo(rows, this.layout);
  }

  /** The same with the embedding of one token per row; a table in parts takes a dispatch per part more. */
  beginWithTokens(
    ids: Tensor,
    rows: PassRows,
    embed: (ids: Tensor) => Tensor,
  ): { readonly hidden: Tensor; readonly work: Tensor } {
    return this.weights.embedTokens.parts.length === 1 && rows.positions.size === ids.size
      ? embedRows(ids, this.weights.embedTokens, rows, this.layout)
      : { hidden: embed(ids), work: this.begin(rows) };
  }

  /** What attention of `rowCount` rows that see at most `mostKeys` keys is split with, if it is; in a `tidy` of the pass. */
  splitKeys(rowCount: number, mostKeys = 0): KeySplit | undefined {
    const { query = 0, dim = 0 } = this.#layers[0]?.layer.heads ?? {};
    return splitOf({ pairs: rowCount * query, width: dim, mostKeys });
  }

  /** Compiles ahead of use what `splitKeys` leads to. */
  async warmUpSplit(): Promise<void> {
    const dim = this.#layers[0]?.layer.heads.dim;
    if (dim) await warmUpSplit(dim);
  }

  /** Hidden rows [M, D] → [M, D]. Keys and values go to the rows' own slots of the cache, or of a pass of its own. */
  block(index: number, x: Tensor, work: Tensor, rows: Tensor, { cache, split, arithmetic }: BlockPlace = {}): Tensor {
    const { layer, attention, mlp } = this.#layers[index] as FusedLayer;
    const { heads, qNorm, kNorm, o, gate, down } = layer;
    const { layout } = this;
    return tidy(() => {
      const { k, v } = cache ?? newKeyValueRows(x.shape[0] as number, heads);
      queryKeyValue(x, attention, work, layout, { k, v }, !qNorm, arithmetic);
      if (qNorm && kNorm) headRotate(work, layout, { k, v }, { query: qNorm, key: kNorm, epsilon: layer.epsilon });
      const place = { heads: heads.query, width: heads.dim, first: layout.qFirst, stride: layout.stride };
      const [mixed] = attentionWithLse({ q: work, k, v, rows }, { place, split });
      const afterAttention = projection(mixed, o.weight, { residual: x, bias: o.bias, lora: o.lora, arithmetic });
      return inRowChunks(afterAttention, gate.weight.rows, (part) =>
        projection(gateUp(part, mlp, arithmetic), down.weight, { residual: part, bias: down.bias, lora: down.lora, arithmetic }),
      );
    });
  }

  /** Logits [M, V] of hidden rows, the final norm included. */
  logits(x: Tensor, arithmetic?: Arithmetic): Tensor {
    const { head, norm, epsilon } = this.weights;
    return projection(x, head, { norm: { weight: norm, epsilon }, arithmetic });
  }

  [Symbol.dispose](): void {
    dispose(this.#kept);
  }

  /** Projections of the same normalised rows, with what their frame reads from one binding in one tensor. */
  #join(layers: readonly LinearLayer[], norm: Tensor, epsilon: number, withScales: boolean): JoinedProjections {
    const biases = layers.flatMap(({ bias }) => (bias ? [bias] : []));
    const scales = withScales ? layers.flatMap(({ weight }) => weight.parts[0]?.scales ?? []) : [];
    const loras = layers.map(({ lora }) => lora);
    // A's rows are as wide as the norm's weight: the kernels find them after it.
    const parts: Tensor[] = [norm, ...loras.flatMap((lora) => (lora ? [lora.a] : []))];
    const place = (tensors: readonly (Tensor | undefined)[]) =>
      tensors.map((tensor) => {
        const first = parts.reduce((sum, { size }) => sum + size, 0);
        if (tensor) parts.push(tensor);
        return first;
      });
    const firsts = (tensors: readonly Tensor[]) => (tensors.length > 0 ? place(tensors) : layers.map(() => 0));
    const sideParts = {
      hasBias: biases.length > 0,
      biases: firsts(biases),
      scales: firsts(scales),
      b: place(loras.map((lora) => lora?.b)),
    };
    return {
      weights: layers.map(({ weight }) => weight),
      side: { tensor: this.#copied(parts), ...sideParts },
      ranks: loras.map((lora) => lora?.a.shape[0] ?? 0),
      scalings: loras.map((lora) => lora?.scaling ?? 0),
      norm,
      epsilon,
    };
  }

  /** Tensors one after the other in one, held until the decoder is disposed of. */
  #copied(parts: readonly Tensor[]): Tensor {
    const tensor = keep(joinTensors(parts));
    this.#kept.push(tensor);
    return tensor;
  }
}
