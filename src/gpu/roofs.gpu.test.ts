// The adapter's ceilings: plausible, of the work that is really done, and nothing is left on the device.

import { tensor1d } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { seededValues, setUpGpu } from "@/ops/test/gpuFixture";
import { readTensors } from "./readback";
import { copyKernel, measureRoofs, multiplyKernel } from "./roofs";

const fixture = setUpGpu();

it("both are above zero, and the buffers are gone afterwards", async () => {
  const { dispatcher, pool } = fixture.gpu;
  dispatcher.flush();
  const before = { used: pool.numBytesUsed, buffers: pool.getNumUsedBuffers() };
  const roofs = await measureRoofs(dispatcher, { copyBytes: 1 << 20, leastMs: 2 });
  expect(roofs.copyBytes).toBe(1 << 20);
  for (const ceiling of [roofs.bytesPerSecond, roofs.flopsPerSecond]) {
    expect(ceiling).toBeGreaterThan(1e6);
    expect(ceiling).toBeLessThan(1e16);
  }
  expect({ used: pool.numBytesUsed, buffers: pool.getNumUsedBuffers() }).toEqual(before);
});

it("the clock decides: twice the time is half the ceiling", async () => {
  const { dispatcher } = fixture.gpu;
  let ms = 0;
  const run = (step: number) => {
    ms = 0;
    return measureRoofs(dispatcher, { copyBytes: 1 << 12, leastMs: step, now: () => (ms += step) });
  };
  const [slow, quick] = [await run(2), await run(1)];
  expect(quick.bytesPerSecond / slow.bytesPerSecond).toBeCloseTo(2);
  // One dispatch in 1 ms reads and writes 4096 bytes.
  expect(quick.bytesPerSecond).toBeCloseTo(2 * 4096 * 1000);
  expect(quick.flopsPerSecond).toBeCloseTo(256 * 256 * 64 * 1000);
});

it("the loops do the work that is counted: bytes are copied, and chains are multiplied and added", async () => {
  const { dispatcher } = fixture.gpu;
  const values = seededValues(8, 1);
  const [x, y] = [tensor1d(values), tensor1d(new Float32Array(8))];
  const run = async (kernel: typeof copyKernel, rounds: number) => {
    dispatcher.run({ kernel, buffers: [x, y], params: [2, rounds], workgroups: [1] });
    return [...((await readTensors([y]))[0] as Float32Array)];
  };
  expect(await run(copyKernel, 0)).toEqual([...values]);
  const expected = (value: number, rounds: number) => {
    const [a, b] = [value * 1e-3 + 0.5, value * 1e-3 + 0.25];
    let chains = [a, b, a + b, a - b, a * b, a + a, b + b, a * a];
    for (let r = 0; r < rounds; r++) chains = chains.map((x) => x * a + b);
    return chains.reduce((sum, x) => sum + x, 0);
  };
  for (const rounds of [0, 1, 5]) {
    const made = await run(multiplyKernel, rounds);
    values.forEach((value, i) => {
      expect(made[i]).toBeCloseTo(expected(value, rounds), 4);
    });
  }
});
