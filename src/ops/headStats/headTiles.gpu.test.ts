// The head in tiles of its vocabulary on WebGPU: the tiles show in no bit and in few bytes.

import { grads, sum, type Tensor, tensor, tensor1d } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { createRng } from "@/lib/rng";
import { linear } from "../linear/linear";
import { f32Matrix, type Matrix } from "../matrix";
import { matrixOnThisBackend } from "../matrixWriter";
import { differingBits, maxDifference, read, seededTensor, seededValues, setUpGpu } from "../test/gpuFixture";
import { entropyOf, headLogProb, headRowStatistics, headStats, logProbOf } from "./headStats";
import { blockColumns } from "./kernels";
import { type HeadStats, headStatsColumns, logitStats } from "./logitStats";
import { pairStatistics, rowStatistics } from "./reference";

const test = setUpGpu();
const [count, width, vocabulary] = [17, 32, 5003];

function ids(size: number, below: number, seed: number): Int32Array {
  const rng = createRng(seed);
  return Int32Array.from({ length: size }, () => rng.int(below));
}

const targetIds = ids(count, vocabulary, 4).map((id, row) => (row === 5 ? -1 : id));
const targets = () => tensor1d(targetIds, "int32");
const hidden = () => seededTensor([count, width], 1);
const masked = () => seededTensor([count, width], 2);
const headOf = (format: "f32" | "int4") =>
  matrixOnThisBackend(seededValues(vocabulary * width, 3, 0.3), vocabulary, width, format, 32);
const column = (values: Float32Array, index: number) => values.filter((_, at) => at % 8 === index);
const bytesOf = (rows: number, blocks: number) => rows * blocks * blockColumns * 8;

async function everything(stats: HeadStats): Promise<Float32Array[]> {
  const topIds = Float32Array.from(await stats.topIds.data());
  return [await read(stats.values), topIds, await read(stats.topLogp), await read(stats.topOther)];
}

/** One position's rows of x. */
const rowOf = (x: Float32Array, row: number) => tensor(x.slice(row * width, (row + 1) * width), [1, width]);

describe("headStats in tiles", () => {
  for (const format of ["f32", "int4"] as const) {
    it(`has the bits of logitStats of all logits, however positions and vocabulary are cut (${format})`, async () => {
      const head = headOf(format);
      const logits = linear(tensor([...(await read(hidden())), ...(await read(masked()))], [2 * count, width]), head);
      const whole = await everything(logitStats(logits, targets(), { topK: 3 }));
      for (const scratchBytes of [bytesOf(count, 1), bytesOf(6, 2), undefined]) {
        const options = { topK: 3, ...(scratchBytes ? { scratchBytes } : {}) };
        const cut = await everything(headStats(hidden(), masked(), head, targets(), options));
        expect(cut.map((values, at) => differingBits(values, whole[at]!))).toEqual([0, 0, 0, 0]);
      }
    });
  }

  it("agrees with float64 and leaves out only the Jensen-Shannon divergence when it is not wanted", async () => {
    const head = headOf("f32");
    const options = { topK: 3, scratchBytes: bytesOf(count, 2) };
    const [values, topIds] = await everything(headStats(hidden(), masked(), head, targets(), options));
    const x = tensor([...(await read(hidden())), ...(await read(masked()))], [2 * count, width]);
    const logits = await read(linear(x, head));
    const expected = pairStatistics(logits, rowStatistics(logits, targetIds, vocabulary), vocabulary, 3);
    expect(maxDifference(values!, expected.values)).toBeLessThan(2e-5);
    expect([...topIds!]).toEqual([...expected.topIds]);
    const without = await read(headStats(hidden(), masked(), head, targets(), { ...options, jsd: false }).values);
    const zeroed = values!.map((value, at) => (at % 8 === headStatsColumns.jsd ? 0 : value));
    expect(differingBits(without, zeroed)).toBe(0);
  });

  it("gives exactly 0 for equal rows and keeps the digits of tiny divergences over many blocks", async () => {
    const row = seededValues(vocabulary, 3, 4);
    const nudged = row.map((value, id) => (id % 3 ? value : value + 1e-3));
    const rows = new Float32Array([...row, ...row, ...row, ...nudged]);
    const values = await read(
      logitStats(tensor(rows, [4, vocabulary]), tensor1d(Int32Array.of(0, 0), "int32"), { topK: 1 }).values,
    );
    const { kl, jsd, top1Drop } = headStatsColumns;
    expect([values[kl], values[jsd], values[top1Drop]]).toEqual([0, 0, 0]);
    const expected = pairStatistics(rows, rowStatistics(rows, Int32Array.of(0, 0), vocabulary), vocabulary, 1).values;
    for (const of of [kl, jsd]) expect(Math.abs(values[8 + of]! / expected[8 + of]! - 1)).toBeLessThan(0.01);
  });

  it("takes less than 8 MB for a vocabulary of 151 936, where the logits do not fit", async () => {
    const [positions, words, depth] = [8, 151936, 8];
    const values = Float32Array.from({ length: words * depth }, (_, i) => Math.sin(i * 0.7) + Math.cos(i * 0.013));
    const head = f32Matrix(tensor(values, [words, depth]));
    const [image, other] = [seededTensor([positions, depth], 5), seededTensor([positions, depth], 6)];
    const wanted = tensor1d(ids(positions, words, 7), "int32");
    const { pool, dispatcher } = test.gpu;
    for (const input of [image, other, wanted, head.parts[0]!.data]) dispatcher.bufferOf(input);
    dispatcher.trim();
    const before = pool.numBytesAllocated;
    pool.numBytesPeak = before;
    const measured = await read(headStats(image, other, head, wanted, { topK: 1 }).values);
    expect(pool.numBytesPeak - before).toBeLessThan(8e6);
    expect(pool.numBytesPeak - before).toBeGreaterThan(1e6);
    expect(positions * 2 * words * 4).toBeGreaterThan(9e6);
    const logp = await read(headLogProb(image, head, wanted));
    expect(differingBits(logp, column(measured, headStatsColumns.logp))).toBe(0);
  });
});

describe("headLogProb in tiles", () => {
  const scratches = [bytesOf(count, 1) / 2, bytesOf(4, 2), undefined];
  const optionsOf = (scratchBytes: number | undefined) => (scratchBytes ? { scratchBytes } : {});

  it("has the bits of decoding and of scoring", async () => {
    const head = headOf("int4");
    const stats = await read(headStats(hidden(), masked(), head, targets(), { topK: 1, scratchBytes: bytesOf(count, 1) }).values);
    for (const scratchBytes of scratches) {
      const logp = await read(headLogProb(hidden(), head, targets(), optionsOf(scratchBytes)));
      expect(differingBits(logp, column(stats, headStatsColumns.logp))).toBe(0);
    }
    const [x, y] = [await read(hidden()), await read(masked())];
    for (const row of [0, 16]) {
      const pair = tensor([...(await read(rowOf(x, row))), ...(await read(rowOf(y, row)))], [2, width]);
      const target = tensor1d(targetIds.slice(row, row + 1), "int32");
      const decoded = await read(logitStats(linear(pair, head), target, { topK: 1 }).values);
      expect(differingBits(decoded, stats.slice(row * 8, row * 8 + 8))).toBe(0);
    }
  });

  it("has a gradient in the hidden states that no cut and no neighbour changes", async () => {
    const head = headOf("int4");
    const gradient = (x: Tensor, wanted: Int32Array, scratchBytes?: number) => {
      const logp = (h: Tensor) => sum(headLogProb(h, head as Matrix, tensor1d(wanted, "int32"), optionsOf(scratchBytes)));
      return read(grads(logp)([x])[0] as Tensor);
    };
    const whole = await gradient(hidden(), targetIds);
    expect(whole.some((value) => value !== 0)).toBe(true);
    for (const scratchBytes of scratches) expect(differingBits(await gradient(hidden(), targetIds, scratchBytes), whole)).toBe(0);
    const x = await read(hidden());
    for (const row of [0, 5, 16]) {
      const alone = await gradient(rowOf(x, row), targetIds.slice(row, row + 1));
      expect(differingBits(alone, whole.slice(row * width, (row + 1) * width))).toBe(0);
    }
  });

  it("takes the statistics of its rows where they are known, makes no logits for its value then, and has the same gradient", async () => {
    const head = headOf("int4");
    const scratchBytes = bytesOf(count, 1) / 2;
    const { dispatcher } = test.gpu;
    const statistics = headRowStatistics(hidden(), head, targets(), { scratchBytes });
    const logp = (x: Tensor, known?: Tensor) => headLogProb(x, head, targets(), { scratchBytes, ...(known && { known }) });
    const gradient = (known?: Tensor) => read(grads((x: Tensor) => sum(logp(x, known)))([hidden()])[0] as Tensor);
    expect(differingBits(await gradient(statistics), await gradient())).toBe(0);
    const before = dispatcher.work().dispatches;
    logp(hidden(), statistics).dispose();
    // A column of the statistics is copied.
    expect(dispatcher.work().dispatches - before).toBe(1);
    expect(differingBits(await read(logProbOf(statistics)), await read(headLogProb(hidden(), head, targets())))).toBe(0);
    const entropies = column(
      await read(headStats(hidden(), masked(), head, targets(), { topK: 1 }).values),
      headStatsColumns.entropy,
    );
    expect(differingBits(await read(entropyOf(statistics)), entropies)).toBe(0);
    expect(() => headLogProb(hidden(), head, targets(), { known: targets() })).toThrow("statistics [17] of 17 targets");
  });

  it("gives all rows of a trained head their gradient", async () => {
    const [h, w] = [hidden(), seededTensor([vocabulary, width], 3, 0.3)];
    const gradient = (scratchBytes?: number) =>
      grads((data: Tensor) => sum(headLogProb(h, f32Matrix(data as never), targets(), optionsOf(scratchBytes))))([
        w,
      ])[0] as Tensor;
    const logits = await read(linear(h, f32Matrix(w as never)));
    const x = await read(h);
    const rows = rowStatistics(logits, targetIds, vocabulary);
    const expected = new Float32Array(vocabulary * width);
    for (let r = 0; r < count; r++) {
      if (targetIds[r]! < 0) continue;
      for (let v = 0; v < vocabulary; v++) {
        const p = Math.exp(logits[r * vocabulary + v]! - rows[r * 4]! - rows[r * 4 + 1]!);
        const slope = (v === targetIds[r] ? 1 : 0) - p;
        for (let d = 0; d < width; d++) expected[v * width + d]! += slope * x[r * width + d]!;
      }
    }
    for (const scratchBytes of [undefined, bytesOf(2, 1)])
      expect(maxDifference(await read(gradient(scratchBytes)), expected)).toBeLessThan(1e-5);
  });
});
