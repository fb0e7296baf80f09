// Rows of a weight matrix ↔ the words its kernels read. Little-endian 32-bit words, row-major:
//   f32   the number itself                     f16   two halves, the first column in the low one
//   int8  four signed bytes, first column low   int4  eight nibbles q + 8, first column low (formats/quantize, with scales)
// Pure; where the words then go is up to ops/matrixWriter.

import { dequantizeMatrix, quantizeMatrix } from "@/formats/quantize";
import { toFloat16 } from "@/formats/toFloat16";
import { toFloat32 } from "@/formats/toFloat32";
import { groupSizes, type MatrixFormat, type MatrixShape, valuesPerWord } from "./matrix";

/** Packed rows. */
export interface PackedRows {
  /** rows · columns / values per word. */
  readonly words: Int32Array<ArrayBuffer>;
  /** [rows, columns / groupSize], for int8 and int4. */
  readonly scales?: Float32Array<ArrayBuffer>;
}

/**
 * Packs float32 rows. f32 words share memory with `values` where they can.
 * @param into Where the words, and then the scales, are put instead of new memory; large enough for both.
 * @throws when the columns do not fit the format (see `storedFormat`) or there are too many or too few values.
 */
export function packRows(
  values: Float32Array,
  rows: number,
  columns: number,
  format: MatrixFormat,
  groupSize: number,
  into?: ArrayBuffer,
): PackedRows {
  checkFormat({ rows, columns }, format, groupSize);
  if (values.length !== rows * columns) throw new Error(`${values.length} values for a matrix [${rows}, ${columns}]`);
  if (format === "f32") {
    const words = wordsOf(values);
    if (!into) return { words };
    const copy = new Int32Array(into, 0, words.length);
    copy.set(words);
    return { words: copy };
  }
  if (format === "f16") {
    const halves = toFloat16(values, into && new Uint16Array(into, 0, values.length));
    return { words: new Int32Array(halves.buffer, 0, halves.length / 2) };
  }
  const { packed, scales } = quantizeMatrix(values, rows, columns, format, groupSize, into);
  return { words: packed, scales };
}

/** The float32 numbers [rows, columns] that packed rows stand for: exactly what the kernels compute with. */
export function unpackRows(
  { words, scales }: PackedRows,
  rows: number,
  columns: number,
  format: MatrixFormat,
  groupSize: number,
): Float32Array<ArrayBuffer> {
  checkFormat({ rows, columns }, format, groupSize);
  if (words.length !== (rows * columns) / valuesPerWord(format))
    throw new Error(`${words.length} words for a matrix [${rows}, ${columns}] of ${format}`);
  if (format === "f32") return new Float32Array(words.buffer, words.byteOffset, words.length).slice();
  if (format === "f16") return toFloat32(new Uint8Array(words.buffer, words.byteOffset, words.byteLength), "F16");
  if (!scales) throw new Error(`${format} rows need scales`);
  return dequantizeMatrix({ type: format, rows, columns, group: groupSize, packed: words, scales });
}

/** @throws when a matrix of this shape has no such format. */
export function checkFormat({ columns }: MatrixShape, format: MatrixFormat, groupSize: number): void {
  if (format === "f32") return;
  if (format === "f16") {
    if (columns % 4 !== 0) throw new Error(`${columns} columns of f16 are not a multiple of 4`);
    return;
  }
  if (!groupSizes.some((size) => size === groupSize))
    throw new Error(`groups of ${groupSize} are not supported: use 32, 64 or 128`);
  if (columns % groupSize !== 0) throw new Error(`${columns} columns are not a multiple of the group size ${groupSize}`);
}

function wordsOf(values: Float32Array): Int32Array<ArrayBuffer> {
  const own = values.buffer instanceof ArrayBuffer ? (values as Float32Array<ArrayBuffer>) : new Float32Array(values);
  return new Int32Array(own.buffer, own.byteOffset, own.length);
}
