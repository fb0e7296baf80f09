// The tests of rmsNorm and layerNorm that every backend must pass. Test code only.

import { grads, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { finiteDifferences, maxDifference, maxMagnitude, seededValues } from "../test/gpuFixture";
import { layerNorm, rmsNorm } from "./norm";

type Numbers = ArrayLike<number>;

function normInFloat64(x: Numbers, weight: Numbers, bias: Numbers | undefined, epsilon: number): Float64Array {
  const d = weight.length;
  const out = new Float64Array(x.length);
  for (let base = 0; base < x.length; base += d) {
    const row = Array.from({ length: d }, (_, c) => x[base + c] as number);
    const mean = bias ? row.reduce((a, b) => a + b, 0) / d : 0;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / d;
    row.forEach((value, c) => {
      out[base + c] =
        ((value - mean) / Math.sqrt(variance + epsilon)) * (weight[c] as number) + ((bias?.[c] as number | undefined) ?? 0);
    });
  }
  return out;
}

/** Declares the tests; the backend must be current when they run. */
export function describeNorm(): void {
  const sizes = [
    { m: 1, d: 32 },
    { m: 3, d: 96 },
    { m: 17, d: 576 },
    { m: 65, d: 40 },
  ];
  const epsilon = 1e-5;
  const inputsOf = (m: number, d: number) => ({
    x: Float32Array.from(seededValues(m * d, 1), (value) => value * 2 + 0.5),
    weight: Float32Array.from(seededValues(d, 2), (value) => 1 + 0.2 * value),
    bias: seededValues(d, 3, 0.3),
  });

  describe.each(["rmsNorm", "layerNorm"] as const)("%s", (name) => {
    const centred = name === "layerNorm";
    const apply = (x: Tensor, weight: Tensor, bias: Tensor) =>
      centred ? layerNorm(x, weight, bias, epsilon) : rmsNorm(x, weight, epsilon);

    it.each(sizes)("agrees with float64 loops for [$m, $d]", async ({ m, d }) => {
      const { x, weight, bias } = inputsOf(m, d);
      const y = apply(tensor(x, [m, d]), tensor(weight, [d]), tensor(bias, [d]));
      expect(maxDifference(await y.data(), normInFloat64(x, weight, centred ? bias : undefined, epsilon))).toBeLessThan(4e-6);
    });

    it.each([
      { m: 1, d: 8 },
      { m: 5, d: 72 },
    ])("has the gradients finite differences give for [$m, $d]", async ({ m, d }) => {
      const values = inputsOf(m, d);
      const weights = seededValues(m * d, 4);
      const inputs = [tensor(values.x, [m, d]), tensor(values.weight, [d]), ...(centred ? [tensor(values.bias, [d])] : [])];
      const derivatives = grads((...at: Tensor[]) => apply(at[0] as Tensor, at[1] as Tensor, at[2] as Tensor))(
        inputs,
        tensor(weights, [m, d]),
      );
      for (const [index, input] of (["x", "weight", "bias"] as const).slice(0, inputs.length).entries()) {
        const loss = (at: Float64Array) => {
          const { x, weight, bias }: Record<"x" | "weight" | "bias", Numbers> = { ...values, [input]: at };
          const y = normInFloat64(x, weight, centred ? bias : undefined, epsilon);
          return y.reduce((sum, value, i) => sum + value * (weights[i] as number), 0);
        };
        const expected = finiteDifferences(loss, values[input]);
        expect(maxDifference(await (derivatives[index] as Tensor).data(), expected)).toBeLessThan(
          1e-5 * Math.max(1, maxMagnitude(expected)),
        );
      }
    });

    it("gives a row the same bits whatever the other rows are", async () => {
      const { x, weight, bias } = inputsOf(17, 96);
      const parameters = [tensor(weight, [96]), tensor(bias, [96])] as const;
      const together = await apply(tensor(x, [17, 96]), ...parameters).data();
      const alone = await apply(tensor(x.slice(11 * 96, 12 * 96), [1, 96]), ...parameters).data();
      expect(alone).toEqual(together.slice(11 * 96, 12 * 96));
    });

    it("refuses a weight of another width", () => {
      const short = tensor(new Float32Array(7), [7]);
      expect(() => apply(tensor(new Float32Array(8), [1, 8]), short, short)).toThrow(/does not fit/);
    });
  });
}
