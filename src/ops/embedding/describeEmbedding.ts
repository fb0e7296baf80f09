// The tests of embedding and gatherRows that every backend must pass. Test code only.

import { grad, grads, type Tensor, type Tensor2D, tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { f32Matrix } from "../matrix";
import { matrixOnThisBackend } from "../matrixWriter";
import { packRows, unpackRows } from "../packRows";
import { maxDifference, seededValues } from "../test/gpuFixture";
import { embedding } from "./embedding";
import { gatherRows } from "./gatherRows";

const rowOf = (values: Float32Array, row: number, width: number) => values.slice(row * width, (row + 1) * width);
const ints = (values: readonly number[]) => tensor([...values], [values.length], "int32");

/** Declares the tests; the backend must be current when they run. */
export function describeEmbedding(): void {
  describe("embedding", () => {
    const ids = [3, 0, 3, 10, 7];
    // Positions 1 and 3 are image tokens that take features 1 and 0; feature 2 is not used.
    const featureIndex = [-1, 1, -1, 0, -1];
    const featureRows = [3, 1, -1];

    it.each([8, 65 * 4])("takes rows of %i columns and merges features", async (d) => {
      const [table, features] = [seededValues(11 * d, 1), seededValues(3 * d, 2)];
      const matrix = f32Matrix(tensor(table, [11, d]) as Tensor2D);
      const plain = await embedding(ints(ids), matrix).data();
      expect([...plain]).toEqual(ids.flatMap((id) => [...rowOf(table, id, d)]));
      const merge = { features: tensor(features, [3, d]), featureIndex: ints(featureIndex), featureRows: ints(featureRows) };
      const expected = ids.flatMap((id, m) => {
        const feature = featureIndex[m] as number;
        return [...(feature >= 0 ? rowOf(features, feature, d) : rowOf(table, id, d))];
      });
      expect([...(await embedding(ints(ids), matrix, merge).data())]).toEqual(expected);
    });

    it.each(["f16", "int8", "int4"] as const)("reads %s tables as the numbers they stand for", async (format) => {
      const table = seededValues(11 * 64, 3);

      const numbers = unpackRows(packRows(table, 11, 64, format, 32), 11, 64, format, 32);
      const y = await embedding(ints(ids), matrixOnThisBackend(table, 11, 64, format, 32)).data();
      // As numbers, since q = 0 may come out as −0.
      expect(
        maxDifference(
          y,
          ids.flatMap((id) => [...rowOf(numbers, id, 64)]),
        ),
      ).toBe(0);
    });

    it("adds the cotangents of each table row and hands features theirs", async () => {
      const d = 72;
      const [table, features, dy] = [seededValues(11 * d, 4), seededValues(3 * d, 5), seededValues(5 * d, 6)];
      const indices = { featureIndex: ints(featureIndex), featureRows: ints(featureRows) };
      const run = (data: Tensor, extra: Tensor) =>
        embedding(ints(ids), f32Matrix(data as Tensor2D), { features: extra, ...indices });
      const [dtable, dfeatures] = grads((...at: Tensor[]) => run(at[0] as Tensor, at[1] as Tensor))(
        [tensor(table, [11, d]), tensor(features, [3, d])],
        tensor(dy, [5, d]),
      );
      const expected = new Float32Array(11 * d);
      const add = (m: number) => {
        const start = (ids[m] as number) * d;
        rowOf(dy, m, d).forEach((value, c) => {
          expected[start + c] = (expected[start + c] as number) + value;
        });
      };
      for (const m of [0, 2, 4]) add(m);
      expect(await (dtable as Tensor).data()).toEqual(expected);
      expect([...(await (dfeatures as Tensor).data())]).toEqual([...rowOf(dy, 3, d), ...rowOf(dy, 1, d), ...new Float32Array(d)]);
      const plain = await grad((data) => embedding(ints(ids), f32Matrix(data as Tensor2D)))(
        tensor(table, [11, d]),
        tensor(dy, [5, d]),
      ).data();
      for (const m of [1, 3]) add(m);
      expect(plain).toEqual(expected);
    });

    it("refuses features of another width", () => {
      const merge = { features: tensor([1, 2], [1, 2]), featureIndex: ints([0]), featureRows: ints([0]) };
      expect(() => embedding(ints([0]), f32Matrix(tensor([1, 2, 3], [1, 3]) as Tensor2D), merge)).toThrow(/do not fit/);
    });
  });

  describe("gatherRows", () => {
    const index = [4, -1, 0];
    const inverse = [2, -1, -1, -1, 0];

    it("picks rows, with zeros for −1", async () => {
      const x = seededValues(5 * 33, 7);
      const y = await gatherRows(tensor(x, [5, 33]), ints(index), ints(inverse)).data();
      expect([...y]).toEqual([...rowOf(x, 4, 33), ...new Float32Array(33), ...rowOf(x, 0, 33)]);
    });

    it("sends cotangents back to the rows they came from", async () => {
      const dy = seededValues(3 * 33, 8);
      const x = tensor(seededValues(5 * 33, 9), [5, 33]);
      const dx = await grad((at) => gatherRows(at, ints(index), ints(inverse)))(x, tensor(dy, [3, 33])).data();
      expect([...dx]).toEqual([...rowOf(dy, 2, 33), ...new Float32Array(99), ...rowOf(dy, 0, 33)]);
    });

    it("refuses an inverse of another length", () => {
      expect(() => gatherRows(tensor([1, 2], [2, 1]), ints([0]), ints([0]))).toThrow(/inverse of 2/);
    });
  });
}
