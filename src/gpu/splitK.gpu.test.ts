// Why createGpu sets `thresholdToIncreaseWorkgroups` to 0: with TF.js' default (8), matMul(x, w, false, true) of this size
// takes the split-K program, whose result is wrong and differs from run to run.

import { matMul, type Tensor2D, tensor2d } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { differingBits, maxDifference, read, seededValues, setUpGpu } from "@/ops/test/gpuFixture";

const fixture = setUpGpu();
const [m, n, k] = [8, 256, 2048];
const [x, w] = [seededValues(m * k, 1), seededValues(n * k, 2)];
const expected = Float64Array.from({ length: m * n }, (_, index) => {
  const [row, column] = [Math.floor(index / n), index % n];
  let total = 0;
  for (let j = 0; j < k; j++) total += x[row * k + j]! * w[column * k + j]!;
  return total;
});

async function product(): Promise<Float32Array> {
  const [a, b] = [tensor2d(x, [m, k]), tensor2d(w, [n, k])];
  const y: Tensor2D = matMul(a, b, false, true);
  const values = await read(y);
  for (const tensor of [a, b, y]) tensor.dispose();
  return values;
}

describe("stock matMul with a transposed second operand", () => {
  it("is right, and the same bits every time, on our device", async () => {
    const first = await product();
    expect(maxDifference(first, expected)).toBeLessThan(1e-3);
    for (let repeat = 0; repeat < 10; repeat++) expect(differingBits(await product(), first)).toBe(0);
  });

  it("is wrong when the threshold is left at its default", async () => {
    const { backend } = fixture.gpu;
    const ours = backend.thresholdToIncreaseWorkgroups;
    backend.thresholdToIncreaseWorkgroups = 8;
    try {
      expect(maxDifference(await product(), expected)).toBeGreaterThan(1);
    } finally {
      backend.thresholdToIncreaseWorkgroups = ours;
    }
    expect(maxDifference(await product(), expected)).toBeLessThan(1e-3);
  });
});
