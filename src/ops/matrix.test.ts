// What the formats of a matrix store, without a GPU: sizes, parts, packed words and the numbers they stand for.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dequantizeMatrix, quantizeMatrix } from "@/formats/quantize";
import { f32Data, matrixTensors, rowParts, storedBytes, storedFormat } from "./matrix";
import { MatrixWriter, matrixOnThisBackend } from "./matrixWriter";
import { packRows, unpackRows } from "./packRows";
import { seededValues } from "./test/gpuFixture";
import { setUpWasm } from "./test/wasmFixture";

setUpWasm();

describe("storedFormat and storedBytes", () => {
  it("fall back to f16 where columns do not form groups, and to f32 where they do not form fours", () => {
    expect(storedFormat("int4", 2048, 32)).toBe("int4");
    expect(storedFormat("int4", 1176, 32)).toBe("f16");
    expect(storedFormat("int8", 1176, 64)).toBe("f16");
    expect(storedFormat("f16", 1176, 32)).toBe("f16");
    expect(storedFormat("int8", 49, 32)).toBe("f32");
    expect(storedFormat("f32", 2048, 32)).toBe("f32");
  });

  it.each([
    ["f32", 64, 5 * 64 * 4],
    ["f16", 64, 5 * 64 * 2],
    ["int8", 64, 5 * 64 + 5 * 2 * 4],
    ["int4", 64, (5 * 64) / 2 + 5 * 2 * 4],
    ["int4", 72, 5 * 72 * 2],
  ] as const)("count the bytes of %s with %i columns", (format, columns, bytes) => {
    expect(storedBytes({ rows: 5, columns }, format, 32)).toBe(bytes);
    const { words, scales } = packRows(new Float32Array(5 * columns), 5, columns, storedFormat(format, columns, 32), 32);
    expect(words.byteLength + (scales?.byteLength ?? 0)).toBe(bytes);
  });
});

describe("rowParts", () => {
  it("covers all rows with the fewest parts below the limit", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 40, max: 900 }),
        (rows, quads, most) => {
          const rowBytes = quads * 16;
          const parts = rowParts(rows, rowBytes, rowBytes * most);
          let next = 0;
          for (const [index, part] of parts.entries()) {
            expect(part.firstRow).toBe(next);
            next += part.rows;
            expect(part.rows).toBeGreaterThan(0);
            expect(part.rows).toBeLessThanOrEqual(most);
            if (index < parts.length - 1) expect(part.rows % 32).toBe(0);
          }
          expect(next).toBe(rows);
          expect(parts.length).toBeLessThanOrEqual(Math.ceil(rows / (most - (most % 32))));
        },
      ),
    );
  });

  it("refuses rows too wide for the limit", () => {
    expect(() => rowParts(100, 1000, 31 * 1000)).toThrow(/do not fit a binding/);
  });
});

describe("packRows", () => {
  it("puts the first half in the low bits", () => {
    const { words } = packRows(Float32Array.of(1, -2, 0.5, 0), 1, 4, "f16", 0);
    expect([...words].map((word) => (word >>> 0).toString(16))).toEqual(["c0003c00", "3800"]);
  });

  it.each(["int8", "int4"] as const)("packs %s as formats/quantize does", (format) => {
    const values = seededValues(3 * 128, 1);
    const quantized = quantizeMatrix(values, 3, 128, format, 64);
    const packed = packRows(values, 3, 128, format, 64);
    expect(packed).toEqual({ words: quantized.packed, scales: quantized.scales });
    expect(unpackRows(packed, 3, 128, format, 64)).toEqual(dequantizeMatrix(quantized));
  });

  it("keeps the bits of f32 and rounds to the nearest half for f16", () => {
    const values = seededValues(8 * 12, 2);
    expect(unpackRows(packRows(values, 8, 12, "f32", 0), 8, 12, "f32", 0)).toEqual(values);
    const halves = unpackRows(packRows(values, 8, 12, "f16", 0), 8, 12, "f16", 0);
    for (const [index, value] of values.entries())
      expect(Math.abs(halves[index]! - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -11);
  });
});

describe("MatrixWriter without WebGPU", () => {
  it.each(["f32", "f16", "int8", "int4"] as const)("collects the numbers that rows of %s stand for", async (format) => {
    const values = seededValues(6 * 64, 3);
    const expected = unpackRows(packRows(values, 6, 64, format, 32), 6, 64, format, 32);
    const writer = new MatrixWriter({ rows: 6, columns: 64 }, format, 32);
    writer.write(4, values.subarray(4 * 64));
    const { words, scales } = packRows(values.subarray(0, 4 * 64), 4, 64, format, 32);
    const bytes = new Uint8Array(words.byteLength + 3);
    bytes.set(new Uint8Array(words.buffer, words.byteOffset, words.byteLength), 3);
    writer.writePacked(0, 4, bytes.subarray(3), scales);
    const matrix = writer.finish();
    expect(matrix.format).toBe("f32");
    expect(await f32Data(matrix).data()).toEqual(expected);
    expect(matrixTensors(matrix)).toHaveLength(1);
    expect(await f32Data(matrixOnThisBackend(values, 6, 64, format)).data()).toEqual(expected);
  });

  it("refuses rows outside the matrix, missing rows and packed rows of another size", () => {
    const writer = new MatrixWriter({ rows: 2, columns: 64 }, "int8", 32);
    expect(() => writer.write(1, new Float32Array(128))).toThrow(/rows 1 to 3/);
    expect(() => writer.writePacked(0, 1, new Int32Array(15), new Float32Array(2))).toThrow(/60 bytes/);
    expect(() => writer.writePacked(0, 1, new Int32Array(16))).toThrow(/0 scales/);
    writer.write(0, new Float32Array(64));
    expect(() => writer.finish()).toThrow("1 of 2 rows");
    writer.dispose();
  });
});
