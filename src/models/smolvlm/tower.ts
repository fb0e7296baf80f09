// SmolVLM's vision tower: SigLIP over frames, pixel shuffle, connector. Equations: transformers' modeling_smolvlm (Idefics3).
// It is a chain of stages, so it can be trained layer by layer (the embedded model was).

import { concat, dispose, keep, reshape, type Tensor, type Tensor2D, tensor, tensor1d, tidy } from "@tensorflow/tfjs-core";
import type { AttentionMeta } from "@/nn/attention";
import { applyLinear, type LinearLayer, linearParameters } from "@/nn/linear";
import { applyNorm, type LayerNormWeights } from "@/nn/normWeights";
import { invertPermutation } from "@/nn/permutation";
import { segmentMeta } from "@/nn/segments";
import { applyVisionLayer, type VisionLayer, visionParameters, visionProjections } from "@/nn/visionLayer";
import { embedding } from "@/ops/embedding/embedding";
import { gatherRows } from "@/ops/embedding/gatherRows";
import { f32Matrix } from "@/ops/matrix";
import type { ProcessedImage, Stage, VisionBatch, VisionTower } from "../family";
import type { SmolVlmConfig } from "./config";

/** Every weight of the tower, on the current backend. */
export interface SmolVlmTowerWeights {
  readonly patchEmbedding: LinearLayer;
  readonly positionEmbedding: Tensor2D; // [n², hidden]
  readonly layers: readonly VisionLayer[];
  readonly postLayerNorm: LayerNormWeights;
  readonly connector: LinearLayer;
}

/** Frames as packed patch rows. */
interface FramePass {
  readonly meta: AttentionMeta;
  /** Position of every patch row in its frame, int32 [M]. */
  readonly positions: Tensor;
  /** Pixel-shuffle order of the patch rows and its inverse, int32 [M]. */
  readonly shuffle: Tensor;
  readonly unshuffle: Tensor;
}

/** Frames' patch rows with the stages that compute them. */
interface FrameChain {
  readonly input: Tensor;
  readonly stages: readonly Stage[];
  dispose(): void;
}

/** The tower over its weights. */
export class SmolVlmTower implements VisionTower {
  /** Patch rows that are computed together: what a few tiles of 512 pixels make. */
  rowsAtATime = 4096;

  constructor(
    private readonly config: SmolVlmConfig,
    private readonly weights: SmolVlmTowerWeights,
  ) {}

  get projections(): readonly LinearLayer[] {
    return [...this.weights.layers.flatMap(visionProjections), this.weights.connector];
  }

  get projector(): readonly LinearLayer[] {
    return [this.weights.connector];
  }

  batch(images: readonly ProcessedImage[]): VisionBatch {
    const { numChannels, imageSize, patchSize } = this.config.vision;
    const rowsPerFrame = (imageSize / patchSize) ** 2;
    const width = numChannels * patchSize ** 2;
    const frames = images.reduce((sum, { patchCount }) => sum + patchCount, 0) / rowsPerFrame;
    const patches = new Float32Array(frames * rowsPerFrame * width);
    let at = 0;
    for (const { pixelValues } of images) at = writePatchRows(patches, at, pixelValues, numChannels, imageSize, patchSize);
    const rowsOf = (first: number, count: number) =>
      patches.subarray(first * rowsPerFrame * width, (first + count) * rowsPerFrame * width);
    let whole: FrameChain | undefined;
    const tower = this;
    return {
      get chain() {
        whole ??= tower.#chain(rowsOf(0, frames), frames);
        return whole;
      },
      // Frames do not see each other, so a picture of many tiles is computed a few at a time.
      encode: () => {
        const together = Math.max(1, Math.floor(this.rowsAtATime / rowsPerFrame));
        const parts: Tensor[] = [];
        for (let first = 0; first < frames; first += together) {
          const count = Math.min(together, frames - first);
          const { input, stages, dispose: release } = this.#chain(rowsOf(first, count), count);
          parts.push(runChain(stages, input));
          release();
        }
        return parts.length === 1 ? (parts[0] as Tensor) : tidy(() => joined(parts));
      },
      dispose: () => whole?.dispose(),
    };
  }

  /** The stages over some frames, given as patch rows. */
  #chain(patches: Float32Array, frames: number): FrameChain {
    const { imageSize, patchSize } = this.config.vision;
    const n = imageSize / patchSize;
    const count = frames * n * n;
    const meta = segmentMeta(Array.from({ length: frames }, () => n * n));
    const order = pixelShuffleOrder(n, this.config.scaleFactor, frames);
    const int = (values: Int32Array) => keep(tensor1d(values, "int32"));
    const input = keep(tensor(patches, [count, patches.length / count]));
    const rows = keep(tensor(meta.rows, [count, 4], "int32"));
    const keys = keep(tensor(meta.keys, [count, 2], "int32"));
    const positions = int(new Int32Array(count).map((_, i) => i % (n * n)));
    const [shuffle, unshuffle] = [int(order), int(invertPermutation(order))];
    const stages = this.#stages({ meta: { rows, keys }, positions, shuffle, unshuffle });
    return { input, stages, dispose: () => dispose([input, rows, keys, positions, shuffle, unshuffle]) };
  }

  #stages(pass: FramePass): readonly Stage[] {
    const { patchEmbedding, positionEmbedding, layers, postLayerNorm, connector } = this.weights;
    return [
      {
        parameters: [positionEmbedding, ...linearParameters(patchEmbedding)],
        projections: [],
        run: (x) => applyLinear(patchEmbedding, x, embedding(pass.positions, f32Matrix(positionEmbedding))),
      },
      ...layers.map((layer) => ({
        parameters: visionParameters(layer),
        projections: visionProjections(layer),
        run: (x: Tensor) => applyVisionLayer(layer, x, pass.meta),
      })),
      {
        parameters: [postLayerNorm.weight, postLayerNorm.bias, ...linearParameters(connector)],
        projections: [connector],
        run: (x) => this.#connect(x, pass),
      },
    ];
  }

  /** Patch rows → image tokens [M / scale², text hidden]: post-norm, pixel shuffle, connector. */
  #connect(x: Tensor, pass: FramePass): Tensor {
    const { postLayerNorm, connector } = this.weights;
    const { scaleFactor, vision } = this.config;
    const normed = applyNorm(postLayerNorm, x, vision.layerNormEps);
    const shuffled = gatherRows(normed, pass.shuffle, pass.unshuffle);
    const merged = scaleFactor ** 2;
    return applyLinear(connector, reshape(shuffled, [(x.shape[0] as number) / merged, merged * vision.hiddenSize]));
  }
}

/** Features of groups of frames in order; takes the parts. */
function joined(parts: readonly Tensor[]): Tensor {
  const all = keep(concat(parts as Tensor2D[], 0));
  dispose([...parts]);
  return all;
}

/** The stages in order; every intermediate is freed as soon as the next is there. */
function runChain(stages: readonly Stage[], input: Tensor): Tensor {
  return stages.reduce((x, stage) => {
    const y = tidy(() => stage.run(x));
    if (x !== input) x.dispose();
    return y;
  }, input);
}

/** Writes frames [frames, channels, side, side] as patch rows in the order of the patch convolution's weight; returns the end. */
function writePatchRows(
  rows: Float32Array,
  start: number,
  pixelValues: Float32Array,
  channels: number,
  side: number,
  patch: number,
): number {
  const n = side / patch;
  const frames = pixelValues.length / (channels * side * side);
  let at = start;
  for (let frame = 0; frame < frames; frame++) {
    for (let row = 0; row < n; row++) {
      for (let column = 0; column < n; column++) {
        for (let c = 0; c < channels; c++) {
          const plane = (frame * channels + c) * side * side;
          for (let y = 0; y < patch; y++) {
            const from = plane + (row * patch + y) * side + column * patch;
            rows.set(pixelValues.subarray(from, from + patch), at);
            at += patch;
          }
        }
      }
    }
  }
  return at;
}

/** Patch order in which `scale`² neighbours become one image token: row r of the result is patch `order[r]` of its frame. */
function pixelShuffleOrder(side: number, scale: number, frames: number): Int32Array {
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
