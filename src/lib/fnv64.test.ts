import { expect, test } from "vitest";
import { fnv64, fnv64OfBytes } from "./fnv64";

test("gives the published FNV-1a values", () => {
  expect(fnv64("")).toBe("cbf29ce484222325");
  expect(fnv64("a")).toBe("af63dc4c8601ec8c");
  expect(fnv64("foobar")).toBe("85944171f73967e8");
});

test("takes bytes in any pieces, as 64-bit arithmetic does", () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 151 + (i >> 3)) & 255);
  let expected = 0xcbf29ce484222325n;
  for (const byte of bytes) expected = ((expected ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  const digits = expected.toString(16).padStart(16, "0");
  expect(fnv64OfBytes(bytes)).toBe(digits);
  expect(fnv64OfBytes(bytes.subarray(0, 7), new Uint8Array(0), bytes.subarray(7))).toBe(digits);
});
