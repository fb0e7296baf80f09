// Buffers of disposed tensors are taken again before what is encoded is submitted: on a device, by what comes out.

import { tensor1d } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { setUpGpu } from "@/ops/test/gpuFixture";
import type { Kernel } from "./dispatcher";

const fixture = setUpGpu();

const oneMore: Kernel = {
  name: "oneMore",
  entryPoint: "main",
  bindings: ["read", "write"],
  code: `@group(0) @binding(0) var<storage, read> x: array<f32>;
    @group(0) @binding(1) var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
      if (id.x < arrayLength(&x)) { y[id.x] = x[id.x] + 1; }
    }`,
};

it("a chain of a hundred tensors takes two buffers and one submit", async () => {
  const { dispatcher, pool } = fixture.gpu;
  const x = tensor1d([1, 2, 3]);
  dispatcher.bufferOf(x);
  dispatcher.flush();
  const before = dispatcher.work();
  let last = dispatcher.output([3]);
  dispatcher.run({ kernel: oneMore, buffers: [x, last], workgroups: [1] });
  for (let i = 1; i < 100; i++) {
    const next = dispatcher.output([3]);
    dispatcher.run({ kernel: oneMore, buffers: [last, next], workgroups: [1] });
    dispatcher.backend.disposeData(last.dataId);
    last = next;
  }
  const { buffers, submits } = dispatcher.work();
  expect([buffers - before.buffers, submits - before.submits]).toEqual([2, 0]);
  expect([...(await dispatcher.backend.read(last.dataId))]).toEqual([101, 102, 103]);
  dispatcher.backend.disposeData(last.dataId);
  x.dispose();
  expect(pool.getNumUsedBuffers()).toBe(0);
});

it("a buffer that is destroyed to keep the pool small is not missed by what is encoded", async () => {
  const { dispatcher, pool } = fixture.gpu;
  const x = tensor1d([1, 2, 3]);
  const [y, z] = [dispatcher.output([3]), dispatcher.output([3])];
  dispatcher.run({ kernel: oneMore, buffers: [x, y], workgroups: [1] });
  dispatcher.run({ kernel: oneMore, buffers: [y, z], workgroups: [1] });
  x.dispose();
  dispatcher.backend.disposeData(y.dataId);
  pool.trim();
  expect(pool.getNumFreeBuffers()).toBe(0);
  expect([...(await dispatcher.backend.read(z.dataId))]).toEqual([3, 4, 5]);
  dispatcher.backend.disposeData(z.dataId);
});
