// The tests of rope that every backend must pass. Test code only.

import { grad, tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { finiteDifferences, maxDifference, seededValues } from "../test/gpuFixture";
import { rope, ropeTable } from "./rope";

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
      const table = tensor(ropeTable(10000, width, 300), [300, width]);
      const y = rope(tensor(values, [positions.length, heads, width]), tensor(positions, [positions.length], "int32"), table);
      expect(maxDifference(await y.data(), ropeInFloat64(values, positions, heads, width, 10000))).toBeLessThan(1e-6);
    });

    it("has the gradient finite differences give", async () => {
      const [positions, heads, width] = [[3, 11, 0], 2, 8];
      const values = seededValues(3 * heads * width, 2);
      const weights = seededValues(values.length, 3);
      const table = tensor(ropeTable(100, width, 12), [12, width]);
      const ids = tensor(positions, [3], "int32");
      const dx = grad((x) => rope(x, ids, table))(tensor(values, [3, heads, width]), tensor(weights, [3, heads, width]));
      const loss = (x: Float64Array) =>
        ropeInFloat64(x, positions, heads, width, 100).reduce((sum, value, index) => sum + value * (weights[index] as number), 0);
      expect(maxDifference(await dx.data(), finiteDifferences(loss, values))).toBeLessThan(2e-6);
    });

    it("refuses a table of another width", () => {
      const table = tensor(ropeTable(100, 16, 4), [4, 16]);
      expect(() => rope(tensor(new Float32Array(8), [1, 1, 8]), tensor([0], [1], "int32"), table)).toThrow(/does not fit/);
    });
  });
}
