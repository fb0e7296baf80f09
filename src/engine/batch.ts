// Packed rows on the current backend: what `packing.ts` lays out, as tensors for the decoder.

import { dispose, keep, type Tensor, tensor, tensor1d, tidy } from "@tensorflow/tfjs-core";
import type { TextPass } from "@/nn/decoderLayer";
import type { Rope } from "@/ops/rope/rope";
import type { PackedRows } from "./packing";

/** Targets with a non-zero cotangent, as the head's backward needs them. */
export interface ActiveTargets {
  readonly rows: Tensor; // int32 [A]
  readonly inverse: Tensor; // int32 [M]
  readonly targets: Tensor; // int32 [A]
  /** Which of the batch's targets they are; undefined when they are all of them. */
  readonly indices: Tensor | undefined; // int32 [A]
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

/** Uploads packed rows. `rope` belongs to the session and is not disposed here. */
export function textBatch(packed: PackedRows, rope: Rope): TextBatch {
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
  const positions = keep(tensor(packed.positions, [packed.count, packed.axes], "int32"));
  return {
    packed,
    ...tensors,
    pass: { meta: { rows, keys }, positions, rope },
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
      const indices = active.length < cotangent.length ? int(Int32Array.from(active)) : undefined;
      return {
        ...selected,
        indices,
        cotangent: Float32Array.from(active, (target) => cotangent[target] as number),
        dispose: () => dispose([...Object.values(selected), ...(indices ? [indices] : [])]),
      };
    },
    dispose: () => dispose([...Object.values(tensors), rows, keys, positions]),
  };
}
