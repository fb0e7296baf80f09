// The text decoder all families share: token embedding with image features put in, blocks, final norm, LM head. Families differ
// in what `build` gives their blocks (biases, head norms), in the rope's axes, and in the extra features that Qwen3-VL adds
// after its first blocks (DeepStack).

import { add, slice, type Tensor, tidy } from "@tensorflow/tfjs-core";
import { embedding, type FeatureMerge } from "@/ops/embedding/embedding";
import { gatherRows } from "@/ops/embedding/gatherRows";
import type { Matrix } from "@/ops/matrix";
import { rmsNorm } from "@/ops/norm/norm";
import { applyDecoderLayer, type DecoderLayer, decoderProjections, type TextPass } from "./decoderLayer";
import type { LinearLayer } from "./linear";

/** Every weight of the decoder, on the current backend. */
export interface TextDecoderWeights {
  readonly embedTokens: Matrix;
  readonly layers: readonly DecoderLayer[];
  readonly norm: Tensor;
  readonly epsilon: number;
  /** The embedding itself when the two are tied. */
  readonly head: Matrix;
}

/** A text pass with the image features of its rows. */
export interface DecoderPass extends TextPass {
  /** Features [F, hidden · (1 + levels)]: the first block of columns replaces image tokens, level j is added after block j. */
  readonly merge?: FeatureMerge | undefined;
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
    const y = applyDecoderLayer(this.weights.layers[index] as DecoderLayer, index, x, pass);
    if (!pass.merge || index + 1 >= this.#levels(pass.merge.features)) return y;
    const { features, featureIndex, featureRows } = pass.merge;
    return add(y, gatherRows(this.#level(features, index + 1), featureIndex, featureRows));
  }

  /** Final norm; the head is applied by ops/headStats so that logits of all tokens are never held. */
  finalNorm(x: Tensor): Tensor {
    return rmsNorm(x, this.weights.norm, this.weights.epsilon);
  }

  /** All blocks and the final norm, without a tape. */
  decode(x: Tensor, pass: DecoderPass): Tensor {
    return tidy(() => {
      let hidden = x;
      for (let i = 0; i < this.weights.layers.length; i++) {
        const next = tidy(() => this.layer(i, hidden, pass));
        if (hidden !== x) hidden.dispose();
        hidden = next;
      }
      return this.finalNorm(hidden);
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
