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

/** Magnitude bits from which a float32 is not finite. */
const infinityBits = 0x7f800000;
/** Magnitude bits of 2^-100: below, a float32 scale may lose digits, and quotients may leave the range of q. */
const smallBits = 27 << 23;

/** Offset in `bits` (those of float32 weights) of the group's entry with the largest magnitude; RangeError when it is not finite. */
function extremeAt(bits: Int32Array, from: number, group: number): number {
  let at = from;
  let largest = (bits[from] as number) & 0x7fffffff;
  for (let i = from + 1; i < from + group; i++) {
    const magnitude = (bits[i] as number) & 0x7fffffff;
    if (magnitude > largest) {
      largest = magnitude;
      at = i;
    }
  }
  if (largest >= infinityBits) throw new RangeError("a weight is not a finite number");
  return at;
}

/**
 * The only number for which floor(x + 0.5), which is five times as fast, is not Math.round(x): x + 0.5 is rounded to 1. It occurs,
 * where a weight is half the scale.
 */
const belowHalf = 0.49999999999999994;

// The loops below are long on purpose: billions of weights pass through them while a checkpoint loads, and a call, a division
// or a read-modify-write of a packed word per weight costs more than the quantisation itself.

function quantizeInt8(data: Float32Array, group: number, packed: Int32Array, scales: Float32Array): void {
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
  let word = 0;
  for (let g = 0; g < scales.length; g++) {
    const from = g * group;
    const at = extremeAt(bits, from, group);
    const scale = Math.fround(Math.abs(data[at] as number) / 127);
    const inverse = scale === 0 ? 0 : 1 / scale;
    const clamps = ((bits[at] as number) & 0x7fffffff) < smallBits;
    scales[g] = scale;
    for (let i = from; i < from + group; i += 4) {
      const x0 = (data[i] as number) * inverse;
      const x1 = (data[i + 1] as number) * inverse;
      const x2 = (data[i + 2] as number) * inverse;
      const x3 = (data[i + 3] as number) * inverse;
      let q0 = Math.floor(x0 + 0.5);
      if (x0 === belowHalf) q0 = 0;
      let q1 = Math.floor(x1 + 0.5);
      if (x1 === belowHalf) q1 = 0;
      let q2 = Math.floor(x2 + 0.5);
      if (x2 === belowHalf) q2 = 0;
      let q3 = Math.floor(x3 + 0.5);
      if (x3 === belowHalf) q3 = 0;
      if (clamps) {
        q0 = Math.max(-127, Math.min(127, q0));
        q1 = Math.max(-127, Math.min(127, q1));
        q2 = Math.max(-127, Math.min(127, q2));
        q3 = Math.max(-127, Math.min(127, q3));
      }
      packed[word++] = (q0 & 255) | ((q1 & 255) << 8) | ((q2 & 255) << 16) | (q3 << 24);
    }
  }
}

function quantizeInt4(data: Float32Array, group: number, packed: Int32Array, scales: Float32Array): void {
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
  const words = group / 8;
  // Both candidates' words of a group; the better one's are kept.
  const signedWords = new Int32Array(words);
  for (let g = 0; g < scales.length; g++) {
    const from = g * group;
    const at = extremeAt(bits, from, group);
    const extreme = data[at] as number;
    const symmetric = Math.fround(Math.abs(extreme) / 7);
    const signed = Math.fround(extreme / -8);
    const perSymmetric = symmetric === 0 ? 0 : 1 / symmetric;
    const perSigned = signed === 0 ? 0 : 1 / signed;
    const clamps = ((bits[at] as number) & 0x7fffffff) < smallBits;
    let symmetricError = 0;
    let signedError = 0;
    let i = from;
    for (let w = 0; w < words; w++) {
      let symmetricWord = 0;
      let signedWord = 0;
      for (let shift = 0; shift < 32; shift += 4) {
        const value = data[i++] as number;
        const x = value * perSymmetric;
        const y = value * perSigned;
        let p = Math.floor(x + 0.5);
        if (x === belowHalf) p = 0;
        let q = Math.floor(y + 0.5);
        if (y === belowHalf) q = 0;
        if (clamps) {
          p = Math.max(-7, Math.min(7, p));
          q = Math.max(-8, q);
        }
        if (q > 7) q = 7;
        const symmetricRest = value - p * symmetric;
        const signedRest = value - q * signed;
        symmetricError += symmetricRest * symmetricRest;
        signedError += signedRest * signedRest;
        symmetricWord |= (p + 8) << shift;
        signedWord |= (q + 8) << shift;
      }
      packed[g * words + w] = symmetricWord;
      signedWords[w] = signedWord;
    }
    scales[g] = symmetric;
    if (signedError < symmetricError) {
      scales[g] = signed;
      for (let w = 0; w < words; w++) packed[g * words + w] = signedWords[w] as number;
    }
  }
}

/**
 * Quantises a row-major matrix; RangeError when columns are no multiple of the group or a weight is not finite.
 * @param into Where the words, and then the scales, may be put instead of new memory; large enough for both.
 */
export function quantizeMatrix(
  data: Float32Array,
  rows: number,
  columns: number,
  type: QuantizedType,
  group: number,
  into?: ArrayBuffer,
): QuantizedMatrix {
  if (group % 8 !== 0 || group <= 0 || columns % group !== 0)
    throw new RangeError(`${columns} columns cannot form groups of ${group}`);
  if (data.length !== rows * columns) throw new RangeError(`${data.length} weights are not a ${rows} x ${columns} matrix`);
  const words = data.length / (type === "int8" ? 4 : 8);
  const packed = into ? new Int32Array(into, 0, words) : new Int32Array(words);
  const scales = into ? new Float32Array(into, words * 4, data.length / group) : new Float32Array(data.length / group);
  if (type === "int8") quantizeInt8(data, group, packed, scales);
  else quantizeInt4(data, group, packed, scales);
  return { type, rows, columns, group, packed, scales };
}

/** The float32 matrix a packed one stands for: fround(q · scale), exactly what the kernels compute. */
export function dequantizeMatrix(matrix: QuantizedMatrix): Float32Array<ArrayBuffer> {
  const { type, rows, columns, group, packed, scales } = matrix;
  const data = new Float32Array(rows * columns);
  const perWord = type === "int8" ? 4 : 8;
  const [bits, offset] = type === "int8" ? [8, 0] : [4, 8];
  let at = 0;
  for (let g = 0; g < scales.length; g++) {
    const scale = scales[g] as number;
    for (let w = (g * group) / perWord; w < ((g + 1) * group) / perWord; w++) {
      // int4 is stored with an offset, int8 with a sign.
      const word = packed[w] as number;
      for (let shift = 0; shift < 32; shift += bits) {
        const q = type === "int8" ? (word << (24 - shift)) >> 24 : ((word >>> shift) & 15) - offset;
        data[at++] = q * scale;
      }
    }
  }
  return data;
}
