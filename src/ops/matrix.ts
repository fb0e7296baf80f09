// A weight matrix as the operations take it: f32, or int8/int4 with group scales, packed in int32 words (formats/quantize).
// It only describes tensors; the mathematics is in ops/linear, ops/embedding and ops/headStats. Packed kernels exist on
// WebGPU only: other backends get the dequantised numbers as f32, which are the same numbers.

import { getBackend, type Tensor, type Tensor2D, tensor } from "@tensorflow/tfjs-core";
import { dequantizeMatrix, quantizeMatrix } from "@/formats/quantize";

export type MatrixFormat = "f32" | "int8" | "int4";

/** A weight matrix [rows (outputs), columns (inputs)], possibly packed. */
export interface Matrix {
  readonly format: MatrixFormat;
  readonly rows: number;
  readonly columns: number;
  /** Columns that share a scale; 0 for f32. */
  readonly groupSize: number;
  /** f32: float32 [rows, columns]; int8: int32 [rows, columns/4], 4 signed bytes, low first; int4: int32 [rows, columns/8], 8 nibbles q+8, low first. */
  readonly data: Tensor;
  /** float32 [rows, columns/groupSize]; a weight is fround(q · scale). Absent for f32. */
  readonly scales?: Tensor;
}

/** Group sizes the packed kernels support. */
export const groupSizes = [32, 64, 128] as const;

/** Wraps a float32 tensor [rows, columns]; the matrix does not copy it. */
export function f32Matrix(data: Tensor2D): Matrix {
  const [rows, columns] = data.shape;
  if (data.dtype !== "float32") throw new Error(`an f32 matrix needs float32 data, not ${data.dtype}`);
  return { format: "f32", rows, columns, groupSize: 0, data };
}

/**
 * Wraps packed words and scales already on the backend.
 * @throws when the shapes do not fit the format.
 */
export function matrixFromPacked(
  format: "int8" | "int4",
  shape: { readonly rows: number; readonly columns: number; readonly groupSize: number },
  data: Tensor,
  scales: Tensor,
): Matrix {
  const { rows, columns, groupSize } = shape;
  checkGroups(columns, groupSize);
  const words = columns / valuesPerWord(format);
  if (data.dtype !== "int32" || data.size !== rows * words)
    throw new Error(
      `${format} [${rows}, ${columns}] needs int32 [${rows}, ${words}], not ${data.dtype} [${data.shape.join(", ")}]`,
    );
  if (scales.dtype !== "float32" || scales.size !== (rows * columns) / groupSize)
    throw new Error(
      `${format} [${rows}, ${columns}] needs ${(rows * columns) / groupSize} scales, not [${scales.shape.join(", ")}]`,
    );
  return { format, rows, columns, groupSize, data, scales };
}

/** Quantises values [rows, columns] and stores them in the form the current backend computes with. */
export function matrixOnThisBackend(
  values: Float32Array,
  rows: number,
  columns: number,
  format: MatrixFormat,
  groupSize = 32,
): Matrix {
  if (values.length !== rows * columns) throw new Error(`${values.length} values for a matrix [${rows}, ${columns}]`);
  if (format === "f32") return f32Matrix(tensor(values, [rows, columns], "float32") as Tensor2D);
  checkGroups(columns, groupSize);
  const quantized = quantizeMatrix(values, rows, columns, format, groupSize);
  if (getBackend() !== "webgpu") {
    return f32Matrix(tensor(dequantizeMatrix(quantized), [rows, columns], "float32") as Tensor2D);
  }
  return matrixFromPacked(
    format,
    { rows, columns, groupSize },
    tensor(quantized.packed, [rows, columns / valuesPerWord(format)], "int32"),
    tensor(quantized.scales, [rows, columns / groupSize], "float32"),
  );
}

/** Values in one 32-bit word. */
export function valuesPerWord(format: MatrixFormat): number {
  return format === "f32" ? 1 : format === "int8" ? 4 : 8;
}

/** Bytes the matrix takes on the device. */
export function matrixBytes({ data, scales }: Matrix): number {
  return (data.size + (scales?.size ?? 0)) * 4;
}

/** Disposes the tensors of a matrix. */
export function disposeMatrix(matrix: Matrix): void {
  matrix.data.dispose();
  matrix.scales?.dispose();
}

function checkGroups(columns: number, groupSize: number): void {
  if (!groupSizes.some((size) => size === groupSize))
    throw new Error(`groups of ${groupSize} are not supported: use 32, 64 or 128`);
  if (columns % groupSize !== 0) throw new Error(`${columns} columns are not a multiple of the group size ${groupSize}`);
}
