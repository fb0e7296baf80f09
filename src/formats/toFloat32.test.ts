import { describe, expect, it } from "vitest";
import { halfToFloat, isPlainDtype, toFloat32 } from "./toFloat32";

describe("toFloat32", () => {
  const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  it("widens bfloat16 by shifting", () => {
    expect([...toFloat32(bytesOf(new Uint16Array([0x3f80, 0xc000, 0x7f80])), "BF16")]).toEqual([1, -2, Number.POSITIVE_INFINITY]);
  });
  it("gives every 16-bit value the same number wherever its bytes lie and however many there are", () => {
    const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
    const scratch = new Float32Array(1);
    const brain = (bits: number) => {
      new Uint32Array(scratch.buffer)[0] = bits << 16;
      return scratch[0] as number;
    };
    for (const [dtype, value] of [
      ["BF16", brain],
      ["F16", halfToFloat],
    ] as const) {
      const expected = Float32Array.from(all, value);
      for (const [offset, count] of [
        [0, 65536],
        [1, 65535],
        [2, 65536],
        [3, 65533],
        [4, 1],
        [2, 0],
      ] as const) {
        const place = new Uint8Array(offset + count * 2);
        place.set(bytesOf(all).subarray(0, count * 2), offset);
        expect(toFloat32(place.subarray(offset), dtype)).toEqual(expected.slice(0, count));
      }
    }
  });
  it("leaves the bytes it was given alone and never shares them", () => {
    for (const dtype of ["F32", "BF16", "F16"] as const) {
      const bytes = bytesOf(new Float32Array([1, 2]));
      toFloat32(bytes, dtype).fill(9);
      expect([...new Float32Array(bytes.buffer)]).toEqual([1, 2]);
    }
  });
  it("widens half precision with subnormals, infinities and NaN", () => {
    const words = new Uint16Array([0x3c00, 0xc000, 0x0001, 0x03ff, 0x7bff, 0xfc00, 0x7e00, 0x8000]);
    const expected = [1, -2, 2 ** -24, 1023 * 2 ** -24, 65504, Number.NEGATIVE_INFINITY, Number.NaN, -0];
    expect([...toFloat32(bytesOf(words), "F16")]).toEqual(expected);
    expect(halfToFloat(0x3555)).toBeCloseTo(1 / 3, 3);
  });
  it("reads every plain number type, also from an unaligned place", () => {
    const unaligned = new Uint8Array(9);
    unaligned.set(bytesOf(new Float64Array([-2.5])), 1);
    expect([...toFloat32(unaligned.subarray(1), "F64")]).toEqual([-2.5]);
    expect([...toFloat32(bytesOf(new BigInt64Array([-7n])), "I64")]).toEqual([-7]);
    expect([...toFloat32(bytesOf(new BigUint64Array([7n])), "U64")]).toEqual([7]);
    expect([...toFloat32(bytesOf(new Int32Array([-3])), "I32")]).toEqual([-3]);
    expect([...toFloat32(bytesOf(new Uint32Array([3])), "U32")]).toEqual([3]);
    expect([...toFloat32(bytesOf(new Int16Array([-3])), "I16")]).toEqual([-3]);
    expect([...toFloat32(bytesOf(new Uint16Array([3])), "U16")]).toEqual([3]);
    expect([...toFloat32(new Uint8Array([255]), "I8")]).toEqual([-1]);
    expect([...toFloat32(new Uint8Array([255]), "U8")]).toEqual([255]);
    expect([...toFloat32(new Uint8Array([1]), "BOOL")]).toEqual([1]);
    for (const dtype of ["C64", "F8_E4M3", "F4"] as const) {
      expect(isPlainDtype(dtype)).toBe(false);
      expect(() => toFloat32(new Uint8Array(8), dtype)).toThrow(RangeError);
    }
    for (const dtype of ["F64", "F32", "F16", "BF16", "I8", "U8", "BOOL", "I64", "U16"] as const)
      expect(isPlainDtype(dtype)).toBe(true);
  });
});
