// Attention split over keys has the bits of the kernel with a workgroup per pair, log-sum-exp included, wherever the last chunk and the
// last block end, and whatever the grid was made for.

import { tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { asTensor } from "@/gpu/deviceTensor";

import { differingBits, maxDifference, maxMagnitude, read, seededTensor, setUpGpu } from "../test/gpuFixture";
import { type AttentionCase, attentionInFloat64 } from "./describeAttention";
import { attentionOnGpu } from "./kernels";
import { splitFloats, splitsKeys } from "./splitKeys";

const fixture = setUpGpu({ floor: true });

const counts = [1, 31, 32, 33, 127, 128, 129, 255, 256, 257, 1023, 1024, 1025, 3000];
const keyRows = 3100;

type Heads = Pick<AttentionCase, "heads" | "keyHeads" | "width">;

/** Queries for `rowCount` rows, keys and values; gives output and log-sum-exp, unsplit or split on a grid for `mostKeys`. */
function inputs({ heads, keyHeads, width }: Heads, rowCount: number) {
  const q = seededTensor([rowCount, heads, width], 1);
  const [k, v] = [seededTensor([keyRows, keyHeads, width], 2), seededTensor([keyRows, keyHeads, width], 3)];
  const run = async (rowsSeen: AttentionCase["rows"], mostKeys?: number) => {
    const rows = tensor(rowsSeen.flat(), [rowCount, 4], "int32");
    const floats = mostKeys && splitFloats({ pairs: rowCount * heads, width, mostKeys });
    // What scratch holds before must not matter.
    const split = floats && { mostKeys, scratch: tensor(new Float32Array(floats).fill(Number.NaN), [floats]) };
    const outputs = attentionOnGpu({ q, k, v, rows }, fixture.gpu.dispatcher, split ? { split } : {}).map(asTensor);
    return Promise.all(outputs.map(read));
  };
  return { q, k, v, run };
}

async function expectSame(actual: Promise<Float32Array[]>, expected: readonly Float32Array[]): Promise<void> {
  expect((await actual).map((values, i) => differingBits(values, expected[i]!))).toEqual([0, 0]);
}

describe("attention split over keys", () => {
  it.each([
    { width: 16, heads: 4, keyHeads: 2 },
    { width: 64, heads: 9, keyHeads: 3 },
    { width: 72, heads: 2, keyHeads: 2 },
    { width: 128, heads: 7, keyHeads: 1 },
  ])("gives one row the bits of the unsplit kernel, heads of $width", async (heads) => {
    const { run } = inputs(heads, 1);
    for (const count of counts) {
      // Alone in the cache, and over a prefix with its own segment elsewhere.
      for (const row of [[0, 0, 50, count] as const, [2000, Math.floor(count / 3), 20, count] as const]) {
        const unsplit = await run([row]);
        for (const mostKeys of [count, 4096]) await expectSame(run([row], mostKeys), unsplit);
      }
    }
  });

  it.each([
    { width: 16, heads: 4, keyHeads: 2 },
    { width: 64, heads: 3, keyHeads: 1 },
    { width: 128, heads: 2, keyHeads: 2 },
  ])(
    "gives 16 rows of all lengths, an empty one among them, the unsplit bits and float64's numbers, heads of $width",
    async (heads) => {
      const rows = [...counts, 0, 2048].map((count, i) => [0, Math.min(count, 40), 40 + i, count] as const);
      const { q, k, v, run } = inputs(heads, rows.length);
      const unsplit = await run(rows);
      await expectSame(run(rows, 3000), unsplit);
      const [at, keys, values] = await Promise.all([q, k, v].map(read));
      const expected = attentionInFloat64({ ...heads, keyRows, rows }, at!, keys!, values!);
      expect(maxDifference(unsplit[0]!, expected)).toBeLessThan(2e-6 * maxMagnitude(expected));
    },
  );

  it("is for long rows of few pairs, within 64 MiB of scratch", () => {
    const smolVlm = { pairs: 9, width: 64, mostKeys: 1024 };
    expect(splitsKeys(smolVlm)).toBe(true);
    expect(splitsKeys({ ...smolVlm, mostKeys: 1023 })).toBe(false);
    expect(splitsKeys({ ...smolVlm, pairs: 512 })).toBe(false);
    // 9 heads over 4 096 keys: 450 kB, as long as a pass or a recorded step lives.
    expect(splitFloats({ ...smolVlm, mostKeys: 4096 }) * 4).toBe(9 * 32 * (128 + 1 + 4 * 65) * 4);
    const large = { pairs: 500, width: 128, mostKeys: 8192 };
    expect(splitFloats(large) * 4).toBeGreaterThan(64 * 1024 * 1024);
    expect(splitsKeys(large)).toBe(false);
  });
});
