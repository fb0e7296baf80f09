// A matrix split by rows over several buffers computes what the undivided one computes, bit for bit: products, look-ups and
// the head, with their gradients, in every format. The binding limit is made small here; on a device it is 128 MiB and more.

import { grads, mul, sum, type Tensor, tensor, tensor1d, tensor2d } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { createRng } from "@/lib/rng";
import { embedding } from "./embedding/embedding";
import { headLogProb, headStats } from "./headStats/headStats";
import { linear, linearTransposed } from "./linear/linear";
import {
  disposeMatrix,
  f32Data,
  f32Matrix,
  type Matrix,
  type MatrixFormat,
  matrixBytes,
  matrixTensors,
  storedBytes,
} from "./matrix";
import { MatrixWriter, matrixOnThisBackend } from "./matrixWriter";
import { packRows, unpackRows } from "./packRows";
import { differingBits, read, seededTensor, seededValues, setUpGpu } from "./test/gpuFixture";

const fixture = setUpGpu({ floor: true });

const formats = ["f32", "f16", "int8", "int4"] as const;
const [rows, columns] = [157, 128];
const limits = { f32: 64 * 512, f16: 32 * 256 + 40, int8: 70 * 128, int4: 33 * 64 } satisfies Record<MatrixFormat, number>;

/** The same matrix undivided and in parts, and the numbers both stand for. */
function twins(format: MatrixFormat, seed: number): { whole: Matrix; split: Matrix; numbers: Float32Array } {
  const values = seededValues(rows * columns, seed, 0.3);
  return {
    whole: matrixOnThisBackend(values, rows, columns, format, 32),
    split: matrixOnThisBackend(values, rows, columns, format, 32, { maxBindingBytes: limits[format] }),
    numbers: unpackRows(packRows(values, rows, columns, format, 32), rows, columns, format, 32),
  };
}

const ids = (count: number, below: number, seed: number) => {
  const rng = createRng(seed);
  return tensor1d(
    Int32Array.from({ length: count }, () => rng.int(below)),
    "int32",
  );
};

describe.each(formats)("a matrix of %s in parts", (format) => {
  it("has no buffer above the limit, and whole blocks of 32 rows in all parts but the last", () => {
    const { whole, split } = twins(format, 1);
    expect(split.parts.length).toBeGreaterThan(1);
    for (const tensor of matrixTensors(split))
      expect(fixture.gpu.dispatcher.bufferOf(tensor).size).toBeLessThanOrEqual(limits[format]);
    let next = 0;
    for (const part of split.parts) {
      expect(part.firstRow).toBe(next);
      expect(part.firstRow % 32).toBe(0);
      next += part.rows;
    }
    expect(next).toBe(rows);
    expect([matrixBytes(split), matrixBytes(whole)]).toEqual(Array(2).fill(storedBytes({ rows, columns }, format, 32)));
  });

  it.each([1, 5, 17, 70])("multiplies %i rows to the same bits, with bias, residual and scale", async (m) => {
    const { whole, split, numbers } = twins(format, 2);
    const x = seededTensor([m, columns], 3);
    const options = { bias: seededTensor([rows], 4), residual: seededTensor([m, rows], 5), scale: 0.7 };
    const expected = await read(linear(x, whole, options));
    expect(differingBits(await read(linear(x, split, options)), expected)).toBe(0);
    const dense = f32Matrix(tensor2d(numbers, [rows, columns]));
    expect(differingBits(await read(linear(x, dense, options)), expected)).toBe(0);
  });

  it.each([1, 17, 70])("multiplies %i rows by W itself to the same bits", async (m) => {
    const { whole, split, numbers } = twins(format, 6);
    const dy = seededTensor([m, rows], 7);
    const expected = await read(linearTransposed(dy, whole, { scale: 1.3 }));
    expect(differingBits(await read(linearTransposed(dy, split, { scale: 1.3 })), expected)).toBe(0);
    const dense = f32Matrix(tensor2d(numbers, [rows, columns]));
    expect(differingBits(await read(linearTransposed(dy, dense, { scale: 1.3 })), expected)).toBe(0);
  });

  it("gives x, bias and residual their gradients", async () => {
    const { split, numbers } = twins(format, 8);
    const inputs = [seededTensor([5, columns], 9), seededTensor([rows], 10), seededTensor([5, rows], 11)];
    const loss = (weight: Matrix) => (x: Tensor, bias: Tensor, residual: Tensor) => {
      const y = linear(x, weight, { bias, residual, scale: 0.5 });
      return sum(mul(y, y));
    };
    const ours = grads(loss(split))(inputs);
    const dense = grads(loss(f32Matrix(tensor2d(numbers, [rows, columns]))))(inputs);
    for (const [index, gradient] of ours.entries())
      expect(differingBits(await read(gradient), await read(dense[index]!))).toBe(0);
  });

  it("looks rows up across parts, merges features and gives them their gradients", async () => {
    const { split, numbers } = twins(format, 13);
    const wanted = tensor1d([3, 0, 156, 64, 31, 32, 100], "int32");
    const dense = f32Matrix(tensor2d(numbers, [rows, columns]));
    const plain = await read(embedding(wanted, split));
    expect(plain.map((value) => value + 0)).toEqual((await read(embedding(wanted, dense))).map((value) => value + 0));
    const features = seededTensor([3, columns], 14);
    const indices = {
      featureIndex: tensor1d([-1, 1, -1, 0, -1, 2, -1], "int32"),
      featureRows: tensor1d([3, 1, 5], "int32"),
    };
    const merged = await read(embedding(wanted, split, { features, ...indices }));
    const given = await read(features);
    const row = (values: Float32Array, index: number) => values.slice(index * columns, (index + 1) * columns);
    const expected = [-1, 1, -1, 0, -1, 2, -1].flatMap((f, m) => [...(f >= 0 ? row(given, f) : row(plain, m))]);
    expect([...merged]).toEqual(expected);
    const weights = seededTensor([7, columns], 15);
    const [gradient] = grads((x: Tensor) => embedding(wanted, split, { features: x, ...indices }))([features], weights);
    const dy = await read(weights);
    expect([...(await read(gradient as Tensor))]).toEqual([...row(dy, 3), ...row(dy, 1), ...row(dy, 5)]);
  });

  it("is a head with the same statistics, log-probs and gradient", async () => {
    const { whole, split } = twins(format, 16);
    const [count, scratchBytes] = [23, 10 * rows * 4];
    const [hidden, masked] = [seededTensor([count, columns], 17), seededTensor([count, columns], 18)];
    const targets = ids(count, rows, 19);
    const stats = (head: Matrix) => headStats(hidden, masked, head, targets, { topK: 5, temperature: 0.9, scratchBytes });
    const [a, b] = [stats(split), stats(whole)];
    expect(differingBits(await read(a.values), await read(b.values))).toBe(0);
    expect(await a.topIds.data()).toEqual(await b.topIds.data());
    expect(differingBits(await read(a.topLogp), await read(b.topLogp))).toBe(0);
    const logp = (head: Matrix) => headLogProb(hidden, head, targets, { scratchBytes });
    expect(differingBits(await read(logp(split)), await read(logp(whole)))).toBe(0);
    const gradient = (head: Matrix) =>
      grads((x: Tensor) => sum(headLogProb(x, head, targets, { scratchBytes })))([hidden])[0] as Tensor;
    expect(differingBits(await read(gradient(split)), await read(gradient(whole)))).toBe(0);
  });
});

describe("MatrixWriter on WebGPU", () => {
  it.each(formats)("puts rows of %s that arrive in pieces across parts where they belong", async (format) => {
    const values = seededValues(rows * columns, 20);
    const writer = new MatrixWriter({ rows, columns }, format, 32, { maxBindingBytes: limits[format] });
    const pieces = [
      [100, 157],
      [0, 1],
      [1, 100],
    ] as const;
    for (const [from, to] of pieces) {
      const piece = values.subarray(from * columns, to * columns);
      if (from !== 1) {
        writer.write(from, piece);
        continue;
      }
      // Already packed, as bytes that are not aligned.
      const { words, scales } = packRows(piece, to - from, columns, format, 32);
      const bytes = new Uint8Array(words.byteLength + 1);
      bytes.set(new Uint8Array(words.buffer, words.byteOffset, words.byteLength), 1);
      writer.writePacked(from, to - from, bytes.subarray(1), scales);
    }
    const x = seededTensor([3, columns], 21);
    const expected = await read(linear(x, matrixOnThisBackend(values, rows, columns, format, 32)));
    expect(differingBits(await read(linear(x, writer.finish())), expected)).toBe(0);
  });

  it("frees its buffers when loading stops", () => {
    const { pool } = fixture.gpu;
    fixture.gpu.dispatcher.flush();
    const before = pool.numBytesUsed;
    const writer = new MatrixWriter({ rows, columns }, "int4", 32);
    expect(pool.numBytesUsed).toBeGreaterThan(before);
    writer.dispose();
    fixture.gpu.dispatcher.flush();
    expect(pool.numBytesUsed).toBe(before);
    const matrix = matrixOnThisBackend(seededValues(rows * columns, 1), rows, columns, "f16", 32);
    disposeMatrix(matrix);
    fixture.gpu.dispatcher.flush();
    expect(pool.numBytesUsed).toBe(before);
  });

  it("keeps halves that f32 would flush to zero or that are no ordinary numbers", async () => {
    // Smallest and largest subnormal, smallest normal, largest half, and its rounding.
    const values = Float32Array.of(2 ** -24, -1023 * 2 ** -24, 2 ** -14, 65504, 1 + 2 ** -11, 1 + 3 * 2 ** -11, -0.1, 0);
    const matrix = matrixOnThisBackend(values, 2, 4, "f16");
    const identity = tensor([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], [4, 4]);
    const columnsOf = await read(linear(identity, matrix));
    const expected = unpackRows(packRows(values, 2, 4, "f16", 0), 2, 4, "f16", 0);
    expect([...columnsOf]).toEqual([0, 1, 2, 3].flatMap((k) => [expected[k]!, expected[4 + k]!]));
  });

  it("refuses to call a split matrix one tensor", () => {
    const { whole, split } = twins("f32", 22);
    expect(f32Data(whole).shape).toEqual([rows, columns]);
    expect(() => f32Data(split)).toThrow(/3 f32 parts/);
  });
});
