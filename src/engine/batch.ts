// Packed rows on the current backend: what `packing.ts` lays out, as tensors, for the vision tower and for the decoder.

import { dispose, keep, type Tensor, tensor, tensor1d, tidy } from "@tensorflow/tfjs-core";
import { invertPermutation, pixelShuffleOrder, type SmolVlm, type VisionPass } from "@/models/smolvlm/model";
import type { TextPass } from "@/nn/decoderLayer";
import { type PackedRows, packFrames } from "./packing";

/** Frames of one or more images, ready for the tower. */
export interface EncodedImages {
  readonly patches: Tensor; // [frames·n², 3·P²]
  readonly pass: VisionPass;
  dispose(): void;
}

/** Pixel values [frames, 3, t, t] → patch rows [frames·n², 3·P·P] in the order of the patch convolution's weight. */
export function patchRows(
  pixelValues: Float32Array,
  frames: number,
  channels: number,
  side: number,
  patch: number,
): Float32Array {
  const n = side / patch;
  const width = channels * patch * patch;
  const rows = new Float32Array(frames * n * n * width);
  let at = 0;
  for (let frame = 0; frame < frames; frame++) {
    for (let row = 0; row < n; row++) {
      for (let column = 0; column < n; column++) {
        for (let c = 0; c < channels; c++) {
          const plane = (frame * channels + c) * side * side;
          for (let y = 0; y < patch; y++) {
            const start = plane + (row * patch + y) * side + column * patch;
            rows.set(pixelValues.subarray(start, start + patch), at);
            at += patch;
          }
        }
      }
    }
  }
  return rows;
}

/** Uploads frames given as pixel values [frames, 3, t, t]. */
export function imageBatch(model: SmolVlm, pixelValues: Float32Array, frames: number): EncodedImages {
  const { vision, scaleFactor } = model.config;
  const n = vision.imageSize / vision.patchSize;
  const rows = patchRows(pixelValues, frames, vision.numChannels, vision.imageSize, vision.patchSize);
  const meta = packFrames(frames, n * n);
  const positions = new Int32Array(frames * n * n).map((_, i) => i % (n * n));
  const order = pixelShuffleOrder(n, scaleFactor, frames);
  const patches = keep(tensor(rows, [frames * n * n, vision.numChannels * vision.patchSize ** 2]));
  const tensors = {
    rows: keep(tensor(meta.rows, [frames * n * n, 4], "int32")),
    keys: keep(tensor(meta.keys, [frames * n * n, 2], "int32")),
    positions: keep(tensor1d(positions, "int32")),
    shuffle: keep(tensor1d(order, "int32")),
    unshuffle: keep(tensor1d(invertPermutation(order), "int32")),
  };
  const { positions: p, shuffle, unshuffle } = tensors;
  return {
    patches,
    pass: { frames, meta: { rows: tensors.rows, keys: tensors.keys }, positions: p, shuffle, unshuffle },
    dispose: () => dispose([patches, ...Object.values(tensors)]),
  };
}

/** Image features [F, D] of a batch of frames. */
export function encodeImages(model: SmolVlm, images: EncodedImages): Tensor {
  return model.encode(images.patches, images.pass);
}

/** Targets with a non-zero cotangent, as the head's backward needs them. */
export interface ActiveTargets {
  readonly rows: Tensor; // int32 [A]
  readonly inverse: Tensor; // int32 [M]
  readonly targets: Tensor; // int32 [A]
  readonly cotangent: Float32Array; // [A]
  dispose(): void;
}

/** A packed text batch on the current backend. */
export interface TextBatch {
  readonly packed: PackedRows;
  readonly ids: Tensor;
  readonly featureIndex: Tensor;
  readonly featureRows: Tensor;
  readonly targetRows: Tensor;
  readonly targetInverse: Tensor;
  readonly targets: Tensor;
  readonly pass: TextPass;
  /** Keeps only targets whose cotangent is not zero; undefined when none is left. */
  select(cotangent: Float32Array): ActiveTargets | undefined;
  dispose(): void;
}

/** Uploads packed rows. `ropeTable` belongs to the session and is not disposed here. */
export function textBatch(packed: PackedRows, ropeTable: Tensor): TextBatch {
  const int = (values: Int32Array) => keep(tensor1d(values, "int32"));
  const tensors = {
    ids: int(packed.ids),
    featureIndex: int(packed.featureIndex),
    featureRows: int(packed.featureRows),
    targetRows: int(packed.targetRows),
    targetInverse: int(packed.targetInverse),
    targets: int(packed.targets),
  };
  const rows = keep(tensor(packed.rows, [packed.count, 4], "int32"));
  const keys = keep(tensor(packed.keys, [packed.count, 2], "int32"));
  const positions = int(packed.positions);
  return {
    packed,
    ...tensors,
    pass: { meta: { rows, keys }, positions, ropeTable },
    select(cotangent) {
      const active: number[] = [];
      cotangent.forEach((value, target) => {
        if (value !== 0) active.push(target);
      });
      if (active.length === 0) return undefined;
      const inverse = new Int32Array(packed.count).fill(-1);
      const at = Int32Array.from(active, (target) => packed.targetRows[target] as number);
      at.forEach((row, i) => {
        inverse[row] = i;
      });
      const selected = tidy(() => ({
        rows: int(at),
        inverse: int(inverse),
        targets: int(Int32Array.from(active, (target) => packed.targets[target] as number)),
      }));
      return {
        ...selected,
        cotangent: Float32Array.from(active, (target) => cotangent[target] as number),
        dispose: () => dispose(Object.values(selected)),
      };
    },
    dispose: () => dispose([...Object.values(tensors), rows, keys, positions]),
  };
}
