// The tests of rope that every backend must pass. Test code only.

import { grad, tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { finiteDifferences, maxDifference, seededValues } from "../test/gpuFixture";
import { rope, ropeFrequencies, ropeTable } from "./rope";

/** x_i·cos − x_{i+hd/2}·sin, and its partner, with angles from the definition. */
function ropeInFloat64(x: ArrayLike<number>, positions: readonly number[], heads: number, width: number, theta: number) {
  const half = width / 2;
  const at = (i: number) => x[i] as number;
  return Float64Array.from({ length: x.length }, (_, index) => {
    const i = index % width;
    const position = positions[Math.floor(index / (heads * width))] as number;
    const angle = position * theta ** ((-2 * (i % half)) / width);
    return i < half
      ? at(index) * Math.cos(angle) - at(index + half) * Math.sin(angle)
      : at(index) * Math.cos(angle) + at(index - half) * Math.sin(angle);
  });
}

/** Declares the tests; the backend must be current when they run. */
export function describeRope(): void {
  describe("rope", () => {
    const cases = [
      { positions: [0], heads: 1, width: 8 },
      { positions: [5, 0, 299], heads: 3, width: 16 },
      { positions: Array.from({ length: 17 }, (_, i) => (i * 7) % 65), heads: 9, width: 64 },
    ];

    it.each(cases)("rotates $positions.length rows of $heads heads of $width", async ({ positions, heads, width }) => {
      const values = seededValues(positions.length * heads * width, 1);
      const table = tensor(ropeTable(ropeFrequencies(10000, width), 300), [300, width]);
      const y = rope(tensor(values, [positions.length, heads, width]), tensor(positions, [positions.length], "int32"), { table });
      expect(maxDifference(await y.data(), ropeInFloat64(values, positions, heads, width, 10000))).toBeLessThan(1e-6);
    });

    it("has the gradient finite differences give", async () => {
      const [positions, heads, width] = [[3, 11, 0], 2, 8];
      const values = seededValues(3 * heads * width, 2);
      const weights = seededValues(values.length, 3);
      const table = tensor(ropeTable(ropeFrequencies(100, width), 12), [12, width]);
      const ids = tensor(positions, [3], "int32");
      const dx = grad((x) => rope(x, ids, { table }))(tensor(values, [3, heads, width]), tensor(weights, [3, heads, width]));
      const loss = (x: Float64Array) =>
        ropeInFloat64(x, positions, heads, width, 100).reduce((sum, value, index) => sum + value * (weights[index] as number), 0);
      expect(maxDifference(await dx.data(), finiteDifferences(loss, values))).toBeLessThan(2e-6);
    });

    it("turns each frequency by its own position axis, forwards and in the gradient", async () => {
      const [m, heads, width] = [3, 2, 8];
      const axes = [0, 2, 1, 2];
      const positions = [7, 1, 4, 0, 9, 2, 5, 5, 5];
      const frequencies = ropeFrequencies(100, width);
      const values = seededValues(m * heads * width, 4);
      const turn = (x: ArrayLike<number>) =>
        Float64Array.from({ length: x.length }, (_, index) => {
          const [row, i] = [Math.floor(index / (heads * width)), index % width];
          const j = i % 4;
          const angle = (positions[row * 3 + (axes[j] as number)] as number) * (frequencies[j] as number);
          const [low, high] = [x[index - i + j] as number, x[index - i + j + 4] as number];
          return i < 4 ? low * Math.cos(angle) - high * Math.sin(angle) : high * Math.cos(angle) + low * Math.sin(angle);
        });
      const settings = { table: tensor(ropeTable(frequencies, 10), [10, width]), axes: tensor(axes, [4], "int32") };
      const ids = tensor(positions, [m, 3], "int32");
      const x = tensor(values, [m, heads, width]);
      expect(maxDifference(await rope(x, ids, settings).data(), turn(values))).toBeLessThan(1e-6);
      const weights = seededValues(values.length, 5);
      const dx = grad((input) => rope(input, ids, settings))(x, tensor(weights, [m, heads, width]));
      const loss = (input: Float64Array) =>
        turn(input).reduce((sum, value, index) => sum + value * (weights[index] as number), 0);
      expect(maxDifference(await dx.data(), finiteDifferences(loss, values))).toBeLessThan(2e-6);
      // Equal positions on all axes need only be given once.
      const same = rope(x, tensor([3, 3, 3, 1, 1, 1, 8, 8, 8], [m, 3], "int32"), settings);
      const once = rope(x, tensor([3, 1, 8], [m], "int32"), settings);
      expect(await once.data()).toEqual(await same.data());
    });

    it("refuses a table of another width", () => {
      const table = tensor(ropeTable(ropeFrequencies(100, 16), 4), [4, 16]);
      expect(() => rope(tensor(new Float32Array(8), [1, 1, 8]), tensor([0], [1], "int32"), { table })).toThrow(/does not fit/);
    });
  });
}
