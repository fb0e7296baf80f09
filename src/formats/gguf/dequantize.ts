// Blocks of ggml's number types → float32, bit for bit what gguf-py's quants.dequantize gives. In each formula every product is
// exact in float32 (11-bit scale · 7-bit sub-scale · 6-bit weight at most) and at most one addition rounds, so computing in
// doubles and storing float32 changes nothing. Block layouts: ggml-common.h; formulas: ggml-quants.c, dequantize_row_*.
// This is the load path of a whole model: typed arrays, no calls and no allocation per weight.
import { halfToFloat } from "@/formats/toFloat32";
import { blockLayouts, type GgmlType } from "./ggmlTypes";

let halfTable: Float32Array | undefined;

/** All 65536 half-precision values, made on first use. */
function halves(): Float32Array {
  halfTable ??= Float32Array.from({ length: 65536 }, (_, bits) => halfToFloat(bits));
  return halfTable;
}

type Unpack = (bytes: Uint8Array, blocks: number, out: Float32Array) => void;

function half(table: Float32Array, bytes: Uint8Array, at: number): number {
  return table[(bytes[at] as number) | ((bytes[at + 1] as number) << 8)] as number;
}

/** F32 by its bits: the bytes may lie anywhere, so no view of theirs can be taken. */
function unpackF32(bytes: Uint8Array, _blocks: number, out: Float32Array): void {
  new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes);
}

/** The bytes as 16-bit words: a view where they are aligned, else a copy. */
function wordsOf(bytes: Uint8Array): Uint16Array {
  if (bytes.byteOffset % 2 === 0) return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  return new Uint16Array(new Uint8Array(bytes).buffer);
}

function unpackF16(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const table = halves();
  const words = wordsOf(bytes);
  for (let i = 0; i < blocks; i++) out[i] = table[words[i] as number] as number;
}

function unpackBF16(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const bits = new Uint32Array(out.buffer, out.byteOffset, blocks);
  const words = wordsOf(bytes);
  for (let i = 0; i < blocks; i++) bits[i] = (words[i] as number) << 16;
}

// Q4_0: d | 16 bytes, low nibbles are weights 0..15, high nibbles 16..31; w = d·(q − 8).
function unpackQ4_0(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const table = halves();
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 18, to += 32) {
    const d = half(table, bytes, at);
    for (let i = 0; i < 16; i++) {
      const q = bytes[at + 2 + i] as number;
      out[to + i] = d * ((q & 15) - 8);
      out[to + 16 + i] = d * ((q >> 4) - 8);
    }
  }
}

// Q4_1: d | m | 16 bytes; w = d·q + m.
function unpackQ4_1(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const table = halves();
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 20, to += 32) {
    const d = half(table, bytes, at);
    const m = half(table, bytes, at + 2);
    for (let i = 0; i < 16; i++) {
      const q = bytes[at + 4 + i] as number;
      out[to + i] = d * (q & 15) + m;
      out[to + 16 + i] = d * (q >> 4) + m;
    }
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

// Q5_0: d | 32 fifth bits | 16 bytes; w = d·(q − 16).
function unpackQ5_0(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const table = halves();
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 22, to += 32) {
    const d = half(table, bytes, at);
    const high = word(bytes, at + 2);
    for (let i = 0; i < 16; i++) {
      const q = bytes[at + 6 + i] as number;
      out[to + i] = d * (((q & 15) | (((high >> i) & 1) << 4)) - 16);
      out[to + 16 + i] = d * (((q >> 4) | (((high >> (i + 16)) & 1) << 4)) - 16);
    }
  }
}

// Q5_1: d | m | 32 fifth bits | 16 bytes; w = d·q + m.
function unpackQ5_1(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const table = halves();
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 24, to += 32) {
    const d = half(table, bytes, at);
    const m = half(table, bytes, at + 2);
    const high = word(bytes, at + 4);
    for (let i = 0; i < 16; i++) {
      const q = bytes[at + 8 + i] as number;
      out[to + i] = d * ((q & 15) | (((high >> i) & 1) << 4)) + m;
      out[to + 16 + i] = d * ((q >> 4) | (((high >> (i + 16)) & 1) << 4)) + m;
    }
  }
}

// Q8_0: d | 32 signed bytes; w = d·q.
function unpackQ8_0(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const table = halves();
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 34, to += 32) {
    const d = half(table, bytes, at);
    for (let i = 0; i < 32; i++) out[to + i] = d * (signed[at + 2 + i] as number);
  }
}

/** The 6-bit scale of sub-block j of Q4_K and Q5_K in the 12 bytes at `at`. */
function scaleOf(bytes: Uint8Array, at: number, j: number): number {
  if (j < 4) return (bytes[at + j] as number) & 63;
  return ((bytes[at + j + 4] as number) & 15) | (((bytes[at + j - 4] as number) >> 6) << 4);
}

function minimumOf(bytes: Uint8Array, at: number, j: number): number {
  if (j < 4) return (bytes[at + j + 4] as number) & 63;
  return ((bytes[at + j + 4] as number) >> 4) | (((bytes[at + j] as number) >> 6) << 4);
}

// Q4_K: d | dmin | 12 bytes of scales and minima | 128 bytes; sub-blocks 2c and 2c + 1 are the low and the high nibbles of
// bytes 32c..32c + 31; w = d·scale·q − dmin·minimum.
function unpackQ4_K(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const table = halves();
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 144) {
    const d = half(table, bytes, at);
    const dmin = half(table, bytes, at + 2);
    for (let j = 0; j < 8; j += 2, to += 64) {
      const low = d * scaleOf(bytes, at + 4, j);
      const lowMinimum = dmin * minimumOf(bytes, at + 4, j);
      const high = d * scaleOf(bytes, at + 4, j + 1);
      const highMinimum = dmin * minimumOf(bytes, at + 4, j + 1);
      const from = at + 16 + 16 * j;
      for (let i = 0; i < 32; i++) {
        const q = bytes[from + i] as number;
        out[to + i] = low * (q & 15) - lowMinimum;
        out[to + 32 + i] = high * (q >> 4) - highMinimum;
      }
    }
  }
}

// Q5_K: as Q4_K with 32 bytes of fifth bits before the nibbles: bit j of byte i belongs to weight i of sub-block j.
function unpackQ5_K(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const table = halves();
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 176) {
    const d = half(table, bytes, at);
    const dmin = half(table, bytes, at + 2);
    for (let j = 0; j < 8; j += 2, to += 64) {
      const low = d * scaleOf(bytes, at + 4, j);
      const lowMinimum = dmin * minimumOf(bytes, at + 4, j);
      const high = d * scaleOf(bytes, at + 4, j + 1);
      const highMinimum = dmin * minimumOf(bytes, at + 4, j + 1);
      const from = at + 48 + 16 * j;
      for (let i = 0; i < 32; i++) {
        const q = bytes[from + i] as number;
        const fifth = (bytes[at + 16 + i] as number) >> j;
        out[to + i] = low * ((q & 15) | ((fifth & 1) << 4)) - lowMinimum;
        out[to + 32 + i] = high * ((q >> 4) | ((fifth & 2) << 3)) - highMinimum;
      }
    }
  }
}

// Q6_K: 128 bytes of low nibbles | 64 bytes of high bit pairs | 16 signed scales | d; per half block four runs of 32 weights, one
// scale per 16; w = d·scale·(q − 32).
function unpackQ6_K(bytes: Uint8Array, blocks: number, out: Float32Array): void {
  const table = halves();
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 210) {
    const d = half(table, bytes, at + 208);
    for (let n = 0; n < 2; n++, to += 128) {
      const nibbles = at + 64 * n;
      const pairs = at + 128 + 32 * n;
      const scales = at + 192 + 8 * n;
      for (let s = 0; s < 2; s++) {
        const d0 = d * (signed[scales + s] as number);
        const d1 = d * (signed[scales + s + 2] as number);
        const d2 = d * (signed[scales + s + 4] as number);
        const d3 = d * (signed[scales + s + 6] as number);
        for (let i = 16 * s; i < 16 * s + 16; i++) {
          const first = bytes[nibbles + i] as number;
          const second = bytes[nibbles + 32 + i] as number;
          const pair = bytes[pairs + i] as number;
          out[to + i] = d0 * (((first & 15) | ((pair & 3) << 4)) - 32);
          out[to + 32 + i] = d1 * (((second & 15) | ((pair & 12) << 2)) - 32);
          out[to + 64 + i] = d2 * (((first >> 4) | (pair & 48)) - 32);
          out[to + 96 + i] = d3 * (((second >> 4) | ((pair & 192) >> 2)) - 32);
        }
      }
    }
  }
}

const unpackers: Readonly<Record<GgmlType, Unpack>> = {
  F32: unpackF32,
  F16: unpackF16,
  BF16: unpackBF16,
  Q4_0: unpackQ4_0,
  Q4_1: unpackQ4_1,
  Q5_0: unpackQ5_0,
  Q5_1: unpackQ5_1,
  Q8_0: unpackQ8_0,
  Q4_K: unpackQ4_K,
  Q5_K: unpackQ5_K,
  Q6_K: unpackQ6_K,
};

/** The weights of whole blocks; RangeError when the bytes are no whole number of them. */
export function dequantize(type: GgmlType, bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const layout = blockLayouts[type];
  if (bytes.length % layout.bytes !== 0) throw new RangeError(`${bytes.length} bytes are no whole blocks of ${type}`);
  const blocks = bytes.length / layout.bytes;
  const out = new Float32Array(blocks * layout.weights);
  unpackers[type](bytes, blocks, out);
  return out;
}
