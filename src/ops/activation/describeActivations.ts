// The tests of the activations that every backend must pass. Test code only.

import { grad, grads, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { finiteDifferences, maxDifference, seededValues } from "../test/gpuFixture";
import { gelu, swiglu } from "./activation";

type Numbers = ArrayLike<number>;

const swigluInFloat64 = (gate: Numbers, up: Numbers) =>
  Float64Array.from(gate, (g, index) => (g / (1 + Math.exp(-g))) * (up[index] as number));
const geluInFloat64 = (x: Numbers) =>
  Float64Array.from(x, (value) => 0.5 * value * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (value + 0.044715 * value ** 3))));
const dot = (a: Float64Array, b: Numbers) => a.reduce((sum, value, index) => sum + value * (b[index] as number), 0);

/** Declares the tests; the backend must be current when they run. */
export function describeActivations(): void {
  const sizes = [1, 3 * 32, 17 * 65];

  describe("swiglu", () => {
    it.each(sizes)("agrees with float64 for %i values", async (count) => {
      const [gate, up] = [seededValues(count, 1, 3), seededValues(count, 2)];
      const y = await swiglu(tensor(gate, [1, count]), tensor(up, [1, count])).data();
      expect(maxDifference(y, swigluInFloat64(gate, up))).toBeLessThan(5e-6);
    });

    it("has the gradients finite differences give", async () => {
      const values = { gate: seededValues(65, 3, 2), up: seededValues(65, 4) };
      const weights = seededValues(65, 5);
      const derivatives = grads((...at: Tensor[]) => swiglu(at[0] as Tensor, at[1] as Tensor))(
        [tensor(values.gate, [5, 13]), tensor(values.up, [5, 13])],
        tensor(weights, [5, 13]),
      );
      for (const [index, input] of (["gate", "up"] as const).entries()) {
        const loss = (at: Float64Array) => {
          const changed: Record<"gate" | "up", Numbers> = { ...values, [input]: at };
          return dot(swigluInFloat64(changed.gate, changed.up), weights);
        };
        expect(maxDifference(await (derivatives[index] as Tensor).data(), finiteDifferences(loss, values[input]))).toBeLessThan(
          5e-6,
        );
      }
    });

    it("stays finite for extreme gates", async () => {
      const gate = tensor([-1e30, -200, -100, 0, 100, 200, 1e30], [1, 7]);
      const ones = tensor([1, 1, 1, 1, 1, 1, 1], [1, 7]);
      expect(Math.max(...(await swiglu(gate, ones).data()).slice(0, 4).map(Math.abs))).toBeLessThan(1e-20);
      expect([...(await swiglu(gate, ones).data()).slice(4)]).toEqual([100, 200, Math.fround(1e30)]);
      const slopes = await grad((g) => swiglu(g, ones))(gate, ones).data();
      expect(maxDifference(slopes, [0, 0, 0, 0.5, 1, 1, 1])).toBeLessThan(1e-6);
    });

    it("refuses shapes that differ", () => {
      expect(() => swiglu(tensor([1, 2], [1, 2]), tensor([1, 2], [2, 1]))).toThrow(/differ/);
    });
  });

  describe("gelu", () => {
    it.each(sizes)("agrees with float64 for %i values", async (count) => {
      const x = seededValues(count, 6, 3);
      expect(maxDifference(await gelu(tensor(x, [count])).data(), geluInFloat64(x))).toBeLessThan(5e-6);
    });

    it("has the gradient finite differences give", async () => {
      const [x, weights] = [seededValues(65, 7, 2), seededValues(65, 8)];
      const dx = await grad((at) => gelu(at))(tensor(x, [65]), tensor(weights, [65])).data();
      expect(
        maxDifference(
          dx,
          finiteDifferences((at) => dot(geluInFloat64(at), weights), x),
        ),
      ).toBeLessThan(5e-6);
    });

    it("stays finite for large inputs", async () => {
      const x = tensor([-1e4, -40, 40, 1e4], [4]);
      expect(maxDifference(await gelu(x).data(), [0, 0, 40, 1e4])).toBeLessThan(1e-6);
      expect(maxDifference(await grad((at) => gelu(at))(x).data(), [0, 0, 1, 1])).toBeLessThan(1e-6);
    });
  });
}
