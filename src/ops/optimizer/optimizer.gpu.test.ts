// AdamW and the gradient norm on WebGPU against float64.

import { memory, tensor1d } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { differingBits, maxDifference, read, seededValues, setUpGpu } from "../test/gpuFixture";
import { adamwStep, adamwSteps, gradientNorm, sumOfSquares } from "./optimizer";
import { torchAdamw } from "./torchAdamw";

const fixture = setUpGpu();

const settings = { learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, gradientScale: 0.5 };

describe("adamwStep", () => {
  for (const count of [1, 65, 1000]) {
    it(`makes the steps of torch's AdamW in place on ${count} numbers`, async () => {
      const start = seededValues(count, 3);
      const zeros = () => tensor1d(new Float32Array(count));
      const parameter = { value: tensor1d(start), m: zeros(), v: zeros() };
      const expected = torchAdamw(start);
      for (let step = 1; step <= 5; step++) {
        const gradient = seededValues(count, 10 + step).map((g, i) => (i % 11 === 7 ? 0 : g * 10 ** ((i % 7) - 4)));
        const slopes = tensor1d(gradient);
        adamwStep(parameter, slopes, { ...settings, step });
        slopes.dispose();
        expected.step(gradient, settings);
        // Reads after every step: what was read before must not be what is read now.
        expect(maxDifference(await read(parameter.value), expected.value)).toBeLessThan(2e-6);
      }
      expect(maxDifference(await read(parameter.m), expected.m)).toBeLessThan(1e-4);
    });
  }
});

it("steps several parameters together as it steps each alone, to the bit", async () => {
  const sizes = [300, 40, 1];
  const parameters = () =>
    sizes.map((count, i) => ({
      value: tensor1d(seededValues(count, i)),
      m: tensor1d(seededValues(count, 10 + i)),
      v: tensor1d(seededValues(count, 20 + i).map(Math.abs)),
      gradient: tensor1d(seededValues(count, 30 + i)),
    }));
  const [together, alone] = [parameters(), parameters()];
  adamwSteps(together, { ...settings, step: 3 });
  for (const parameter of alone) adamwStep(parameter, parameter.gradient, { ...settings, step: 3 });
  for (const [i, parameter] of together.entries()) {
    for (const key of ["value", "m", "v"] as const)
      expect(differingBits(await read(parameter[key]), await read(alone[i]![key])), `${key} ${i}`).toBe(0);
    expect(maxDifference(await read(parameter.value), seededValues(sizes[i]!, i))).toBeGreaterThan(1e-4);
  }
});

describe("the gradient norm", () => {
  for (const count of [1, 17, 4096, 4097, 1_200_003]) {
    it(`adds ${count} squares`, async () => {
      const values = seededValues(count, count);
      const expected = values.reduce((total, x) => total + x * x, 0);
      const [actual] = await read(sumOfSquares(tensor1d(values)));
      expect(Math.abs(actual! / expected - 1)).toBeLessThan(2e-6);
    });
  }

  it("adds the squares of more tensors than a dispatch takes", async () => {
    const tensors = Array.from({ length: 17 }, (_, i) => tensor1d(seededValues(1 + i * 700, i)));
    const values = (await Promise.all(tensors.map(read))).flatMap((x) => [...x]);
    const expected = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
    expect(Math.abs((await gradientNorm(tensors)) / expected - 1)).toBeLessThan(2e-6);
    tensors[16]!.dispose();
    const [last] = [tensor1d([Number.NaN])];
    expect(await gradientNorm([...tensors.slice(0, 16), last!])).toBeNaN();
  });

  it("covers all tensors, shows numbers that are not finite, and frees what it used", async () => {
    const tensors = [tensor1d([3, 0]), tensor1d([4]), tensor1d(new Float32Array(5000).fill(0.1))];
    const { pool } = fixture.gpu;
    expect(await gradientNorm(tensors)).toBeCloseTo(Math.sqrt(75), 4);
    const before = [memory().numTensors, pool.numBytesUsed];
    expect(await gradientNorm(tensors)).toBeCloseTo(Math.sqrt(75), 4);
    expect([memory().numTensors, pool.numBytesUsed]).toEqual(before);
    expect(await gradientNorm([tensor1d([Number.POSITIVE_INFINITY])])).toBe(Number.POSITIVE_INFINITY);
    expect(await gradientNorm([tensor1d([1, Number.NaN])])).toBeNaN();
  });
});
