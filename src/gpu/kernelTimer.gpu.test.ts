// Times of kernels on a real device: every dispatch is timed under its name and phase, ours and TensorFlow.js', the numbers stay the
// same bits, and a device without timestamps has none.

import { add, tensor1d } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { setUpGpu } from "@/ops/test/gpuFixture";
import { KernelTimer } from "./kernelTimer";
import { readTensors } from "./readback";
import { copyKernel, multiplyKernel } from "./roofs";

const fixture = setUpGpu();

/** A kernel's work twice and a stock addition; what was computed. */
async function work(): Promise<readonly number[]> {
  const { dispatcher } = fixture.gpu;
  const x = tensor1d(Float32Array.from({ length: 1024 }, (_, i) => i / 7));
  const y = tensor1d(new Float32Array(1024));
  const multiply = { kernel: multiplyKernel, buffers: [x, y], params: [256, 64], workgroups: [1] as const };
  dispatcher.timer.scope = "first";
  dispatcher.run(multiply);
  dispatcher.timer.scope = "second";
  dispatcher.run({ ...multiply, kernel: copyKernel });
  dispatcher.run(multiply);
  const sum = add(x, y);
  const [values] = await readTensors([sum]);
  return [...(values ?? [])];
}

describe("the kernel timer", () => {
  it("times every dispatch by phase and name, changes no bit, and is still when it is off", async (context) => {
    const { timer } = fixture.gpu.dispatcher;
    const plain = await work();
    expect((await timer.take()).kernels).toEqual([]);
    timer.set(true);
    // A device without timestamps has its own test below.
    if (!timer.isSupported) return context.skip();
    expect(await work()).toEqual(plain);
    timer.set(false);
    const { kernels, stepNs, untimed } = await timer.take();
    const calls = Object.fromEntries(kernels.map(({ phase, name, calls }) => [`${phase} ${name}`, calls]));
    expect(calls).toMatchObject({ "first roofMultiply": 1, "second roofCopy": 1, "second roofMultiply": 1 });
    expect(Object.keys(calls).some((name) => name.startsWith("second tfjs binary"))).toBe(true);
    expect(untimed).toBe(0);
    expect(stepNs).toBeGreaterThan(0);
    for (const { ms } of kernels) expect(ms).toBeGreaterThanOrEqual(0);
    expect(await work()).toEqual(plain);
    expect((await timer.take()).kernels).toEqual([]);
  });

  it("counts what no query was left for, and works on", async (context) => {
    const { dispatcher } = fixture.gpu;
    const { timer } = dispatcher;
    timer.set(true);
    if (!timer.isSupported) return context.skip();
    const [x, y] = [tensor1d([1, 2, 3, 4]), tensor1d([0, 0, 0, 0])];
    const { capture } = dispatcher;
    expect(capture).toBeNull();
    const encoder = fixture.gpu.device.createCommandEncoder();
    for (let i = 0; i < 2050; i++) timer.open(encoder, "empty").end();
    timer.resolve(encoder);
    fixture.gpu.device.queue.submit([encoder.finish()]);
    timer.collect();
    const { kernels, untimed } = await timer.take();
    expect(kernels.map(({ name, calls }) => [name, calls])).toEqual([["empty", 2048]]);
    expect(untimed).toBe(2);
    dispatcher.run({ kernel: copyKernel, buffers: [x, y], params: [1, 0], workgroups: [1] });
    expect([...((await readTensors([y]))[0] ?? [])]).toEqual([1, 2, 3, 4]);
    timer.set(false);
    expect((await timer.take()).kernels).toMatchObject([{ name: "roofCopy", calls: 1 }]);
  });

  it("stays off where the device has no timestamps", () => {
    const timer = new KernelTimer({ features: new Set() } as unknown as GPUDevice);
    timer.set(true);
    expect([timer.isSupported, timer.isOn]).toEqual([false, false]);
  });
});
