// The head on the wasm backend (what trains and answers without a GPU) against float64 loops and stock operations.

import "@tensorflow/tfjs-core/dist/register_all_gradients";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import {
  cast,
  grads,
  logSoftmax,
  matMul,
  memory,
  mul,
  oneHot,
  setBackend,
  sum,
  type Tensor,
  type Tensor2D,
  tensor,
  tensor1d,
} from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { createRng } from "@/lib/rng";
import { f32Matrix } from "../matrix";
import { headLogProb, headStats } from "./headStats";
import { headStatsColumns as columns, logitStats } from "./logitStats";
import { expNonPositive } from "./reference";

beforeAll(async () => {
  setWasmPaths(`${process.cwd()}/node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/`);
  await setBackend("wasm");
});

function normals(shape: [number, number], seed: number, scale = 1): Tensor2D {
  const rng = createRng(seed);
  return tensor(
    Float32Array.from({ length: shape[0] * shape[1] }, () => rng.normal() * scale),
    shape,
  );
}

function ids(count: number, below: number, seed: number): Int32Array {
  const rng = createRng(seed);
  return Int32Array.from({ length: count }, () => rng.int(below));
}

/** Log-probs of one row of logits in float64. */
function logProbs(row: ArrayLike<number>): number[] {
  const values = Array.from(row);
  const max = Math.max(...values);
  const logSum = Math.log(values.reduce((total, value) => total + Math.exp(value - max), 0));
  return values.map((value) => value - max - logSum);
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Math.max(...Array.from(a, (value, index) => Math.abs(value - b[index]!)));
}

describe("the exponential of the reference", () => {
  it("has float32 accuracy from 0 down to underflow and is exact at 0", () => {
    for (let x = 0; x > -90; x -= 0.0137) expect(Math.abs(expNonPositive(x) / Math.exp(x) - 1)).toBeLessThan(2e-8);
    expect(expNonPositive(0)).toBe(1);
    expect(expNonPositive(-1e9)).toBe(0);
    expect(expNonPositive(Number.NaN)).toBeNaN();
  });
});

describe("logitStats", () => {
  it("agrees with the definitions in float64", () => {
    const [batch, vocabulary, topK] = [3, 65, 4];
    const logits = normals([2 * batch, vocabulary], 5, 3);
    const targets = ids(batch, vocabulary, 6);
    const stats = logitStats(logits, tensor1d(targets, "int32"), { topK });
    const values = stats.values.dataSync();
    const data = logits.dataSync();
    for (let b = 0; b < batch; b++) {
      const p = logProbs(data.subarray(b * vocabulary, (b + 1) * vocabulary));
      const q = logProbs(data.subarray((batch + b) * vocabulary, (batch + b + 1) * vocabulary));
      const expectation = (weights: number[], of: (id: number) => number) =>
        weights.reduce((total, logp, id) => total + Math.exp(logp) * of(id), 0);
      const m = p.map((logp, id) => Math.log((Math.exp(logp) + Math.exp(q[id]!)) / 2));
      const top = p.indexOf(Math.max(...p));
      const expected = [
        p[targets[b]!]!,
        q[targets[b]!]!,
        expectation(p, (id) => p[id]! - q[id]!),
        0.5 * expectation(p, (id) => p[id]! - m[id]!) + 0.5 * expectation(q, (id) => q[id]! - m[id]!),
        -expectation(p, (id) => p[id]!),
        -expectation(q, (id) => q[id]!),
        Math.exp(p[top]!) - Math.exp(q[top]!),
      ];
      expect(largestDifference(values.subarray(b * 8, b * 8 + 7), expected)).toBeLessThan(2e-6);
      for (const [condition, own, other] of [
        [0, p, q],
        [1, q, p],
      ] as const) {
        const at = (b * 2 + condition) * topK;
        const order = own
          .map((_, id) => id)
          .sort((x, y) => own[y]! - own[x]!)
          .slice(0, topK);
        expect(Array.from(stats.topIds.dataSync().subarray(at, at + topK))).toEqual(order);
        expect(
          largestDifference(
            stats.topLogp.dataSync().subarray(at, at + topK),
            order.map((id) => own[id]!),
          ),
        ).toBeLessThan(2e-6);
        expect(
          largestDifference(
            stats.topOther.dataSync().subarray(at, at + topK),
            order.map((id) => other[id]!),
          ),
        ).toBeLessThan(2e-6);
      }
    }
  });

  it("keeps the digits of tiny divergences and is exactly 0 for equal rows", () => {
    const row = normals([1, 300], 8, 4).dataSync<"float32">();
    const nudged = Float32Array.from(row, (value, id) => (id % 2 ? value : value + 1e-4));
    const pair = (twin: Float32Array) =>
      logitStats(tensor([...row, ...twin], [2, 300]), tensor1d([1], "int32"), { topK: 1 }).values.dataSync();
    const [p, q] = [logProbs(row), logProbs(nudged)];
    const kl = p.reduce((total, logp, id) => total + Math.exp(logp) * (logp - q[id]!), 0);
    expect(Math.abs(pair(nudged)[columns.kl]! / kl - 1)).toBeLessThan(0.02);
    expect(Math.abs(pair(nudged)[columns.jsd]! / (kl / 4) - 1)).toBeLessThan(0.02);
    expect([pair(row)[columns.kl], pair(row)[columns.jsd], pair(row)[columns.top1Drop]]).toEqual([0, 0, 0]);
  });

  it("stays finite for certain and for impossible tokens", () => {
    const certain = tensor([2000, 0, -2000, 0, 0, 2000], [2, 3]);
    const values = logitStats(certain, tensor1d([0], "int32"), { topK: 3 }).values.dataSync();
    expect(Array.from(values).every(Number.isFinite)).toBe(true);
    expect(values[columns.kl]).toBeCloseTo(2000, 2);
    expect(values[columns.jsd]).toBeCloseTo(Math.LN2, 6);
  });
});

describe("headLogProb", () => {
  const [rows, width, vocabulary] = [17, 32, 65];
  const scratchOf = (count: number) => count * vocabulary * 4;

  it("has the value and gradients of the stock log-softmax", () => {
    const [hidden, head] = [normals([rows, width], 1), normals([vocabulary, width], 2, 0.3)];
    const targets = tensor1d(ids(rows, vocabulary, 3), "int32");
    const weights = tensor1d(Float32Array.from({ length: rows }, (_, r) => (r === 4 ? 0 : Math.sin(r + 1))));
    const ours = grads((h: Tensor, w: Tensor) =>
      sum(mul(headLogProb(h, f32Matrix(w as Tensor2D), targets, { temperature: 2 }), weights)),
    );
    const chosen = cast(oneHot(targets, vocabulary), "float32");
    const stockLogp = (h: Tensor, w: Tensor) =>
      sum(mul(logSoftmax(mul(matMul(h as Tensor2D, w as Tensor2D, false, true), 0.5)), chosen), 1);
    const stock = grads((h: Tensor, w: Tensor) => sum(mul(stockLogp(h, w), weights)));
    const logp = headLogProb(hidden, f32Matrix(head), targets, { temperature: 2 }).dataSync();
    expect(largestDifference(logp, stockLogp(hidden, head).dataSync())).toBeLessThan(5e-6);
    const [a, b] = [ours([hidden, head]), stock([hidden, head])];
    expect(largestDifference(a[0]!.dataSync(), b[0]!.dataSync())).toBeLessThan(2e-6);
    expect(largestDifference(a[1]!.dataSync(), b[1]!.dataSync())).toBeLessThan(5e-6);
  });

  it("gives the same gradients whether the logits fit the scratch space or not, and leaks nothing", () => {
    const [hidden, head] = [normals([rows, width], 1), normals([vocabulary, width], 2, 0.3)];
    const targets = tensor1d(ids(rows, vocabulary, 3), "int32");
    const gradients = (scratchBytes: number) =>
      grads((h: Tensor, w: Tensor) => sum(headLogProb(h, f32Matrix(w as Tensor2D), targets, { scratchBytes })))([hidden, head]);
    const whole = gradients(scratchOf(rows));
    const before = memory().numTensors;
    const parts = gradients(scratchOf(5));
    expect(memory().numTensors).toBe(before + 2);
    whole.forEach((gradient, index) => {
      expect(largestDifference(gradient.dataSync(), parts[index]!.dataSync())).toBeLessThan(2e-6);
    });
  });

  it("equals column 0 of headStats bit for bit, and ignores rows without a target", () => {
    const [hidden, masked, head] = [
      normals([rows, width], 1),
      normals([rows, width], 9),
      f32Matrix(normals([vocabulary, width], 2)),
    ];
    const targets = tensor1d(
      ids(rows, vocabulary, 3).map((id, r) => (r === 2 ? -1 : id)),
      "int32",
    );
    const before = memory().numTensors;
    const stats = headStats(hidden, masked, head, targets, { topK: 3, scratchBytes: scratchOf(10) });
    expect(memory().numTensors).toBe(before + 4);
    const column = Array.from({ length: rows }, (_, r) => stats.values.dataSync()[r * 8]!);
    expect(column).toEqual(Array.from(headLogProb(hidden, head, targets).dataSync()));
    expect(column[2]).toBe(0);
    expect(stats.topIds.shape).toEqual([rows, 2, 3]);
    const same = headStats(hidden, hidden, head, targets, { topK: 1, scratchBytes: scratchOf(10) }).values.dataSync();
    for (let r = 0; r < rows; r++) expect(same[r * 8 + columns.kl]).toBe(0);
  });
});
