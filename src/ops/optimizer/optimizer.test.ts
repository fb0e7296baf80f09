// AdamW and the gradient norm on the wasm backend against torch.optim.AdamW written out in float64.

import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { memory, setBackend, tensor1d } from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import { createRng } from "@/lib/rng";
import { adamwStep, gradientNorm, sumOfSquares } from "./optimizer";
import { torchAdamw } from "./torchAdamw";

beforeAll(async () => {
  setWasmPaths(`${process.cwd()}/node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/`);
  await setBackend("wasm");
});

const settings = { learningRate: 1e-2, beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.1, gradientScale: 0.5 };

it("makes the steps of torch's AdamW in place", () => {
  const rng = createRng(3);
  const start = Float32Array.from({ length: 65 }, () => rng.normal());
  const parameter = { value: tensor1d(start), m: tensor1d(new Float32Array(65)), v: tensor1d(new Float32Array(65)) };
  const expected = torchAdamw(start);
  const before = memory().numTensors;
  for (let step = 1; step <= 5; step++) {
    const gradient = Float32Array.from({ length: 65 }, (_, i) => (i === 7 ? 0 : rng.normal() * 10 ** ((i % 7) - 4)));
    const slopes = tensor1d(gradient);
    adamwStep(parameter, slopes, { ...settings, step });
    slopes.dispose();
    expected.step(gradient, settings);
  }
  expect(memory().numTensors).toBe(before);
  const largest = Math.max(...Array.from(parameter.value.dataSync(), (value, i) => Math.abs(value - expected.value[i]!)));
  expect(largest).toBeLessThan(1e-6);
});

it("adds squares, and the norm covers all tensors and shows a gradient that is not finite", async () => {
  expect(sumOfSquares(tensor1d([3, 4])).dataSync()[0]).toBe(25);
  expect(await gradientNorm([tensor1d([3, 0]), tensor1d([4]), tensor1d([12, 0, 0])])).toBe(13);
  expect(await gradientNorm([tensor1d([1]), tensor1d([Number.NaN])])).toBeNaN();
  expect(await gradientNorm([])).toBe(0);
});
