// Attention on WebGPU: the common tests, and what only the kernels promise: bits of a row that depend on nothing but its
// query, its keys and their order.

import "@tensorflow/tfjs-backend-cpu";
import { grads, setBackend, type Tensor, type Tensor3D, tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { differingBits, maxDifference, maxMagnitude, read, seededTensor, seededValues, setUpGpu } from "../test/gpuFixture";
import { standardVariants } from "../variants";
import { attention } from "./attention";
import { type AttentionCase, attentionInFloat64, attentionInputs, describeAttention } from "./describeAttention";

setUpGpu({ floor: true });
describeAttention();

const causal = (length: number) => Array.from({ length }, (_, i) => [0, 0, 0, i + 1] as const);

describe("attention on WebGPU", () => {
  it.each([
    { width: 128, heads: 2, keyHeads: 1 },
    { width: 80, heads: 2, keyHeads: 2 },
    { width: 72, heads: 2, keyHeads: 2 },
    { width: 64, heads: 3, keyHeads: 1 },
    { width: 16, heads: 2, keyHeads: 2 },
  ])("agrees with float64 loops over several tiles of keys, heads of $width", async ({ width, heads, keyHeads }) => {
    const rows = [[0, 0, 0, 700] as const, [0, 257, 300, 513] as const, [0, 0, 0, 256] as const];
    const shape: AttentionCase = { heads, keyHeads, width, keyRows: 700, rows };
    const { values, q, k, v, meta } = attentionInputs(shape, 11);
    const expected = attentionInFloat64(shape, values.q, values.k, values.v);
    expect(maxDifference(await read(attention(q, k, v, meta)), expected)).toBeLessThan(2e-6 * maxMagnitude(expected));
  });

  it.each([8, 16, 24, 64, 72, 80, 128])(
    "gives a row the same bits alone, in a packed batch and over a scattered cache, heads of %i",
    async (width) => {
      // Together they take the kernel with a thread per pair (up to heads of 64), a row alone the one with a workgroup.
      const length = 150;
      expect(length * 4).toBeGreaterThanOrEqual(standardVariants.manyPairs);
      const shape: AttentionCase = { heads: 4, keyHeads: 2, width, keyRows: length, rows: causal(length) };
      const { values, q, k, v, meta } = attentionInputs(shape, 21);
      const together = await read(attention(q, k, v, meta));
      const columns = 4 * width;
      // The same keys with the first 33 moved behind a gap, as a shared prefix, among other numbers.
      const keyColumns = 2 * width;
      const scatter = (source: Float32Array, seed: number) => {
        const pool = seededValues(240 * keyColumns, seed);
        pool.set(source.subarray(0, 33 * keyColumns), 200 * keyColumns);
        pool.set(source.subarray(33 * keyColumns), 20 * keyColumns);
        return tensor(pool, [240, 2, width]);
      };
      const [poolK, poolV] = [scatter(values.k, 31), scatter(values.v, 32)];
      for (const row of [0, 32, 33, 74, 149]) {
        const own = tensor(values.q.slice(row * columns, (row + 1) * columns), [1, 4, width]);
        const expected = together.slice(row * columns, (row + 1) * columns);
        const alone = attention(own, k, v, { rows: tensor([0, 0, 0, row + 1], [1, 4], "int32") });
        expect(differingBits(await read(alone), expected)).toBe(0);
        const cached = attention(own, poolK, poolV, { rows: tensor([200, 33, 20, row + 1], [1, 4], "int32") });
        expect(differingBits(await read(cached), expected)).toBe(0);
      }
    },
  );

  it.each([
    { width: 16, heads: 4, keyHeads: 2 },
    { width: 64, heads: 3, keyHeads: 3 },
    { width: 80, heads: 3, keyHeads: 3 },
    { width: 128, heads: 7, keyHeads: 1 },
  ])("has the reference's gradients for many pairs, heads of $width", async ({ width, heads, keyHeads }) => {
    const rows = Array.from({ length: 190 }, (_, i) => [0, 40, i < 100 ? 40 : 150, 41 + (i < 100 ? i : i - 100)] as const);
    const shape: AttentionCase = { heads, keyHeads, width, keyRows: 300, rows };
    const gradientsOn = async (backendName: string) => {
      await setBackend(backendName);
      const { q, k, v, meta } = attentionInputs(shape, 51);
      const run = (...at: Tensor[]) => attention(at[0] as Tensor, at[1] as Tensor, at[2] as Tensor, meta);
      const result = await Promise.all(grads(run)([q, k, v], seededTensor<Tensor3D>([190, heads, width], 52)).map(read));
      await setBackend("webgpu");
      return result;
    };
    const expected = await gradientsOn("cpu");
    for (const [index, actual] of (await gradientsOn("webgpu")).entries()) {
      const values = expected[index] as Float32Array;
      expect(maxDifference(actual, values)).toBeLessThan(5e-6 * Math.max(1, maxMagnitude(values)));
    }
  });

  it("gives the same gradient bits every time", async () => {
    const shape: AttentionCase = { heads: 4, keyHeads: 2, width: 16, keyRows: 150, rows: causal(150) };
    const { q, k, v, meta } = attentionInputs(shape, 41);
    const run = () => grads((...at: Tensor[]) => attention(at[0] as Tensor, at[1] as Tensor, at[2] as Tensor, meta))([q, k, v]);
    const first = await Promise.all(run().map(read));
    for (let repeat = 0; repeat < 3; repeat++) {
      const again = await Promise.all(run().map(read));
      for (const [index, values] of again.entries()) expect(differingBits(values, first[index] as Float32Array)).toBe(0);
    }
  });
});
