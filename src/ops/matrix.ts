// A weight matrix as the operations take it: f32, f16 pairs, or int8/int4 with group scales, packed in int32 words
// (ops/packRows says how), in one or several runs of rows so that no buffer passes the device's binding limit. It only
// describes tensors: ops/matrixWriter makes them, ops/linear, ops/embedding and ops/headStats compute with them. Packed and
// split matrices exist on WebGPU only; other backends get the numbers they stand for as one f32 tensor.

import type { Tensor, Tensor2D } from "@tensorflow/tfjs-core";

export type MatrixFormat = "f32" | "f16" | "int8" | "int4";

/** Rows firstRow .. firstRow + rows − 1 of a matrix. */
export interface MatrixPart {
  readonly firstRow: number;
  readonly rows: number;
  /** f32: float32 [rows, columns]. Packed: int32 words, row-major, in any shape; f16 may have up to three unused words at the end. */
  readonly data: Tensor;
  /** float32, rows · columns / groupSize; a weight is fround(q · scale). Only int8 and int4 have them. */
  readonly scales?: Tensor;
}

/** A weight matrix [rows (outputs), columns (inputs)], possibly packed. */
export interface Matrix {
  readonly format: MatrixFormat;
  readonly rows: number;
  readonly columns: number;
  /** Columns that share a scale; 0 for f32 and f16. */
  readonly groupSize: number;
  /** One or more, in order; each but the last has a multiple of 32 rows. */
  readonly parts: readonly MatrixPart[];
}

/** Rows and columns of a matrix. */
export interface MatrixShape {
  readonly rows: number;
  readonly columns: number;
}

/** Group sizes the packed kernels support. */
export const groupSizes = [32, 64, 128] as const;

/** Wraps a float32 tensor [rows, columns]; the matrix does not copy it. */
export function f32Matrix(data: Tensor2D): Matrix {
  const [rows, columns] = data.shape;
  if (data.dtype !== "float32") throw new Error(`an f32 matrix needs float32 data, not ${data.dtype}`);
  return { format: "f32", rows, columns, groupSize: 0, parts: [{ firstRow: 0, rows, data }] };
}

/**
 * The one tensor [rows, columns] of an f32 matrix that is not split: what training of all weights changes.
 * @throws when the matrix is packed or split.
 */
export function f32Data(matrix: Matrix): Tensor {
  const data = trainableData(matrix);
  if (!data) throw new Error(`a matrix of ${matrix.parts.length} ${matrix.format} parts is not one f32 tensor`);
  return data;
}

/** The tensor an operation can give a gradient to, if the matrix is one f32 tensor. */
export function trainableData({ format, parts: [first, ...others] }: Matrix): Tensor | undefined {
  return format === "f32" && others.length === 0 ? first?.data : undefined;
}

/** Every tensor of a matrix. */
export function matrixTensors({ parts }: Matrix): Tensor[] {
  return parts.flatMap(({ data, scales }) => (scales ? [data, scales] : [data]));
}

/** Bytes the matrix takes on the device. */
export function matrixBytes(matrix: Matrix): number {
  return matrixTensors(matrix).reduce((sum, { size }) => sum + size * 4, 0);
}

/** Disposes the tensors of a matrix. */
export function disposeMatrix(matrix: Matrix): void {
  for (const tensor of matrixTensors(matrix)) tensor.dispose();
}

/** The FORMAT constant of shaders that read packed words. */
export const formatCode = { f32: 0, int8: 1, int4: 2, f16: 3 } as const satisfies Record<MatrixFormat, number>;

/** Values in one 32-bit word. */
export function valuesPerWord(format: MatrixFormat): number {
  return { f32: 1, f16: 2, int8: 4, int4: 8 }[format];
}

/**
 * The format a matrix is stored in when `format` is asked for: int8 and int4 need columns that are a multiple of the group
 * and become f16 otherwise; f16 needs a multiple of 4 and becomes f32 otherwise.
 */
export function storedFormat(format: MatrixFormat, columns: number, groupSize: number): MatrixFormat {
  if ((format === "int8" || format === "int4") && columns % groupSize === 0) return format;
  return format !== "f32" && columns % 4 === 0 ? "f16" : "f32";
}

/** Bytes the words and scales of a matrix take when `format` is asked for, as `storedFormat` decides; the disk cache has the same. */
export function storedBytes({ rows, columns }: MatrixShape, format: MatrixFormat, groupSize: number): number {
  const stored = storedFormat(format, columns, groupSize);
  const scales = stored === "int8" || stored === "int4" ? columns / groupSize : 0;
  return rows * (columns / valuesPerWord(stored) + scales) * 4;
}

/** First row and row count of the fewest parts of at most `maxBytes` each, in multiples of 32 rows. */
export function rowParts(rows: number, rowBytes: number, maxBytes: number): { firstRow: number; rows: number }[] {
  const most = Math.floor((Math.floor(maxBytes / 16) * 16) / rowBytes);
  if (rows <= most) return [{ firstRow: 0, rows }];
  const whole = Math.floor(most / 32) * 32;
  if (whole === 0) throw new Error(`32 rows of ${rowBytes} bytes do not fit a binding of ${maxBytes} bytes`);
  const size = Math.ceil(rows / Math.ceil(rows / whole) / 32) * 32;
  return Array.from({ length: Math.ceil(rows / size) }, (_, part) => ({
    firstRow: part * size,
    rows: Math.min(size, rows - part * size),
  }));
}
