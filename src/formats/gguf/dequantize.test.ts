import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readSafetensors } from "@/formats/safetensors";
import { dequantize } from "./dequantize";
import { blockLayouts, type GgmlType, ggmlTypeOf } from "./ggmlTypes";

const fixture = readSafetensors(readFileSync(new URL("../../../fixtures/gguf/blocks.safetensors", import.meta.url)));
const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);

describe("dequantize", () => {
  for (const type of Object.keys(blockLayouts) as GgmlType[]) {
    it(`gives the bits of gguf-py's dequantize for ${type}, extreme scales included`, () => {
      const expected = fixture.float32(`${type}.values`);
      expect(expected.length).toBeGreaterThan(60);
      expect(bitsOf(dequantize(type, fixture.bytes(`${type}.bytes`)))).toEqual(bitsOf(expected));
    });

    it(`reads ${type} from bytes at an odd place`, () => {
      const bytes = fixture.bytes(`${type}.bytes`);
      const shifted = new Uint8Array(bytes.length + 1);
      shifted.set(bytes, 1);
      expect(bitsOf(dequantize(type, shifted.subarray(1)))).toEqual(bitsOf(fixture.float32(`${type}.values`)));
    });
  }

  it("refuses half a block", () => {
    expect(() => dequantize("Q8_0", new Uint8Array(33))).toThrow(RangeError);
  });
});

describe("ggmlTypeOf", () => {
  it("lists what is read when a type is not", () => {
    expect(ggmlTypeOf(12)).toEqual({ type: "Q4_K" });
    expect(ggmlTypeOf(10)).toHaveProperty("why", expect.stringMatching(/Q2_K; read are F32, F16, BF16, Q4_0/));
    expect(ggmlTypeOf(99)).toHaveProperty("why", expect.stringMatching(/unknown number type 99/));
  });
});
