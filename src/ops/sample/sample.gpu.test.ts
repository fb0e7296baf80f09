// The sampling kernel draws what the JavaScript rules draw, and the decode state moves on as there.

import { tensor, tensor1d, zeros } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { readTensors } from "@/gpu/readback";
import { createRng } from "@/lib/rng";
import { seededValues, setUpGpu } from "../test/gpuFixture";
import { advanceDecodeState } from "./decodeState";
import { keepStep } from "./keepStep";
import { advanceArrays, type SamplingRules, sampleRows } from "./reference";
import { sample } from "./sample";

setUpGpu();

function stateOf(batch: number, seed: number): Int32Array {
  const rng = createRng(seed);
  return Int32Array.from({ length: batch * 4 }, (_, i) =>
    i % 4 === 3 ? Number(i % 28 !== 27) : (rng.int(2 ** 32) - 2 ** 31) | 0,
  );
}

describe("sample", () => {
  const rules: readonly Partial<SamplingRules>[] = [
    {},
    { temperature: 0 },
    { temperature: 0.6 },
    { topK: 5 },
    { topP: 0.9 },
    { temperature: 1.4, topK: 12, topP: 0.8 },
  ];
  for (const [batch, vocabulary] of [
    [1, 3],
    [65, 17],
    [40, 640],
    [8, 5003],
  ] as const) {
    it(`draws the tokens of the JavaScript sampler from ${batch} rows of ${vocabulary} logits`, async () => {
      const logits = seededValues(batch * vocabulary, vocabulary, 2);
      const state = stateOf(batch, 5);
      for (const rule of rules) {
        const ids = sample(tensor(logits, [batch, vocabulary]), tensor(state, [batch, 4], "int32"), rule);
        const expected = sampleRows(logits, vocabulary, state, { temperature: 1, topK: 0, topP: 1, ...rule });
        expect(Array.from(await ids.data()), JSON.stringify(rule)).toEqual(Array.from(expected));
      }
    });
  }

  it("covers the distribution: 4096 draws stay within four standard deviations of every probability", async () => {
    const probabilities = [0.5, 0.25, 0, 0.15, 0.1];
    const draws = 4096;
    const row = probabilities.map((p) => (p === 0 ? -1e9 : Math.log(p)));
    const logits = tensor(
      Array.from({ length: draws }, () => row),
      [draws, 5],
    );
    const state = Int32Array.from({ length: draws * 4 }, (_, i) => [9, i >> 2, 3, 1][i % 4]!);
    const ids = await sample(logits, tensor(state, [draws, 4], "int32")).data<"int32">();
    probabilities.forEach((p, id) => {
      const share = ids.reduce((count, drawn) => count + Number(drawn === id), 0) / draws;
      expect(Math.abs(share - p)).toBeLessThanOrEqual(4 * Math.sqrt((p * (1 - p)) / draws));
    });
  });

  it("keeps all tokens that tie with the last one kept, negative and zero logits included", async () => {
    const row = [-1, -2, 0, -1, -3, 0, -2];
    const draws = 256;
    const logits = tensor(
      Array.from({ length: draws }, () => row),
      [draws, 7],
    );
    const state = Int32Array.from({ length: draws * 4 }, (_, i) => [4, i >> 2, 0, 1][i % 4]!);
    const kept = async (rule: Partial<SamplingRules>) =>
      [...new Set(await sample(logits, tensor(state, [draws, 4], "int32"), rule).data())].sort();
    expect(await kept({ topK: 1 })).toEqual([2, 5]);
    expect(await kept({ topK: 3 })).toEqual([0, 2, 3, 5]);
    expect(await kept({ topP: 0.1 })).toEqual([2, 5]);
  });

  it("is not moved by the rows around it", async () => {
    const logits = seededValues(8 * 640, 2, 2);
    const state = stateOf(8, 6);
    const rule = { topK: 50, topP: 0.95 };
    const all = await sample(tensor(logits, [8, 640]), tensor(state, [8, 4], "int32"), rule).data();
    const alone = await sample(
      tensor(logits.slice(5 * 640, 6 * 640), [1, 640]),
      tensor(state.slice(20, 24), [1, 4], "int32"),
      rule,
    ).data();
    expect(alone[0]).toBe(all[5]);
  });
});

describe("the decode state", () => {
  for (const [batch, copies] of [
    [3, 2],
    [70, 2],
    [2, 1],
  ] as const) {
    it(`moves on as in JavaScript for ${batch} rollouts with ${copies} rows each`, async () => {
      const steps = 4;
      const rng = createRng(batch);
      const random = (count: number) => Int32Array.from({ length: count }, () => rng.int(1000));
      const arrays = {
        sampling: Int32Array.from({ length: batch * 4 }, (_, i) => (i % 4 === 3 ? 1 : i)),
        rows: random(copies * batch * 4),
        positions: random(copies * batch),
        slots: random(copies * batch),
        tokenIds: random(copies * batch),
        log: new Int32Array(batch * steps),
        step: new Int32Array(1),
      };
      const state = {
        sampling: tensor(arrays.sampling.slice(), [batch, 4], "int32"),
        rows: tensor(arrays.rows.slice(), [copies * batch, 4], "int32"),
        positions: tensor1d(arrays.positions.slice(), "int32"),
        slots: tensor1d(arrays.slots.slice(), "int32"),
        tokenIds: tensor1d(arrays.tokenIds.slice(), "int32"),
        log: tensor(arrays.log.slice(), [steps, batch], "int32"),
        step: tensor1d(arrays.step.slice(), "int32"),
      };
      for (let step = 0; step < steps + 1; step++) {
        const ids = Int32Array.from({ length: batch }, (_, b) => (step === b % 3 ? 7 : rng.int(5)));
        advanceDecodeState(state, tensor1d(ids, "int32"), [9, 7]);
        advanceArrays(arrays, ids, [9, 7]);
        const keys = Object.keys(arrays) as (keyof typeof arrays)[];
        const values = await readTensors(keys.map((key) => state[key]));
        keys.forEach((key, index) => {
          expect(Array.from(values[index]!), `${key} after step ${step}`).toEqual(Array.from(arrays[key]));
        });
      }
    });
  }
});

describe("keepStep", () => {
  it("refuses to keep alternatives of a step that has measured none", () => {
    const [kept, step, values] = [zeros([2, 3, 4 + 3 * 2]), tensor1d([1], "int32"), zeros([3, 4])];
    expect(() => keepStep(kept, step, { values }, 1)).toThrow("3 rows of 4 + 3·2 numbers");
  });
});
