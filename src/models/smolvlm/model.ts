// SmolVLM (model types `smolvlm` and `idefics3`) over `nn` layers: SigLIP tower, pixel shuffle, connector, Llama decoder.
// The same functions run training (on the tape, stage by stage), scoring and captured decoding. Equations: transformers'
// modeling_smolvlm; tensor names: `weights.ts`.

import { reshape, type Tensor, tidy } from "@tensorflow/tfjs-core";
import type { AttentionMeta } from "@/nn/attention";
import { applyDecoderLayer, type DecoderLayer, decoderParameters, decoderProjections, type TextPass } from "@/nn/decoderLayer";
import { applyLinear, type LinearLayer, linearParameters } from "@/nn/linear";
import { applyVisionLayer, type LayerNormWeights, type VisionLayer, visionParameters, visionProjections } from "@/nn/visionLayer";
import { embedding } from "@/ops/embedding/embedding";
import { gatherRows } from "@/ops/embedding/gatherRows";
import type { Matrix } from "@/ops/matrix";
import { layerNorm, rmsNorm } from "@/ops/norm/norm";
import type { SmolVlmConfig } from "./config";

/** Every weight of the model, on the current backend. */
export interface SmolVlmWeights {
  readonly patchEmbedding: LinearLayer;
  readonly positionEmbedding: Tensor; // [n², visionHidden]
  readonly vision: readonly VisionLayer[];
  readonly postLayerNorm: LayerNormWeights;
  readonly connector: LinearLayer;
  readonly embedTokens: Matrix;
  readonly layers: readonly DecoderLayer[];
  readonly norm: Tensor;
  readonly head: Matrix;
}

/** Frames as packed patch rows, ready for the vision tower. */
export interface VisionPass {
  readonly frames: number;
  readonly meta: AttentionMeta;
  /** Position of every patch row in its frame, int32 [M], and the inverse per table row is not needed: see `visionEmbed`. */
  readonly positions: Tensor;
  /** Pixel-shuffle order of the patch rows and its inverse, int32 [M]. */
  readonly shuffle: Tensor;
  readonly unshuffle: Tensor;
}

/** Merge of image features into the text rows (ops/embedding). */
export interface FeatureMerge {
  readonly features: Tensor; // [F, D]
  readonly featureIndex: Tensor;
  readonly featureRows: Tensor;
}

/** Patch order in which `scale`² neighbours become one image token: row r of the result is patch `order[r]` of its frame. */
export function pixelShuffleOrder(side: number, scale: number, frames: number): Int32Array {
  const order = new Int32Array(frames * side * side);
  const tokens = side / scale;
  let at = 0;
  for (let frame = 0; frame < frames; frame++) {
    for (let y = 0; y < tokens; y++) {
      for (let x = 0; x < tokens; x++) {
        for (let dy = 0; dy < scale; dy++) {
          for (let dx = 0; dx < scale; dx++) order[at++] = frame * side * side + (y * scale + dy) * side + x * scale + dx;
        }
      }
    }
  }
  return order;
}

/** Inverse of a permutation. */
export function invertPermutation(order: Int32Array): Int32Array {
  const inverse = new Int32Array(order.length);
  order.forEach((from, to) => {
    inverse[from] = to;
  });
  return inverse;
}

/** The model as a chain of stages; each maps rows to rows and names its trainable tensors. */
export class SmolVlm {
  constructor(
    readonly config: SmolVlmConfig,
    readonly weights: SmolVlmWeights,
  ) {}

  /** Patches [M, 3·P²] → [M, visionHidden]. */
  visionEmbed(patches: Tensor, pass: VisionPass): Tensor {
    const { positionEmbedding, patchEmbedding } = this.weights;
    const table: Matrix = {
      format: "f32",
      rows: positionEmbedding.shape[0] as number,
      columns: positionEmbedding.shape[1] as number,
      groupSize: 0,
      data: positionEmbedding,
    };
    return applyLinear(patchEmbedding, patches, embedding(pass.positions, table));
  }

  visionLayer(index: number, x: Tensor, pass: VisionPass): Tensor {
    return applyVisionLayer(this.weights.vision[index] as VisionLayer, x, pass.meta);
  }

  /** Patch rows → image tokens [M / scale², textHidden]: post-norm, pixel shuffle, connector. */
  connect(x: Tensor, pass: VisionPass): Tensor {
    const { postLayerNorm, connector } = this.weights;
    const scale = this.config.scaleFactor;
    const normed = layerNorm(x, postLayerNorm.weight, postLayerNorm.bias, this.config.vision.layerNormEps);
    const shuffled = gatherRows(normed, pass.shuffle, pass.unshuffle);
    const width = scale * scale * this.config.vision.hiddenSize;
    return applyLinear(connector, reshape(shuffled, [(x.shape[0] as number) / (scale * scale), width]));
  }

  /** Frames' patches → image features, without a tape. */
  encode(patches: Tensor, pass: VisionPass): Tensor {
    return tidy(() => {
      let x = this.visionEmbed(patches, pass);
      for (let i = 0; i < this.weights.vision.length; i++) x = this.visionLayer(i, x, pass);
      return this.connect(x, pass);
    });
  }

  /** Token ids [M] → hidden rows [M, D], image rows replaced by features. */
  textEmbed(ids: Tensor, merge?: FeatureMerge): Tensor {
    return embedding(ids, this.weights.embedTokens, merge);
  }

  textLayer(index: number, x: Tensor, pass: TextPass): Tensor {
    return applyDecoderLayer(this.weights.layers[index] as DecoderLayer, index, x, pass);
  }

  /** Final norm; the head is applied by ops/headStats so that logits of all tokens are never held. */
  finalNorm(x: Tensor): Tensor {
    return rmsNorm(x, this.weights.norm, this.config.text.rmsNormEps);
  }

  /** All decoder blocks and the final norm, without a tape. */
  decode(x: Tensor, pass: TextPass): Tensor {
    return tidy(() => {
      let hidden = x;
      for (let i = 0; i < this.weights.layers.length; i++) {
        const next = this.textLayer(i, hidden, pass);
        if (hidden !== x) hidden.dispose();
        hidden = next;
      }
      return this.finalNorm(hidden);
    });
  }

  /** Projections by module path, the names PEFT uses. */
  get projections(): LinearLayer[] {
    const { vision, layers, connector } = this.weights;
    return [...vision.flatMap(visionProjections), connector, ...layers.flatMap(decoderProjections)];
  }

  /** Projections of the text decoder: LoRA's default targets. */
  get textProjections(): LinearLayer[] {
    return this.weights.layers.flatMap(decoderProjections);
  }

  /** Trainable tensors per stage for full training, in forward order: vision embed, vision layers, connector, embed, text layers, head. */
  stageParameters(): {
    visionEmbed: Tensor[];
    vision: Tensor[][];
    connect: Tensor[];
    embed: Tensor[];
    text: Tensor[][];
    head: Tensor[];
  } {
    const w = this.weights;
    return {
      visionEmbed: [w.positionEmbedding, ...linearParameters(w.patchEmbedding)],
      vision: w.vision.map(visionParameters),
      connect: [w.postLayerNorm.weight, w.postLayerNorm.bias, ...linearParameters(w.connector)],
      embed: [w.embedTokens.data],
      text: w.layers.map(decoderParameters),
      head: [w.norm, w.head.data],
    };
  }
}
