// The WGSL kernels of ops/linear on the weakest device we support: against float64 loops, against each other bit for bit,
// and their gradients against finite differences and against the tape of the reference composition.

import {
  concat,
  grads,
  memory,
  mul,
  slice,
  sum,
  type Tensor,
  type Tensor2D,
  tensor,
  tensor1d,
  tensor2d,
  tidy,
} from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { asTensor } from "@/gpu/deviceTensor";
import { f32 } from "@/gpu/dispatcher";
import { disposeMatrix, f32Matrix, type Matrix, type MatrixFormat, type MatrixPart } from "../matrix";
import { matrixOnThisBackend } from "../matrixWriter";
import { packRows, unpackRows } from "../packRows";
import {
  differingBits,
  finiteDifferences,
  maxDifference,
  maxMagnitude,
  read,
  seededTensor,
  seededValues,
  setUpGpu,
} from "../test/gpuFixture";
import { plainKernel, tileCount } from "./kernels";
import { columnSum, linear, linearTransposed, weightGradient } from "./linear";
import { linearReference } from "./reference";

const fixture = setUpGpu({ floor: true });

/** x [m, k] · w [n, k]ᵀ in float64. */
function product(x: ArrayLike<number>, w: ArrayLike<number>, m: number, n: number, k: number): Float64Array {
  return Float64Array.from({ length: m * n }, (_, index) => {
    const [row, column] = [Math.floor(index / n), index % n];
    let total = 0;
    for (let j = 0; j < k; j++) total += x[row * k + j]! * w[column * k + j]!;
    return total;
  });
}

function flipped(a: ArrayLike<number>, rows: number, columns: number): Float64Array {
  return Float64Array.from({ length: rows * columns }, (_, index) => a[(index % rows) * columns + Math.floor(index / rows)]!);
}

/** A seeded matrix in a format, and the numbers it stands for. */
function seededMatrix(format: MatrixFormat, rows: number, columns: number, group: number, seed: number) {
  const values = seededValues(rows * columns, seed);
  const matrix = matrixOnThisBackend(values, rows, columns, format, group);
  const numbers = unpackRows(packRows(values, rows, columns, format, group), rows, columns, format, group);
  return { matrix, numbers };
}

const formats = [
  ["f32", 32],
  ["f16", 32],
  ["int8", 32],
  ["int8", 128],
  ["int4", 32],
  ["int4", 64],
  ["int4", 128],
] as const;

describe("linear", () => {
  it.each([
    [1, 5, 4],
    [1, 33, 48],
    [3, 1, 100],
    [16, 65, 352],
    [17, 65, 48],
    [65, 3, 292],
    [65, 67, 32],
  ])("multiplies %i rows by an f32 matrix [%i, %i]", async (m, n, k) => {
    const [x, w] = [seededValues(m * k, 1), seededValues(n * k, 2)];
    const y = await read(linear(tensor2d(x, [m, k]), f32Matrix(tensor2d(w, [n, k]))));
    const expected = product(x, w, m, n, k);
    expect(maxDifference(y, expected)).toBeLessThan(2e-6 * maxMagnitude(expected) + 1e-6);
  });

  it.each(formats.flatMap(([format, group]) => [1, 3, 17, 65].map((m) => [format, group, m] as const)))(
    "multiplies by %s weights in groups of %i, %i rows",
    async (format, group, m) => {
      const [n, k] = [37, 384];
      const { matrix, numbers } = seededMatrix(format, n, k, group, 3);
      const x = seededValues(m * k, 4);
      const y = await read(linear(tensor2d(x, [m, k]), matrix));
      const expected = product(x, numbers, m, n, k);
      expect(matrix.format).toBe(format);
      expect(maxDifference(y, expected)).toBeLessThan(2e-6 * maxMagnitude(expected) + 1e-6);
    },
  );

  it.each([3, 18])("scales, then adds bias and residual (%i rows)", async (m) => {
    const [n, k] = [35, 64];
    const [x, w, bias, residual] = [seededValues(m * k, 1), seededValues(n * k, 2), seededValues(n, 3), seededValues(m * n, 4)];
    const y = linear(tensor2d(x, [m, k]), f32Matrix(tensor2d(w, [n, k])), {
      bias: tensor1d(bias),
      residual: tensor2d(residual, [m, n]),
      scale: -0.25,
    });
    const expected = product(x, w, m, n, k).map((value, index) => -0.25 * value + bias[index % n]! + residual[index]!);
    expect(maxDifference(await read(y), expected)).toBeLessThan(1e-5);
  });

  it.each(formats)("gives a row the same bits alone, in a few or among many rows (%s, groups of %i)", async (format, group) => {
    const [m, n, k] = [70, 45, 384];
    const { matrix } = seededMatrix(format, n, k, group, 5);
    const bias = seededTensor([n], 6);
    const x = seededTensor<Tensor2D>([m, k], 7);
    const residual = seededTensor<Tensor2D>([m, n], 8);
    const whole = await read(linear(x, matrix, { bias, residual, scale: 0.7 }));
    for (const rows of [1, 5, 16, 17, 35]) {
      const parts: Tensor[] = [];
      for (let first = 0; first < m; first += rows) {
        const count = Math.min(rows, m - first);
        parts.push(
          linear(slice(x, [first, 0], [count, k]), matrix, {
            bias,
            residual: slice(residual, [first, 0], [count, n]),
            scale: 0.7,
          }),
        );
      }
      expect(differingBits(await read(concat(parts)), whole)).toBe(0);
    }
  });

  it.each(formats)("gives the same bits with small and large tiles (%s, groups of %i)", async (format, group) => {
    const [m, n, k] = [70, 77, 384];
    const { matrix } = seededMatrix(format, n, k, group, 9);
    const { dispatcher } = fixture.gpu;
    const [part] = matrix.parts as [MatrixPart];
    const x = seededTensor<Tensor2D>([m, k], 10);
    const { kernel } = plainKernel({ format, rows: m, columns: n });
    const [small, large] = [8, 16].map((side) => {
      const out = dispatcher.output([m, n]);
      dispatcher.run({
        kernel: { ...kernel, constants: { ...kernel.constants, SIDE: side } },
        buffers: [x, part.data, part.scales ?? x, x, x, x, x, out],
        params: [m, n, k, matrix.groupSize, f32(1), n, 0, 0, 0, 0, 0, 0, f32(0), f32(0)],
        workgroups: [tileCount(m, n, side)],
      });
      return asTensor(out);
    });
    expect(differingBits(await read(small!), await read(large!))).toBe(0);
    expect(differingBits(await read(small!), await read(linear(x, matrix)))).toBe(0);
  });

  it.each(formats.slice(1))(
    "computes with packed weights what it computes with their f32 numbers (%s, groups of %i)",
    async (format, group) => {
      const [n, k] = [67, 256];
      const { matrix, numbers } = seededMatrix(format, n, k, group, 11);
      const dense = f32Matrix(tensor2d(numbers, [n, k]));
      for (const m of [2, 33]) {
        const x = seededTensor([m, k], 12);
        const dy = seededTensor([m, n], 13);
        expect(differingBits(await read(linear(x, matrix)), await read(linear(x, dense)))).toBe(0);
        expect(differingBits(await read(linearTransposed(dy, matrix)), await read(linearTransposed(dy, dense)))).toBe(0);
      }
    },
  );

  it.each([8, 40])("gives the same bits 20 times (%i rows)", async (m) => {
    const { matrix } = seededMatrix("int4", 96, 512, 32, 14);
    const x = seededTensor([m, 512], 15);
    const first = await read(linear(x, matrix));
    for (let repeat = 0; repeat < 20; repeat++) expect(differingBits(await read(linear(x, matrix)), first)).toBe(0);
  });

  it("leaves no tensor and no buffer behind", async () => {
    const { matrix } = seededMatrix("int8", 40, 64, 32, 16);
    const [x, dy] = [seededTensor([1100, 64], 17), seededTensor([1100, 40], 18)];
    const pass = () => tidy(() => void [linear(x, matrix), linearTransposed(dy, matrix), weightGradient(dy, x), columnSum(x)]);
    pass();
    fixture.gpu.dispatcher.flush();
    const before = [memory().numTensors, fixture.gpu.pool.numBytesUsed];
    pass();
    fixture.gpu.dispatcher.flush();
    expect([memory().numTensors, fixture.gpu.pool.numBytesUsed]).toEqual(before);
    disposeMatrix(matrix);
    expect(memory().numTensors).toBe((before[0] as number) - 2);
  });
});

describe("the gradients of linear", () => {
  it.each(formats.flatMap(([format, group]) => [1, 17, 66].map((m) => [format, group, m] as const)))(
    "multiplies by W, %s in groups of %i, %i rows",
    async (format, group, m) => {
      const [n, k] = [69, 128];
      const { matrix, numbers } = seededMatrix(format, n, k, group, 20);
      const dy = seededValues(m * n, 21);
      const dx = await read(linearTransposed(tensor2d(dy, [m, n]), matrix, { scale: 0.5 }));
      const expected = product(dy, flipped(numbers, n, k), m, k, n).map((value) => value * 0.5);
      expect(maxDifference(dx, expected)).toBeLessThan(2e-6 * maxMagnitude(expected) + 1e-6);
    },
  );

  it("gives a row of dy·W the same bits alone or among others", async () => {
    const { matrix } = seededMatrix("int4", 100, 96, 32, 22);
    const dy = seededTensor<Tensor2D>([40, 100], 23);
    const whole = await read(linearTransposed(dy, matrix));
    const rows = Array.from({ length: 40 }, (_, row) => linearTransposed(slice(dy, [row, 0], [1, 100]), matrix));
    expect(differingBits(await read(concat(rows)), whole)).toBe(0);
  });

  it.each([
    [1, 3, 5],
    [3, 65, 33],
    [17, 4, 130],
    [1100, 7, 34],
  ])("sums outer products over %i rows into [%i, %i]", async (m, n, k) => {
    const [dy, x] = [seededValues(m * n, 24), seededValues(m * k, 25)];
    const dw = await read(weightGradient(tensor2d(dy, [m, n]), tensor2d(x, [m, k]), { scale: 3 }));
    const expected = product(flipped(dy, m, n), flipped(x, m, k), n, k, m).map((value) => value * 3);
    expect(maxDifference(dw, expected)).toBeLessThan(2e-6 * maxMagnitude(expected) + 1e-6);
  });

  it.each([
    [1, 1],
    [3, 33],
    [65, 40],
    [700, 5],
  ])("sums the columns of [%i, %i]", async (m, n) => {
    const x = seededValues(m * n, 26);
    const total = await read(columnSum(tensor2d(x, [m, n])));
    const expected = product(flipped(x, m, n), new Float64Array(m).fill(1), n, 1, m);
    expect(maxDifference(total, expected)).toBeLessThan(2e-6 * maxMagnitude(expected) + 1e-6);
  });

  it.each([2, 18])("agrees with finite differences in x, W, bias and residual (%i rows)", async (m) => {
    const [n, k, scale] = [3, 4, 1.5];
    const sizes = [m * k, n * k, n, m * n] as const;
    const [x, w, bias, residual] = sizes.map((size, index) => seededValues(size, 30 + index)) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const weights = seededValues(m * n, 34);
    const loss = (a: ArrayLike<number>, b: ArrayLike<number>, c: ArrayLike<number>, d: ArrayLike<number>) =>
      product(a, b, m, n, k).reduce((total, value, at) => total + (scale * value + c[at % n]! + d[at]!) ** 2 * weights[at]!, 0);
    const onGpu = (a: Tensor, b: Tensor, c: Tensor, d: Tensor) => {
      const y = linear(a, f32Matrix(b as Tensor2D), { bias: c, residual: d, scale });
      return sum(mul(mul(y, y), tensor(weights, [m, n])));
    };
    const gradients = grads(onGpu)([tensor2d(x, [m, k]), tensor2d(w, [n, k]), tensor1d(bias), tensor2d(residual, [m, n])]);
    const expected = [
      finiteDifferences((a) => loss(a, w, bias, residual), x),
      finiteDifferences((b) => loss(x, b, bias, residual), w),
      finiteDifferences((c) => loss(x, w, c, residual), bias),
      finiteDifferences((d) => loss(x, w, bias, d), residual),
    ];
    for (const [index, gradient] of gradients.entries()) {
      expect(maxDifference(await read(gradient), expected[index]!)).toBeLessThan(1e-5 * maxMagnitude(expected[index]!));
    }
  });

  it("agrees with the tape of the reference composition", async () => {
    const [m, n, k] = [33, 20, 64];
    const inputs = [seededTensor([m, k], 40), seededTensor([n, k], 41), seededTensor([n], 42), seededTensor([m, n], 43)];
    const dy = seededTensor([m, n], 44);
    const ours = grads((x, w, bias, residual) =>
      sum(mul(linear(x!, f32Matrix(w as Tensor2D), { bias, residual, scale: 0.3 }), dy)),
    )(inputs);
    const stock = grads((x, data, bias, residual) =>
      sum(mul(linearReference({ x: x!, data: data!, bias: bias!, residual: residual! }, { scale: 0.3 }), dy)),
    )(inputs);
    for (const [index, gradient] of ours.entries()) {
      expect(maxDifference(await read(gradient), await read(stock[index]!))).toBeLessThan(2e-5);
    }
  });

  it("passes through a frozen packed matrix to x and bias", async () => {
    const [m, n, k] = [5, 36, 64];
    const { matrix, numbers } = seededMatrix("int4", n, k, 64, 45);
    const loss = (weight: Matrix) => (x: Tensor, bias: Tensor) =>
      sum(mul(linear(x, weight, { bias }), linear(x, weight, { bias })));
    const inputs = [seededTensor([m, k], 46), seededTensor([n], 47)];
    const packed = grads(loss(matrix))(inputs);
    const dense = grads(loss(f32Matrix(tensor2d(numbers, [n, k]))))(inputs);
    for (const [index, gradient] of packed.entries()) {
      expect(differingBits(await read(gradient), await read(dense[index]!))).toBe(0);
    }
  });
});
