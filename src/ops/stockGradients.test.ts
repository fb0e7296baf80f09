import { add, grad, grads, reshape, slice, tensor } from "@tensorflow/tfjs-core";
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
});
