// The sampling rules in float64 and the decode state on the wasm backend.

import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { setBackend, tensor, tensor1d } from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { uniformAt } from "@/lib/rng";
import { advanceDecodeState } from "./decodeState";
import { sampleToken } from "./reference";
import { sample } from "./sample";

beforeAll(async () => {
  setWasmPaths(`${process.cwd()}/node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/`);
  await setBackend("wasm");
});

const all = { temperature: 1, topK: 0, topP: 1 };
const logits = Float32Array.from([0.1, 0.4, 0.2, 0.3], Math.log);

describe("sampleToken", () => {
  it("inverts the cumulative distribution in index order", () => {
    const drawn = [0, 0.099, 0.101, 0.499, 0.501, 0.699, 0.701, 0.9999999].map((u) => sampleToken(logits, u, all));
    expect(drawn).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  });

  it("takes the first of the most likely tokens at temperature 0", () => {
    expect(sampleToken(Float32Array.of(1, 3, 3, 2), 0.9, { ...all, temperature: 0 })).toBe(1);
  });

  it("sharpens with temperature", () => {
    // At temperature 1/2 the weights are squared: 0.01, 0.16, 0.04, 0.09 of 0.30.
    expect([0.02, 0.05, 0.56, 0.58, 0.69, 0.71].map((u) => sampleToken(logits, u, { ...all, temperature: 0.5 }))).toEqual([
      0, 1, 1, 2, 2, 3,
    ]);
  });

  it("keeps the k most likely tokens, and all that equal the last of them", () => {
    expect([0, 0.56, 0.58, 0.99].map((u) => sampleToken(logits, u, { ...all, topK: 2 }))).toEqual([1, 1, 3, 3]);
    const tied = Float32Array.of(2, 1, 1, 0);
    const drawn = new Set(Array.from({ length: 100 }, (_, i) => sampleToken(tied, i / 100, { ...all, topK: 2 })));
    expect([...drawn].sort()).toEqual([0, 1, 2]);
  });

  it("keeps the smallest nucleus that reaches top-p, of what top-k left", () => {
    const kept = (rules: object) =>
      [...new Set(Array.from({ length: 200 }, (_, i) => sampleToken(logits, i / 200, { ...all, ...rules })))].sort();
    expect(kept({ topP: 0.39 })).toEqual([1]);
    expect(kept({ topP: 0.41 })).toEqual([1, 3]);
    expect(kept({ topP: 0.71 })).toEqual([1, 2, 3]);
    expect(kept({ topP: 0.57, topK: 2 })).toEqual([1]);
    expect(kept({ topP: 0.58, topK: 2 })).toEqual([1, 3]);
  });

  it("never draws a token without probability", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.99999994, noNaN: true }), fc.integer({ min: 0, max: 3 }), (u, hole) => {
        const holed = Float32Array.from(logits, (value, id) => (id === hole ? -1e9 : value));
        expect(sampleToken(holed, u, all)).not.toBe(hole);
      }),
    );
  });
});

describe("sample and the decode state", () => {
  it("draws at the random number of each row's seed, stream and counter, and −1 for finished rows", () => {
    const rows = tensor([...logits, ...logits, ...logits], [3, 4]);
    const state = tensor([7, 0, 5, 1, 7, 1, 5, 0, -7, 2, 5, 1], [3, 4], "int32");
    const expected = [sampleToken(logits, uniformAt(7, 0, 5), all), -1, sampleToken(logits, uniformAt(-7, 2, 5), all)];
    expect(Array.from(sample(rows, state).dataSync())).toEqual(expected);
    const first = tensor(state.dataSync().slice(0, 4), [1, 4], "int32");
    expect(Array.from(sample(rows, first).dataSync())).toEqual(expected.slice(0, 1));
  });

  it("refuses rules that make no sense", () => {
    const state = tensor([1, 1, 1, 1], [1, 4], "int32");
    const row = tensor(logits, [1, 4]);
    expect(() => sample(row, state, { topP: 0 })).toThrow("topP");
    expect(() => sample(row, state, { topK: 1.5 })).toThrow("topK");
    expect(() => sample(row, tensor(Array(8).fill(1), [2, 4], "int32"))).toThrow("state");
  });

  it("feeds a token to both copies of a running row and lets a finished one stand still", () => {
    const int = (values: number[], shape: number[]) => tensor(values, shape, "int32");
    const state = {
      sampling: int([7, 0, 0, 1, 7, 1, 0, 1], [2, 4]),
      rows: int([0, 4, 10, 5, 0, 4, 20, 5, 4, 4, 30, 5, 4, 4, 40, 5], [4, 4]),
      positions: tensor1d([4, 4, 4, 4], "int32"),
      slots: tensor1d([10, 20, 30, 40], "int32"),
      tokenIds: tensor1d([1, 1, 1, 1], "int32"),
      log: int(Array(6).fill(-9), [3, 2]),
      step: tensor1d([0], "int32"),
    };
    const advance = (ids: number[]) => advanceDecodeState(state, tensor1d(ids, "int32"), [99, 98]);
    advance([5, 98]);
    advance([6, -1]);
    expect(Array.from(state.log.dataSync())).toEqual([5, 98, 6, -1, -9, -9]);
    expect(Array.from(state.tokenIds.dataSync())).toEqual([6, 1, 6, 1]);
    expect(Array.from(state.slots.dataSync())).toEqual([12, 20, 32, 40]);
    expect(Array.from(state.positions.dataSync())).toEqual([6, 4, 6, 4]);
    expect([3, 7, 11, 15].map((at) => state.rows.dataSync()[at])).toEqual([7, 5, 7, 5]);
    expect(Array.from(state.sampling.dataSync())).toEqual([7, 0, 2, 1, 7, 1, 1, 0]);
    advance([7, -1]);
    advance([8, 8]);
    expect(Array.from(state.log.dataSync())).toEqual([5, 98, 6, -1, 7, -1]);
    expect(Array.from(state.slots.dataSync())).toEqual([12, 20, 32, 40]);
    expect(Array.from(state.sampling.dataSync())).toEqual([7, 0, 3, 0, 7, 1, 1, 0]);
    expect(state.step.dataSync()[0]).toBe(3);
  });
});
