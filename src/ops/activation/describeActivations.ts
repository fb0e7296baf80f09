// The tests of the activations that every backend must pass. Test code only.

import { grad, grads, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { finiteDifferences, maxDifference, seededValues } from "../test/gpuFixture";
import { gelu, geluErf, swiglu } from "./activation";

type Numbers = ArrayLike<number>;

const swigluInFloat64 = (gate: Numbers, up: Numbers) =>
  Float64Array.from(gate, (g, index) => (g / (1 + Math.exp(-g))) * (up[index] as number));
const geluInFloat64 = (x: Numbers) =>
  Float64Array.from(x, (value) => 0.5 * value * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (value + 0.044715 * value ** 3))));
/** erf by the series of positive terms 2/√π·e^(−x²)·Σ 2ⁿx^(2n+1)/(2n+1)!!, exact in float64 for |x| ≤ 6. */
function erfInFloat64(x: number): number {
  let [term, total] = [x, x];
  for (let n = 1; n < 300; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}
const geluErfInFloat64 = (x: Numbers) => Float64Array.from(x, (value) => 0.5 * value * (1 + erfInFloat64(value * Math.SQRT1_2)));
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

  describe("gelu with erf", () => {
    it.each(sizes)("agrees with float64 for %i values", async (count) => {
      const x = seededValues(count, 9, 2);
      expect(maxDifference(await geluErf(tensor(x, [count])).data(), geluErfInFloat64(x))).toBeLessThan(1e-6);
    });

    it("has an erf within 1e-7 on [-6, 6], as far as the rounding of its product with x shows", async () => {
      const x = Float32Array.from({ length: 24000 }, (_, i) => ((i - 11999.5) / 2000) * Math.SQRT2);
      const y = await geluErf(tensor(x, [24000])).data();
      const worst = { below: 0, above: 0 };
      x.forEach((value, i) => {
        const error = Math.abs((2 * (y[i] as number)) / value - 1 - erfInFloat64(value * Math.SQRT1_2));
        const side = value < 0 ? "below" : "above";
        worst[side] = Math.max(worst[side], error);
      });
      expect(worst.below).toBeLessThan(1e-7);
      // Two roundings of numbers close to 1: of (1 + erf)/2 and of its product with x.
      expect(worst.above).toBeLessThan(1e-7 + 2 * 2 ** -23);
    });

    it("has the gradient finite differences give", async () => {
      const [x, weights] = [seededValues(65, 10, 2), seededValues(65, 11)];
      const dx = await grad((at) => geluErf(at))(tensor(x, [65]), tensor(weights, [65])).data();
      expect(
        maxDifference(
          dx,
          finiteDifferences((at) => dot(geluErfInFloat64(at), weights), x),
        ),
      ).toBeLessThan(5e-7);
    });

    it("stays finite for large inputs", async () => {
      const x = tensor([-1e30, -1e4, -40, 40, 1e4, 1e30], [6]);
      expect(maxDifference(await geluErf(x).data(), [0, 0, 0, 40, 1e4, Math.fround(1e30)])).toBeLessThan(1e-6);
      expect(maxDifference(await grad((at) => geluErf(at))(x).data(), [0, 0, 0, 1, 1, 1])).toBeLessThan(1e-6);
    });
  });
}
