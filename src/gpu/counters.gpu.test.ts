// Counts on a real device: every kind of work once, in numbers that can be said beforehand, our own and TensorFlow.js'.

import { add, tensor1d } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { setUpGpu } from "@/ops/test/gpuFixture";
import { Capture } from "./capture";
import type { Counters } from "./counters";
import type { Kernel } from "./dispatcher";
import { readTensors } from "./readback";

const fixture = setUpGpu();

const twice: Kernel = {
  name: "twice",
  entryPoint: "main",
  bindings: ["read", "write"],
  code: `@group(0) @binding(0) var<storage, read> x: array<f32>;
    @group(0) @binding(1) var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
      if (id.x < arrayLength(&x)) { y[id.x] = 2 * x[id.x]; }
    }`,
};

/** What a job adds to the counts that are not zero. */
async function cost(job: () => unknown): Promise<Partial<Counters>> {
  const { dispatcher } = fixture.gpu;
  dispatcher.flush();
  const before = dispatcher.work();
  await job();
  const after = dispatcher.work();
  const names = Object.keys(after) as (keyof Counters)[];
  return Object.fromEntries(names.map((name) => [name, after[name] - before[name]]).filter(([, count]) => count !== 0));
}

it("an upload, our dispatch and a readback count one each, with their bytes", async () => {
  const { dispatcher } = fixture.gpu;
  const x = tensor1d([1, 2, 3]);
  const y = tensor1d([0, 0, 0]);
  const run = () => dispatcher.run({ kernel: twice, buffers: [x, y], workgroups: [1] });
  const first = await cost(run);
  expect(first).toMatchObject({ dispatches: 1, bindGroups: 1, pipelines: 1, uploads: 2, uploadBytes: 24 });
  expect(await cost(run)).toEqual({ dispatches: 1, bindGroups: 1 });
  expect(await cost(() => dispatcher.upload(x, Float32Array.of(5)))).toEqual({ uploads: 1, uploadBytes: 4 });
  run();
  await readTensors([y]);
  const read = await cost(async () => expect([...((await readTensors([y, x]))[0] ?? [])]).toEqual([10, 4, 6]));
  expect(read).toEqual({ submits: 1, maps: 1, mapBytes: 24 });
});

it("a stock operation counts as a dispatch with its uniform block, and its own readback as a map", async () => {
  const [x, y] = [tensor1d([1, 2]), tensor1d([3, 4])];
  add(x, y).dispose();
  const sum = await cost(() => add(x, y));
  expect(sum).toMatchObject({ dispatches: 1, bindGroups: 1, uploads: 1 });
  const z = add(x, y);
  expect(await cost(async () => expect([...(await z.data())]).toEqual([4, 6]))).toMatchObject({
    submits: 1,
    maps: 1,
    mapBytes: 8,
  });
});

it("a replayed pass makes its dispatches in one pass and one submit, and nothing else", async () => {
  const { dispatcher } = fixture.gpu;
  const [x, y] = [tensor1d([1, 2, 3]), tensor1d([0, 0, 0])];
  const capture = Capture.record(dispatcher, () => {
    dispatcher.run({ kernel: twice, buffers: [x, y], workgroups: [1] });
    dispatcher.run({ kernel: twice, buffers: [y, x], workgroups: [1] });
  });
  expect(capture.length).toBe(2);
  const replay = await cost(() => {
    capture.replay();
    dispatcher.flush();
  });
  expect(replay).toEqual({ dispatches: 2, passes: 1, submits: 1 });
  capture[Symbol.dispose]();
});
