// Little-endian bytes of a checkpoint → float32. Every weight of a model passes here once, so the 16-bit types read the bytes in
// place where they are aligned (tensors of foreign files need not be: then they are copied) and run as plain integer loops.
import type { SafetensorsDtype } from "./safetensors";

/** float32 value of IEEE half-precision bits. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** float32 bits of all 65536 half-precision values, made on first use: a table is faster than the formula on weights. */
let halfTable: Int32Array | undefined;

function halfBits(): Int32Array {
  halfTable ??= new Int32Array(Float32Array.from({ length: 65536 }, (_, bits) => halfToFloat(bits)).buffer);
  return halfTable;
}

/** The same bytes where a typed array of `step` bytes per element may look at them: in place if aligned, else a copy. */
function aligned(bytes: Uint8Array, step: number): Uint8Array {
  return bytes.byteOffset % step === 0 ? bytes : new Uint8Array(bytes);
}

/** Two values per read; the second one needs no shift, only its neighbour's bits cleared. */
function widenBrain(bytes: Uint8Array, bits: Int32Array<ArrayBuffer>): void {
  const count = bytes.length / 2;
  const pairs = count >> 1;
  const from = aligned(bytes, 4);
  const words = new Int32Array(from.buffer, from.byteOffset, pairs);
  for (let i = 0, at = 0; i < pairs; i++, at += 2) {
    const pair = words[i] as number;
    bits[at] = pair << 16;
    bits[at + 1] = pair & 0xffff0000;
  }
  if (count % 2 === 1) bits[count - 1] = ((bytes.at(-2) as number) << 16) | ((bytes.at(-1) as number) << 24);
}

function widenHalf(bytes: Uint8Array, bits: Int32Array<ArrayBuffer>): void {
  const from = aligned(bytes, 2);
  const words = new Uint16Array(from.buffer, from.byteOffset, bytes.length / 2);
  const table = halfBits();
  for (let i = 0; i < words.length; i++) bits[i] = table[words[i] as number] as number;
}

/** Room for `count` numbers: at the start of `into` where it is large enough. */
function roomFor(count: number, into: ArrayBuffer | undefined): Int32Array<ArrayBuffer> {
  return into && into.byteLength >= count * 4 ? new Int32Array(into, 0, count) : new Int32Array(count);
}

/** Whether `toFloat32` converts this type: all but packed 4-, 6- and 8-bit floats and complex numbers. */
export function isPlainDtype(dtype: SafetensorsDtype): boolean {
  return !/^F[468](_|$)|^C64$/.test(dtype);
}

/**
 * Converts tensor bytes (a whole number of elements) to float32 in memory of its own, never that of `bytes`; 64-bit integers lose
 * precision beyond 2^53. RangeError for types without a plain value.
 * @param into Where the types of weights (BF16, F16, F32) may be put instead of new memory.
 */
export function toFloat32(bytes: Uint8Array, dtype: SafetensorsDtype, into?: ArrayBuffer): Float32Array<ArrayBuffer> {
  if (dtype === "BF16" || dtype === "F16") {
    const bits = roomFor(bytes.length / 2, into);
    if (dtype === "BF16") widenBrain(bytes, bits);
    else widenHalf(bytes, bits);
    return new Float32Array(bits.buffer, 0, bits.length);
  }
  if (dtype === "F32") {
    const bits = roomFor(bytes.length / 4, into);
    new Uint8Array(bits.buffer).set(bytes);
    return new Float32Array(bits.buffer, 0, bits.length);
  }
  // Not slice(): on a Node Buffer that is a view, not a copy.
  const buffer = new Uint8Array(bytes).buffer;
  switch (dtype) {
    case "F64":
      return Float32Array.from(new Float64Array(buffer));
    case "I32":
      return Float32Array.from(new Int32Array(buffer));
    case "U32":
      return Float32Array.from(new Uint32Array(buffer));
    case "I16":
      return Float32Array.from(new Int16Array(buffer));
    case "U16":
      return Float32Array.from(new Uint16Array(buffer));
    case "I8":
      return Float32Array.from(new Int8Array(buffer));
    case "U8":
    case "BOOL":
      return Float32Array.from(new Uint8Array(buffer));
    case "I64":
      return Float32Array.from(new BigInt64Array(buffer), Number);
    case "U64":
      return Float32Array.from(new BigUint64Array(buffer), Number);
    default:
      throw new RangeError(`numbers of type ${dtype} are not supported`);
  }
}
