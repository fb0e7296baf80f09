// Attention on WebGPU: the common tests, and what only the kernels promise: bits of a row that depend on nothing but its
// query, its keys and their order.

import { grads, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { differingBits, maxDifference, maxMagnitude, read, seededValues, setUpGpu } from "../test/gpuFixture";
import { attention } from "./attention";
import { type AttentionCase, attentionInFloat64, attentionInputs, describeAttention } from "./describeAttention";

setUpGpu({ floor: true });
describeAttention();

const causal = (length: number) => Array.from({ length }, (_, i) => [0, 0, 0, i + 1] as const);

describe("attention on WebGPU", () => {
  it.each([
    { width: 128, heads: 2, keyHeads: 1 },
    { width: 64, heads: 3, keyHeads: 1 },
    { width: 16, heads: 2, keyHeads: 2 },
  ])("agrees with float64 loops over several tiles of keys, heads of $width", async ({ width, heads, keyHeads }) => {
    const rows = [[0, 0, 0, 700] as const, [0, 257, 300, 513] as const, [0, 0, 0, 256] as const];
    const shape: AttentionCase = { heads, keyHeads, width, keyRows: 700, rows };
    const { values, q, k, v, meta } = attentionInputs(shape, 11);
    const expected = attentionInFloat64(shape, values.q, values.k, values.v);
    expect(maxDifference(await read(attention(q, k, v, meta)), expected)).toBeLessThan(2e-6 * maxMagnitude(expected));
  });

  it.each([8, 64, 128])(
    "gives a row the same bits alone, in a packed batch and over a scattered cache, heads of %i",
    async (width) => {
      const length = 75;
      const shape: AttentionCase = { heads: 4, keyHeads: 2, width, keyRows: length, rows: causal(length) };
      const { values, q, k, v, meta } = attentionInputs(shape, 21);
      const together = await read(attention(q, k, v, meta));
      const columns = 4 * width;
      // The same keys with the first 33 moved behind a gap, as a shared prefix, among other numbers.
      const keyColumns = 2 * width;
      const scatter = (source: Float32Array, seed: number) => {
        const pool = seededValues(200 * keyColumns, seed);
        pool.set(source.subarray(0, 33 * keyColumns), 150 * keyColumns);
        pool.set(source.subarray(33 * keyColumns), 20 * keyColumns);
        return tensor(pool, [200, 2, width]);
      };
      const [poolK, poolV] = [scatter(values.k, 31), scatter(values.v, 32)];
      for (const row of [0, 32, 33, 74]) {
        const own = tensor(values.q.slice(row * columns, (row + 1) * columns), [1, 4, width]);
        const expected = together.slice(row * columns, (row + 1) * columns);
        const alone = attention(own, k, v, { rows: tensor([0, 0, 0, row + 1], [1, 4], "int32") });
        expect(differingBits(await read(alone), expected)).toBe(0);
        const cached = attention(own, poolK, poolV, { rows: tensor([150, 33, 20, row + 1], [1, 4], "int32") });
        expect(differingBits(await read(cached), expected)).toBe(0);
      }
    },
  );

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
