// The optimizer against torch's AdamW in float64: clipping by the global norm, updates that are skipped, gradients that are absent.

import { memory, tensor1d } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { createRng } from "@/lib/rng";
import { torchAdamw } from "@/ops/optimizer/torchAdamw";
import { setUpWasm } from "@/ops/test/wasmFixture";
import { Optimizer } from "./optimizer";

setUpWasm();
const settings = { learningRate: 1e-2, weightDecay: 0.1, maxGradNorm: 1 };
const rates = { ...settings, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const rng = createRng(7);
const normal = (length: number) => Float32Array.from({ length }, () => rng.normal());

describe("the optimizer", () => {
  it("makes torch's steps on all parameters, clipped by their common norm", async () => {
    const starts = [normal(30), normal(7)];
    const parameters = starts.map((start, i) => ({ name: `p${i}`, tensor: tensor1d(start) }));
    using optimizer = Optimizer.create(parameters);
    const expected = starts.map((start) => torchAdamw(start));
    const before = memory().numTensors;
    for (const size of [0.01, 1, 100]) {
      const slopes = starts.map((start) => normal(start.length).map((g) => g * size));
      const norm = Math.hypot(...slopes.flatMap((g) => [...g]));
      const gradients = new Map(slopes.map((g, i) => [parameters[i]!.tensor.id, tensor1d(g)]));
      const { gradNorm, skipped } = await optimizer.step(gradients, settings);
      expect(skipped).toBe(false);
      expect(Math.abs(gradNorm / norm - 1)).toBeLessThan(1e-6);
      for (const gradient of gradients.values()) gradient.dispose();
      slopes.forEach((g, i) => {
        expected[i]!.step(g, { ...rates, gradientScale: Math.min(1, 1 / (norm + 1e-6)) });
      });
    }
    expect(optimizer.updates).toBe(3);
    expect(memory().numTensors).toBe(before);
    parameters.forEach(({ tensor }, i) => {
      const largest = Math.max(...Array.from(tensor.dataSync(), (value, j) => Math.abs(value - expected[i]!.value[j]!)));
      expect(largest).toBeLessThan(1e-6);
    });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("changes nothing when a gradient is %s", async (bad) => {
    const parameters = [{ name: "p", tensor: tensor1d([1, 2]) }];
    using optimizer = Optimizer.create(parameters);
    const gradient = new Map([[parameters[0]!.tensor.id, tensor1d([0.5, bad])]]);
    const { gradNorm, skipped } = await optimizer.step(gradient, settings);
    expect([skipped, Number.isFinite(gradNorm), optimizer.updates]).toEqual([true, false, 0]);
    const { m, v } = optimizer.moments[0]!;
    expect([...parameters[0]!.tensor.dataSync(), ...m.dataSync(), ...v.dataSync()]).toEqual([1, 2, 0, 0, 0, 0]);
  });

  it("takes an absent gradient as zero: the parameter coasts on its momentum and decays", async () => {
    const start = normal(5);
    const parameters = [{ name: "p", tensor: tensor1d(start) }];
    using optimizer = Optimizer.create(parameters);
    const expected = torchAdamw(start);
    const slope = Float32Array.of(0.1, 0.2, -0.3, 0, 0.1);
    await optimizer.step(new Map([[parameters[0]!.tensor.id, tensor1d(slope)]]), settings);
    expect(await optimizer.step(new Map(), settings)).toEqual({ gradNorm: 0, skipped: false });
    expected.step(slope, { ...rates, gradientScale: 1 });
    expected.step(new Float32Array(5), { ...rates, gradientScale: 1 });
    parameters[0]!.tensor.dataSync().forEach((value, i) => {
      expect(Math.abs(value - expected.value[i]!)).toBeLessThan(1e-6);
    });
  });

  it("frees its moments and leaves the parameters", () => {
    const parameters = [{ name: "p", tensor: tensor1d([1, 2]) }];
    const before = memory().numTensors;
    Optimizer.create(parameters)[Symbol.dispose]();
    expect(memory().numTensors).toBe(before);
    expect(parameters[0]!.tensor.isDisposed).toBe(false);
  });
});
