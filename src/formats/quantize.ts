// Group quantisation of weight matrices, the packed layout that the kernels read. Symmetric, one float32 scale per group of
// consecutive columns of a row: value = q · scale. A matrix whose columns are no multiple of the group stays f32 (the loader
// decides; here it is a RangeError).
//
// int8: q in [-127, 127], scale = absmax / 127; four per 32-bit word, first column in the lowest byte, two's complement.
// int4: stored as q + 8, eight per word, first column in the lowest nibble. Each group takes the better (smaller squared error)
// of two scales: absmax / 7 with q in [-7, 7], and llama.cpp's signed extreme / -8 with q in [-8, 7], which may be negative.

/** Packed number type. */
export type QuantizedType = "int8" | "int4";

/** A packed matrix [rows, columns]. */
export interface QuantizedMatrix {
  readonly type: QuantizedType;
  readonly rows: number;
  readonly columns: number;
  readonly group: number;
  /** rows · columns / 4 (int8) or / 8 (int4) words, row-major. */
  readonly packed: Int32Array<ArrayBuffer>;
  /** [rows, columns / group]. */
  readonly scales: Float32Array<ArrayBuffer>;
}

/** Squared error of a group under q = clamp(round(w · inverse), low, 7). */
function groupError(data: Float32Array, from: number, group: number, scale: number, low: number): number {
  const inverse = scale === 0 ? 0 : 1 / scale;
  let error = 0;
  for (let i = from; i < from + group; i++) {
    const value = data[i] as number;
    const q = Math.max(low, Math.min(7, Math.round(value * inverse)));
    error += (value - q * scale) ** 2;
  }
  return error;
}

/** The group's entry with the largest magnitude, with its sign. */
function signedExtreme(data: Float32Array, from: number, group: number): number {
  let extreme = 0;
  for (let i = from; i < from + group; i++) {
    const value = data[i] as number;
    // The negated comparison lets NaN through to the check below.
    if (!(Math.abs(value) <= Math.abs(extreme))) extreme = value;
    if (!Number.isFinite(extreme)) throw new RangeError("a weight is not a finite number");
  }
  return extreme;
}

function int4Scale(data: Float32Array, from: number, group: number, extreme: number): { scale: number; low: number } {
  const symmetric = Math.fround(Math.abs(extreme) / 7);
  const signed = Math.fround(extreme / -8);
  const takesSigned = groupError(data, from, group, signed, -8) < groupError(data, from, group, symmetric, -7);
  return takesSigned ? { scale: signed, low: -8 } : { scale: symmetric, low: -7 };
}

/** Quantises a row-major matrix; RangeError when columns are no multiple of the group or a weight is not finite. */
export function quantizeMatrix(
  data: Float32Array,
  rows: number,
  columns: number,
  type: QuantizedType,
  group: number,
): QuantizedMatrix {
  if (group % 8 !== 0 || group <= 0 || columns % group !== 0)
    throw new RangeError(`${columns} columns cannot form groups of ${group}`);
  if (data.length !== rows * columns) throw new RangeError(`${data.length} weights are not a ${rows} x ${columns} matrix`);
  const perWord = type === "int8" ? 4 : 8;
  const bits = 32 / perWord;
  const mask = 2 ** bits - 1;
  const packed = new Int32Array(data.length / perWord);
  const scales = new Float32Array(data.length / group);
  for (let g = 0; g < scales.length; g++) {
    const from = g * group;
    const extreme = signedExtreme(data, from, group);
    const { scale, low } =
      type === "int8" ? { scale: Math.fround(Math.abs(extreme) / 127), low: -127 } : int4Scale(data, from, group, extreme);
    const high = type === "int8" ? 127 : 7;
    const offset = type === "int8" ? 0 : 8;
    const inverse = scale === 0 ? 0 : 1 / scale;
    scales[g] = scale;
    for (let i = from; i < from + group; i++) {
      const q = Math.max(low, Math.min(high, Math.round((data[i] as number) * inverse)));
      const word = Math.floor(i / perWord);
      packed[word] = (packed[word] as number) | (((q + offset) & mask) << ((i % perWord) * bits));
    }
  }
  return { type, rows, columns, group, packed, scales };
}

/** The float32 matrix a packed one stands for: fround(q · scale), exactly what the kernels compute. */
export function dequantizeMatrix(matrix: QuantizedMatrix): Float32Array<ArrayBuffer> {
  const { type, rows, columns, group, packed, scales } = matrix;
  const data = new Float32Array(rows * columns);
  for (let i = 0; i < data.length; i++) {
    const scale = scales[Math.floor(i / group)] as number;
    const q =
      type === "int8"
        ? ((packed[i >> 2] as number) << (24 - (i & 3) * 8)) >> 24
        : (((packed[i >> 3] as number) >>> ((i & 7) * 4)) & 15) - 8;
    data[i] = q * scale;
  }
  return data;
}
