// The head's kernels on WebGPU: against float64 loops, against each other bit for bit, and gradients by finite differences.

import { grads, mul, slice, sum, type Tensor, type Tensor2D, tensor, tensor1d } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { createRng } from "@/lib/rng";
import { linear } from "../linear/linear";
import { f32Matrix } from "../matrix";
import { matrixOnThisBackend } from "../matrixWriter";
import { differingBits, finiteDifferences, maxDifference, read, seededTensor, seededValues, setUpGpu } from "../test/gpuFixture";
import { headLogProb, headStats } from "./headStats";
import { logitGradient, logitRows } from "./logitRows";
import { headStatsColumns as columns, logitStats } from "./logitStats";
import { logitGradient as gradientInJavaScript, pairStatistics, rowStatistics } from "./reference";

const test = setUpGpu();

function ids(count: number, below: number, seed: number): Int32Array {
  const rng = createRng(seed);
  return Int32Array.from({ length: count }, () => rng.int(below));
}

const targetsOf = (values: Int32Array) => tensor1d(values, "int32");
const column = (values: Float32Array, index: number) => values.filter((_, at) => at % 8 === index);

describe("scratch space", () => {
  it("is that of one chunk at a time, however many chunks there are", async () => {
    const [rows, vocabulary, width, scratchBytes] = [96, 4096, 32, 128 * 1024];
    const [hidden, masked] = [seededTensor<Tensor2D>([rows, width], 1), seededTensor<Tensor2D>([rows, width], 2)];
    const head = f32Matrix(seededTensor<Tensor2D>([vocabulary, width], 3));
    const targets = targetsOf(ids(rows, vocabulary, 4));
    const { pool, dispatcher } = test.gpu;
    const run = async () => {
      const stats = headStats(hidden, masked, head, targets, { topK: 4, scratchBytes });
      await read(stats.values);
      for (const part of Object.values(stats)) (part as Tensor).dispose();
      dispatcher.flush();
      pool.trim();
    };
    await run();
    const before = pool.numBytesAllocated;
    pool.numBytesPeak = before;
    await run();
    const allLogits = rows * 2 * vocabulary * 4;
    expect(allLogits).toBeGreaterThan(20 * scratchBytes);
    expect(pool.numBytesPeak - before).toBeLessThan(3 * scratchBytes);
  });
});

describe("logitStats", () => {
  for (const [batch, vocabulary, topK] of [
    [1, 3, 3],
    [3, 17, 4],
    [17, 640, 8],
    [2, 5003, 64],
  ] as const) {
    it(`agrees with float64 for ${batch} pairs of ${vocabulary} logits`, async () => {
      const logits = seededValues(2 * batch * vocabulary, 11, 3);
      const targets = ids(batch, vocabulary, 12);
      targets[batch - 1] = batch > 1 ? -1 : 0;
      const stats = logitStats(tensor(logits, [2 * batch, vocabulary]), targetsOf(targets), { topK });
      const expected = pairStatistics(logits, rowStatistics(logits, targets, vocabulary), vocabulary, topK);
      expect(maxDifference(await read(stats.values), expected.values)).toBeLessThan(2e-5);
      expect(Array.from(await stats.topIds.data())).toEqual(Array.from(expected.topIds));
      expect(maxDifference(await read(stats.topLogp), expected.topLogp)).toBeLessThan(5e-6);
      expect(maxDifference(await read(stats.topOther), expected.topOther)).toBeLessThan(5e-6);
    });
  }

  it("gives exactly 0 for equal rows and keeps the digits of tiny divergences", async () => {
    const row = seededValues(1000, 3, 4);
    const nudged = row.map((value, id) => (id % 2 ? value : value + 1e-3));
    const rows = new Float32Array([...row, ...row, ...row, ...nudged]);
    const values = await read(logitStats(tensor(rows, [4, 1000]), targetsOf(Int32Array.of(0, 0)), { topK: 1 }).values);
    expect([values[columns.kl], values[columns.jsd], values[columns.top1Drop]]).toEqual([0, 0, 0]);
    const expected = pairStatistics(rows, rowStatistics(rows, Int32Array.of(0, 0), 1000), 1000, 1).values;
    for (const of of [columns.kl, columns.jsd]) expect(Math.abs(values[8 + of]! / expected[8 + of]! - 1)).toBeLessThan(0.01);
  });

  it("stays finite for certain and impossible tokens, and takes equal tokens by index", async () => {
    const logits = tensor([2000, 0, -2000, 0, 0, 2000, 5, 5, 1, 5, 1, 5], [4, 3]);
    const stats = logitStats(logits, targetsOf(Int32Array.of(0, 2)), { topK: 3 });
    const values = await read(stats.values);
    expect(values.every(Number.isFinite)).toBe(true);
    expect(Array.from(await stats.topIds.data())).toEqual([0, 1, 2, 0, 1, 2, 2, 0, 1, 0, 2, 1]);
  });
});

describe("a row's log-prob", () => {
  const [rows, width, vocabulary] = [65, 64, 333];
  const scratchOf = (count: number) => count * vocabulary * 4;
  const hidden = () => seededTensor([rows, width], 1);
  const masked = () => seededTensor([rows, width], 2);
  const targets = () => targetsOf(ids(rows, vocabulary, 4));

  for (const format of ["f32", "f16", "int8", "int4"] as const) {
    it(`is the same bits from headStats, headLogProb and logitStats, alone or in a batch (${format})`, async () => {
      const head = matrixOnThisBackend(seededValues(vocabulary * width, 3, 0.3), vocabulary, width, format, 32);
      const options = { topK: 2, temperature: 0.7 };
      const whole = await read(headStats(hidden(), masked(), head, targets(), options).values);
      const chunked = await read(
        headStats(hidden(), masked(), head, targets(), { ...options, scratchBytes: scratchOf(40) }).values,
      );
      expect(differingBits(chunked, whole)).toBe(0);
      const logp = await read(headLogProb(hidden(), head, targets(), { temperature: 0.7 }));
      expect(differingBits(logp, column(whole, columns.logp))).toBe(0);
      const maskedLogp = await read(headLogProb(masked(), head, targets(), { temperature: 0.7, scratchBytes: scratchOf(40) }));
      expect(differingBits(maskedLogp, column(whole, columns.logpMasked))).toBe(0);
      for (const row of [0, 7, 64]) {
        const pair = tensor(
          [
            ...(await read(hidden())).subarray(row * width, (row + 1) * width),
            ...(await read(masked())).subarray(row * width, (row + 1) * width),
          ],
          [2, width],
        );
        const logits = linear(pair, head, { scale: 1 / 0.7 });
        const alone = await read(logitStats(logits, slice(targets(), [row], [1]), { topK: 2 }).values);
        expect(differingBits(alone, whole.subarray(row * 8, row * 8 + 8))).toBe(0);
      }
    });
  }

  it("has a KL of exactly 0 for equal hidden states", async () => {
    const head = f32Matrix(seededTensor<Tensor2D>([vocabulary, width], 3));
    const values = await read(headStats(hidden(), hidden(), head, targets(), { topK: 1, scratchBytes: scratchOf(40) }).values);
    expect(column(values, columns.kl).every((kl) => kl === 0)).toBe(true);
    expect(column(values, columns.jsd).every((jsd) => jsd === 0)).toBe(true);
  });

  it("is the same 20 times", async () => {
    const head = f32Matrix(seededTensor<Tensor2D>([vocabulary, width], 3));
    const first = await read(headLogProb(hidden(), head, targets()));
    for (let i = 0; i < 20; i++) expect(differingBits(await read(headLogProb(hidden(), head, targets())), first)).toBe(0);
  });
});

describe("the gradient of headLogProb", () => {
  it("has the logit gradient of float64, zero where nothing is asked", async () => {
    const [rows, vocabulary] = [5, 700];
    const logits = seededValues(rows * vocabulary, 5, 2);
    const targets = Int32Array.of(3, -1, 699, 0, 20);
    const dy = Float32Array.of(1, 2, -0.5, 0, 3);
    const x = tensor(logits, [rows, vocabulary]);
    const ours = await read(logitGradient(x, logitRows(x, targetsOf(targets)), targetsOf(targets), tensor1d(dy)));
    const expected = gradientInJavaScript(logits, rowStatistics(logits, targets, vocabulary), targets, dy, vocabulary);
    expect(maxDifference(ours, expected)).toBeLessThan(2e-6);
  });

  it("agrees with finite differences in hidden and head, in one chunk or many", async () => {
    const [rows, width, vocabulary, temperature] = [3, 8, 17, 1.3];
    const targets = ids(rows, vocabulary, 6);
    const weights = Float32Array.of(1, -2, 0.5);
    const [h, w] = [seededValues(rows * width, 7), seededValues(vocabulary * width, 8)];
    const loss = (hidden: ArrayLike<number>, head: ArrayLike<number>): number => {
      let total = 0;
      for (let r = 0; r < rows; r++) {
        const logits = Array.from({ length: vocabulary }, (_, v) => {
          let dot = 0;
          for (let d = 0; d < width; d++) dot += hidden[r * width + d]! * head[v * width + d]!;
          return dot / temperature;
        });
        total += weights[r]! * (logits[targets[r]!]! - Math.log(logits.reduce((s, l) => s + Math.exp(l), 0)));
      }
      return total;
    };
    const expected = [finiteDifferences((x) => loss(x, w), h), finiteDifferences((x) => loss(h, x), w)];
    for (const scratchBytes of [1 << 20, vocabulary * 4]) {
      const f = (a: Tensor, b: Tensor) =>
        sum(mul(headLogProb(a, f32Matrix(b as Tensor2D), targetsOf(targets), { temperature, scratchBytes }), tensor1d(weights)));
      const [dHidden, dHead] = grads(f)([tensor(h, [rows, width]), tensor(w, [vocabulary, width])]) as [Tensor, Tensor];
      expect(maxDifference(await read(dHidden), expected[0]!)).toBeLessThan(2e-5);
      expect(maxDifference(await read(dHead), expected[1]!)).toBeLessThan(2e-5);
    }
  });

  it("of a packed head equals that of its dequantised numbers", async () => {
    const [rows, width, vocabulary] = [17, 32, 65];
    const targets = targetsOf(ids(rows, vocabulary, 6));
    const packed = matrixOnThisBackend(seededValues(vocabulary * width, 3), vocabulary, width, "int4", 32);
    const identity = tensor(
      Float32Array.from({ length: width * width }, (_, i) => (i % (width + 1) === 0 ? 1 : 0)),
      [width, width],
    );
    // I·Wᵀ lists the weights as the kernels see them.
    const dense = await read(linear(identity, packed));
    const w = Float32Array.from(
      { length: vocabulary * width },
      (_, i) => dense[(i % width) * vocabulary + Math.floor(i / width)]!,
    );
    const gradient = (head: typeof packed) =>
      grads((x: Tensor) => sum(headLogProb(x, head, targets)))([seededTensor([rows, width], 9)])[0] as Tensor;
    const [a, b] = [await read(gradient(packed)), await read(gradient(f32Matrix(tensor(w, [vocabulary, width]))))];
    expect(differingBits(a, b)).toBe(0);
  });
});
