import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBase64, toBase64 } from "./base64";

describe("base64", () => {
  it("gives any bytes back, views into larger buffers and long ones included", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromBase64(toBase64(bytes))).toEqual(new Uint8Array(bytes));
      }),
    );
    const long = Float32Array.from({ length: 40_000 }, (_, i) => i / 7).subarray(100);
    expect(new Float32Array(fromBase64(toBase64(long))?.buffer ?? new ArrayBuffer())).toEqual(new Float32Array(long));
  });

  it("is nothing for what is no base64", () => {
    expect(fromBase64("a b€")).toBeUndefined();
  });
});
