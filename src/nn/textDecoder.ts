// The text decoder all families share: token embedding with image features put in, blocks, final norm, LM head. Families differ
// in what `build` gives their blocks (biases, head norms), in the rope's axes, and in the extra features that Qwen3-VL adds
// after its first blocks (DeepStack).

import { add, getBackend, slice, type Tensor, tidy } from "@tensorflow/tfjs-core";
import { embedding, type FeatureMerge } from "@/ops/embedding/embedding";
import { gatherRows } from "@/ops/embedding/gatherRows";
import type { Arithmetic } from "@/ops/linear/arithmetic";
import { rmsNorm } from "@/ops/norm/norm";
import { applyDecoderLayer, type DecoderLayer, decoderProjections, type TextDecoderWeights, type TextPass } from "./decoderLayer";
import { FusedDecoder, fuses } from "./fusedDecoder";
import type { LinearLayer } from "./linear";

/** A text pass with the image features of its rows. */
export interface DecoderPass extends TextPass {
  /** Features [F, hidden · (1 + levels)]: the first block of columns replaces image tokens, level j is added after block j. */
  readonly merge?: FeatureMerge | undefined;
  /** Of fused blocks; f32 without it. */
  readonly arithmetic?: Arithmetic | undefined;
}

/** The decoder as a chain of stages that map rows to rows. */
export class TextDecoder {
  constructor(readonly weights: TextDecoderWeights) {}

  /** Width of a hidden row. */
  get hiddenSize(): number {
    return this.weights.embedTokens.columns;
  }

  /** Token ids [M] → hidden rows [M, hidden], image rows replaced by features. */
  embed(ids: Tensor, merge?: FeatureMerge): Tensor {
    return embedding(ids, this.weights.embedTokens, merge && { ...merge, features: this.#level(merge.features, 0) });
  }

  /** One block, and the DeepStack features that belong after it. */
  layer(index: number, x: Tensor, pass: DecoderPass): Tensor {
    return this.withFeatures(index, applyDecoderLayer(this.weights.layers[index] as DecoderLayer, index, x, pass), pass);
  }

  /** The rows after a block with the DeepStack features that belong there. */
  withFeatures(index: number, y: Tensor, { merge }: DecoderPass): Tensor {
    if (!merge || index + 1 >= this.#levels(merge.features)) return y;
    const { features, featureIndex, featureRows } = merge;
    return add(y, gatherRows(this.#level(features, index + 1), featureIndex, featureRows));
  }

  /** The blocks for passes without a gradient on WebGPU, as their tensors are now; undefined where they do not fuse. The caller disposes. */
  fused(): FusedDecoder | undefined {
    return getBackend() === "webgpu" && fuses(this.weights) ? new FusedDecoder(this.weights) : undefined;
  }

  /** Final norm; the head is applied by ops/headStats so that logits of all tokens are never held. */
  finalNorm(x: Tensor): Tensor {
    return rmsNorm(x, this.weights.norm, this.weights.epsilon);
  }

  /** All blocks and the final norm, without a tape. */
  decode(x: Tensor, pass: DecoderPass): Tensor {
    const fused = this.fused();
    try {
      return tidy(() => this.finalNorm(this.blocks(x, pass, fused)));
    } finally {
      fused?.[Symbol.dispose]();
    }
  }

  /** All blocks without a tape, fused if that is given, with what its rows bring along. */
  blocks(x: Tensor, pass: DecoderPass, fused?: FusedDecoder, work?: Tensor): Tensor {
    return tidy(() => {
      const { meta, positions, rope, cache, arithmetic } = pass;
      const info = fused && (work ?? fused.begin({ rows: meta.rows, positions, rope }));
      const split = fused?.splitKeys(x.shape[0] as number, meta.mostKeys);
      let hidden = x;
      for (let i = 0; i < this.weights.layers.length; i++) {
        const next = tidy(() =>
          fused && info
            ? this.withFeatures(i, fused.block(i, hidden, info, meta.rows, { cache: cache?.layers[i], split, arithmetic }), pass)
            : this.layer(i, hidden, pass),
        );
        if (hidden !== x) hidden.dispose();
        hidden = next;
      }
      return hidden;
    });
  }

  /** Projections by module path, the names PEFT uses. */
  get projections(): LinearLayer[] {
    return this.weights.layers.flatMap(decoderProjections);
  }

  #levels(features: Tensor): number {
    return (features.shape[1] as number) / this.hiddenSize;
  }

  #level(features: Tensor, level: number): Tensor {
    const width = this.hiddenSize;
    return this.#levels(features) === 1 ? features : slice(features, [0, level * width], [-1, width]);
  }
}
