// The reference compositions on the wasm backend (what trains on a CPU) against float64 loops.

import "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import { type BackendWasm, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import {
  backend,
  grads,
  mul,
  setBackend,
  sum,
  type Tensor,
  type Tensor2D,
  tensor,
  tensor1d,
  tensor2d,
} from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { dequantizeMatrix, quantizeMatrix } from "@/formats/quantize";
import { createRng } from "@/lib/rng";
import { f32Data, f32Matrix } from "../matrix";
import { matrixOnThisBackend } from "../matrixWriter";
import { columnSum, linear, linearTransposed, weightGradient } from "./linear";

beforeAll(async () => {
  setWasmPaths(`${process.cwd()}/node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/`);
  await setBackend("wasm");
});

function values(count: number, seed: number): Float32Array {
  const rng = createRng(seed);
  return Float32Array.from({ length: count }, () => rng.normal());
}

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

function maxDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let largest = 0;
  for (let index = 0; index < actual.length; index++) largest = Math.max(largest, Math.abs(actual[index]! - expected[index]!));
  return largest;
}

const sizes = [
  [1, 5, 48],
  [3, 33, 64],
  [17, 3, 4],
  [65, 40, 96],
  [200, 24, 32],
] as const;

describe("linear on the wasm backend", () => {
  it.each(sizes)("multiplies %i rows by a matrix [%i, %i] with scale, bias and residual", (m, n, k) => {
    const [x, w, bias, residual] = [values(m * k, 1), values(n * k, 2), values(n, 3), values(m * n, 4)];
    const y = linear(tensor2d(x, [m, k]), f32Matrix(tensor2d(w, [n, k])), {
      bias: tensor1d(bias),
      residual: tensor2d(residual, [m, n]),
      scale: 0.5,
    });
    const expected = product(x, w, m, n, k).map((value, index) => 0.5 * value + bias[index % n]! + residual[index]!);
    expect(y.shape).toEqual([m, n]);
    expect(maxDifference(y.dataSync(), expected)).toBeLessThan(1e-4);
  });

  it.each(sizes)("gives the gradients of %i rows and a matrix [%i, %i]", (m, n, k) => {
    const [x, w, dy] = [values(m * k, 5), values(n * k, 6), values(m * n, 7)];
    const loss = (a: Tensor, b: Tensor, bias: Tensor, residual: Tensor) =>
      sum(mul(linear(a, f32Matrix(b as Tensor2D), { bias, residual, scale: 2 }), tensor(dy, [m, n])));
    const [dx, dw, dBias, dResidual] = grads(loss)([
      tensor2d(x, [m, k]),
      tensor2d(w, [n, k]),
      tensor1d(values(n, 8)),
      tensor2d(values(m * n, 9), [m, n]),
    ]);
    const dxExpected = product(dy, flipped(w, n, k), m, k, n).map((value) => 2 * value);
    const dwExpected = product(flipped(dy, m, n), flipped(x, m, k), n, k, m).map((value) => 2 * value);
    const dBiasExpected = product(flipped(dy, m, n), new Float64Array(m).fill(1), n, 1, m);
    expect(maxDifference(dx!.dataSync(), dxExpected)).toBeLessThan(2e-4);
    expect(maxDifference(dw!.dataSync(), dwExpected)).toBeLessThan(2e-4);
    expect(maxDifference(dBias!.dataSync(), dBiasExpected)).toBeLessThan(1e-4);
    expect(maxDifference(dResidual!.dataSync(), dy)).toBe(0);
  });

  it("sees a weight that was changed in place", () => {
    const data = tensor2d(values(64 * 32, 1), [64, 32]);
    const [x, dy] = [tensor2d(values(100 * 32, 2), [100, 32]), tensor2d(values(100 * 64, 3), [100, 64])];
    const before = [linear(x, f32Matrix(data)), linearTransposed(dy, f32Matrix(data))].map((y) => y.dataSync()[0]!);
    (backend() as BackendWasm).typedArrayFromHeap(data).fill(0);
    const after = [linear(x, f32Matrix(data)), linearTransposed(dy, f32Matrix(data))].map((y) => y.dataSync()[0]!);
    expect(before.every((value) => value !== 0)).toBe(true);
    expect(after).toEqual([0, 0]);
  });

  it("computes with the numbers a packed matrix stands for", () => {
    const [w, x] = [values(5 * 64, 10), tensor2d(values(3 * 64, 11), [3, 64])];
    const matrix = matrixOnThisBackend(w, 5, 64, "int4", 32);
    const numbers = dequantizeMatrix(quantizeMatrix(w, 5, 64, "int4", 32));
    expect(matrix.format).toBe("f32");
    expect(maxDifference(f32Data(matrix).dataSync(), numbers)).toBe(0);
    expect(maxDifference(numbers, w)).toBeGreaterThan(0.01);
    expect(linear(x, matrix).shape).toEqual([3, 5]);
  });

  it("refuses groups and values that do not fit", () => {
    expect(() => matrixOnThisBackend(values(64, 1), 1, 64, "int8", 16)).toThrow("use 32, 64 or 128");
    expect(() => matrixOnThisBackend(values(48, 1), 1, 48, "int8", 32)).toThrow("not a multiple");
    expect(() => matrixOnThisBackend(values(10, 1), 1, 64, "f32")).toThrow("10 values");
    expect(() => matrixOnThisBackend(values(6, 1), 1, 6, "f16")).toThrow("not a multiple of 4");
  });

  it("refuses shapes that do not fit", () => {
    const x = tensor2d(values(8, 1), [2, 4]);
    expect(() => linear(x, f32Matrix(tensor2d(values(24, 1), [3, 8])))).toThrow("do not fit");
    expect(() => linear(tensor2d(values(6, 1), [1, 6]), f32Matrix(tensor2d(values(6, 1), [1, 6])))).toThrow("multiple of 4");
    expect(() => weightGradient(x, tensor2d(values(4, 1), [1, 4]))).toThrow("no rows in common");
    expect(() => columnSum(tensor1d([1]))).toThrow("[M, N]");
  });
});
