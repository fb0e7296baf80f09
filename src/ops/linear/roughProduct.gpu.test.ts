// Products in a rough arithmetic: int8 against the same quantisation in JavaScript, to the integer, and against the bound that rounding
// gives; f16 where the adapter has it; a row's result depends on nothing but that row; formats without such products stay exact.

import { type Tensor2D, tensor1d, tensor2d } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { projection } from "../decoder/block";
import type { MatrixFormat } from "../matrix";
import { matrixOnThisBackend } from "../matrixWriter";
import { type PackedRows, packRows, unpackRows } from "../packRows";
import { differingBits, maxDifference, read, seededTensor, seededValues, setUpGpu } from "../test/gpuFixture";

const fixture = setUpGpu();
const [n, k, group] = [70, 384, 64];
const packed = ["int8", "int4"] as const;

/** Quarters of 2^exponent whose blocks of 32 reach 127, so that steps are powers of two and nothing but the rounding is inexact. */
function quarters(rows: number, columns: number, limit: number, seed: number): Float32Array {
  const values = seededValues(rows * columns, seed, limit / 3).map(
    (value) => Math.round(Math.max(-limit, Math.min(limit, value)) * 4) / 4,
  );
  return values.map((value, i) => (i % 32 === 5 ? (i % 64 === 5 ? limit : -limit) : value) * 2 ** -(Math.floor(i / 32) % 5));
}

const toEven = (value: number) => {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + (below % 2 === 0 ? 0 : 1) : Math.round(value);
};

/** What roughProduct.wgsl with int8Block.wgsl gives, in its order; q are the integers of W. */
function quantised(x: Float32Array, q: Float32Array, scales: Float32Array, m: number): Float32Array {
  return Float32Array.from({ length: m * n }, (_, at) => {
    const [row, column] = [Math.floor(at / n), at % n];
    const lanes = new Float32Array(8);
    for (let block = 0; block < k / 32; block++) {
      const values = x.subarray(row * k + block * 32, row * k + block * 32 + 32);
      const step = Math.max(...values.map(Math.abs)) / 127;
      let sum = 0;
      values.forEach((value, i) => {
        sum += toEven(value / step) * q[column * k + block * 32 + i]!;
      });
      const scale = scales[column * (k / group) + Math.floor((block * 32) / group)]!;
      lanes[block % 8] = Math.fround(sum * Math.fround(step * scale) + lanes[block % 8]!);
    }
    return lanes.reduce((total, lane) => Math.fround(total + lane), 0);
  });
}

const integers = ({ words, scales }: PackedRows, format: MatrixFormat): Float32Array => {
  const numbers = unpackRows({ words, ...(scales && { scales }) }, n, k, format, group);
  return numbers.map((value, i) => Math.round(value / scales![Math.floor(i / group)]!));
};

describe("products in int8", () => {
  it.each(packed.flatMap((format) => [1, 2, 7, 16, 37].map((m) => [format, m] as const)))(
    "with %s weights are those of the quantisation, to the integer (%i rows)",
    async (format, m) => {
      const limit = format === "int8" ? 127 : 7;
      const w = quarters(n, k, limit, 1).map(
        (value, i) => (Math.round(value * 2 ** (Math.floor(i / 32) % 5)) * 2 ** -(Math.floor(i / group) % 3)) / 64,
      );
      const x = quarters(m, k, 127, 2);
      const rows = packRows(w, n, k, format, group);
      const matrix = matrixOnThisBackend(w, n, k, format, group);
      const y = await read(projection(tensor2d(x, [m, k]), matrix, { arithmetic: "int8" }));
      expect(differingBits(y, quantised(x, integers(rows, format), rows.scales!, m))).toBe(0);
    },
  );

  it.each(packed)(
    "with %s weights are as near to the exact ones as rounding allows, and not nearer than it must",
    async (format) => {
      const m = 20;
      const [w, x] = [seededValues(n * k, 3), seededValues(m * k, 4)];
      const numbers = unpackRows(packRows(w, n, k, format, group), n, k, format, group);
      const matrix = matrixOnThisBackend(w, n, k, format, group);
      const [exact, rough] = await Promise.all(
        (["f32", "int8"] as const).map((arithmetic) => read(projection(tensor2d(x, [m, k]), matrix, { arithmetic }))),
      );
      for (const [at, value] of rough!.entries()) {
        const [row, column] = [Math.floor(at / n), at % n];
        let bound = 1e-4;
        for (let first = 0; first < k; first += 32) {
          const step = Math.max(...x.subarray(row * k + first, row * k + first + 32).map(Math.abs)) / 127;
          for (let i = first; i < first + 32; i++) bound += (step / 2) * Math.abs(numbers[column * k + i]!);
        }
        expect(Math.abs(value - exact![at]!)).toBeLessThan(bound);
      }
      expect(maxDifference(rough!, exact!)).toBeGreaterThan(1e-3);
    },
  );

  it("are exact with weights that are no integers", async () => {
    const x = seededTensor<Tensor2D>([3, k], 5);
    for (const format of ["f32", "f16"] as const) {
      const matrix = matrixOnThisBackend(seededValues(n * k, 6), n, k, format, group);
      const exact = await read(projection(x, matrix));
      expect(differingBits(await read(projection(x, matrix, { arithmetic: "int8" })), exact)).toBe(0);
    }
  });

  it("leave a row of zeros at zero, and its neighbours as they are", async () => {
    const matrix = matrixOnThisBackend(seededValues(n * k, 7), n, k, "int8", group);
    const x = seededValues(2 * k, 8);
    const alone = await read(projection(tensor2d(x.slice(k), [1, k]), matrix, { arithmetic: "int8" }));
    x.fill(0, 0, k);
    const y = await read(projection(tensor2d(x, [2, k]), matrix, { arithmetic: "int8" }));
    expect(y.subarray(0, n).every((value) => value === 0)).toBe(true);
    expect(differingBits(y.slice(n), alone)).toBe(0);
  });
});

describe.each(["int8", "f16"] as const)("products in %s", (arithmetic) => {
  it.for(packed)(
    "give a row the same bits alone, among few and among many, every time (%s weights)",
    async (format, { skip }) => {
      skip(arithmetic === "f16" && !fixture.gpu.device.features.has("shader-f16"), "the adapter has no shader-f16");
      const m = 37;
      const matrix = matrixOnThisBackend(seededValues(n * k, 9), n, k, format, group);
      const lora = { a: seededTensor<Tensor2D>([8, k], 10), b: seededTensor<Tensor2D>([n, 8], 11), scaling: 0.5 };
      const norm = { weight: tensor1d(seededValues(k, 12)), epsilon: 1e-5 };
      const x = seededValues(m * k, 13);
      const residual = seededValues(m * n, 14);
      const run = (from: number, to: number, isNormed: boolean) => {
        const rows = tensor2d(x.slice(from * k, to * k), [to - from, k]);
        const own = tensor2d(residual.slice(from * n, to * n), [to - from, n]);
        return read(projection(rows, matrix, isNormed ? { norm, arithmetic } : { residual: own, lora, arithmetic }));
      };
      for (const isNormed of [false, true]) {
        const whole = await run(0, m, isNormed);
        expect(differingBits(await run(0, m, isNormed), whole)).toBe(0);
        for (const [from, to] of [
          [5, 6],
          [0, 2],
          [3, 10],
          [8, 24],
          [16, 37],
        ] as const)
          expect(differingBits(await run(from, to, isNormed), whole.slice(from * n, to * n))).toBe(0);
      }
    },
  );
});

describe("products in f16", () => {
  it.for(["f32", "f16", "int8", "int4"] as const)("are near the exact ones (%s weights)", async (format, { skip }) => {
    skip(!fixture.gpu.device.features.has("shader-f16"), "the adapter has no shader-f16");
    const [m, columns] = [5, format === "f32" ? 388 : k];
    const matrix = matrixOnThisBackend(seededValues(n * columns, 15), n, columns, format, group);
    const x = tensor2d(seededValues(m * columns, 16), [m, columns]);
    const exact = await read(projection(x, matrix));
    const rough = await read(projection(x, matrix, { arithmetic: "f16" }));
    // Eight products and sums of at most 8 · 16 · |w|, each rounded to eleven bits, for 13 blocks whose errors have no sign in common.
    expect(maxDifference(rough, exact)).toBeLessThan(0.15);
    expect(maxDifference(rough, exact)).toBeGreaterThan(1e-5);
  });
});
