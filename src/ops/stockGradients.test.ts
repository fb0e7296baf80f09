import { add, concat, grad, grads, mul, reshape, slice, type Tensor2D, tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { setUpWasm } from "./test/wasmFixture";
import "./stockGradients";

setUpWasm();

const values = (x: { dataSync(): ArrayLike<number> }) => Array.from(x.dataSync());

describe("gradients of stock operations", () => {
  it("hands the cotangent of a sum to both terms", () => {
    const [a, b] = [tensor([1, 2, 3, 4], [2, 2]), tensor([5, 6, 7, 8], [2, 2])];
    const [da, db] = grads((x, y) => add(x, y))([a, b], tensor([9, 10, 11, 12], [2, 2]));
    expect(da && values(da)).toEqual([9, 10, 11, 12]);
    expect(db && values(db)).toEqual([9, 10, 11, 12]);
  });

  it("adds both cotangents when the terms are the same tensor", () => {
    const dx = grad((x) => add(x, x))(tensor([1, 2]), tensor([3, 4]));
    expect(values(dx)).toEqual([6, 8]);
  });

  it("goes through reshape and needs no gradient of what does not depend on x", () => {
    const features = tensor([1, 2, 3, 4, 5, 6], [2, 3]);
    const dx = grad((x) => add(reshape(x, [2, 2]), slice(features, [0, 1], [-1, 2])))(
      tensor([1, 2, 3, 4]),
      tensor([5, 6, 7, 8], [2, 2]),
    );
    expect(dx.shape).toEqual([4]);
    expect(values(dx)).toEqual([5, 6, 7, 8]);
  });

  it("adds the cotangents of a term that is repeated", () => {
    const [a, b] = [tensor([1, 2, 3, 4], [2, 2]), tensor([5, 6])];
    const [da, db] = grads((x, y) => add(x, y))([a, b], tensor([9, 10, 11, 12], [2, 2]));
    expect(da && values(da)).toEqual([9, 10, 11, 12]);
    expect(db && values(db)).toEqual([20, 22]);
    expect(db?.shape).toEqual([2]);
  });

  it("puts the cotangent of some columns of some rows where they came from", () => {
    const x = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [3, 4]);
    const dx = grad((m) => slice(m, [1, 1], [1, 2]))(x, tensor([[7, 9]]));
    expect(values(dx)).toEqual([0, 0, 0, 0, 0, 7, 9, 0, 0, 0, 0, 0]);
  });

  it.each([0, 1])("parts the cotangent of matrices put together along axis %i", (axis) => {
    const [a, b, c] = [tensor([[1, 2]]), tensor([[3, 4]]), tensor([[5, 6]])];
    const dy = tensor([1, 2, 3, 4, 5, 6], axis === 0 ? [3, 2] : [1, 6]);
    const parts = grads((...all) => concat(all as Tensor2D[], axis))([a, b, c], dy);
    expect(parts.map(values)).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
  });

  it("hands the cotangent of a single matrix put together on", () => {
    expect(values(grad((m) => concat([m as Tensor2D], 0))(tensor([[1, 2]]), tensor([[3, 4]])))).toEqual([3, 4]);
  });

  it("multiplies the cotangent of a product with the other factor, and adds up where one is repeated", () => {
    const [a, b] = [
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
      tensor([[10], [20]]),
    ];
    const [da, db] = grads((x, y) => mul(x, y))(
      [a, b],
      tensor([
        [1, 1, 2],
        [1, 0, 1],
      ]),
    );
    expect(da && values(da)).toEqual([10, 10, 20, 20, 0, 20]);
    expect(db && values(db)).toEqual([9, 10]);
  });
});
