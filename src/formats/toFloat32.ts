// Little-endian bytes of a checkpoint → float32. Bytes are copied first: tensors of foreign files need not be aligned.
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

/** All 65536 half-precision values, made on first use: a table is faster than the formula on weights. */
let halfTable: Float32Array | undefined;

function halves(): Float32Array {
  halfTable ??= Float32Array.from({ length: 65536 }, (_, bits) => halfToFloat(bits));
  return halfTable;
}

/** Converts tensor bytes to float32; 64-bit integers lose precision beyond 2^53. RangeError for types without a plain value. */
export function toFloat32(bytes: Uint8Array, dtype: SafetensorsDtype): Float32Array<ArrayBuffer> {
  // Not slice(): on a Node Buffer that is a view, not a copy.
  const buffer = new Uint8Array(bytes).buffer;
  switch (dtype) {
    case "F32":
      return new Float32Array(buffer);
    case "BF16": {
      const words = new Uint16Array(buffer);
      const bits = new Uint32Array(words.length);
      for (let i = 0; i < words.length; i++) bits[i] = (words[i] as number) << 16;
      return new Float32Array(bits.buffer);
    }
    case "F16": {
      const table = halves();
      return Float32Array.from(new Uint16Array(buffer), (word) => table[word] as number);
    }
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
