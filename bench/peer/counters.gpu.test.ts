import { afterAll, expect, it } from "vitest";
import { difference, hideFeatures, installCounters } from "./counters";

const counters = installCounters();
const adapter = await navigator.gpu.requestAdapter();
const device = await adapter!.requestDevice();
afterAll(() => device.destroy());

const source =
  "@group(0) @binding(0) var<storage, read_write> x: array<u32>; @compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3u) { x[id.x] += 1u; }";

it("counts what a small program does, call by call", async () => {
  const start = counters.snapshot();
  const { bytes } = counters.live;
  const storage = device.createBuffer({
    size: 64,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  });
  const reader = device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  device.queue.writeBuffer(storage, 0, new Uint32Array([1, 2, 3, 4, 5, 6]), 1, 4);
  const pipeline = device.createComputePipeline({
    layout: "auto",
    compute: { module: device.createShaderModule({ code: source }) },
  });
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer: storage } }],
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(1);
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(storage, 0, reader, 0, 16);
  device.queue.submit([encoder.finish()]);
  await reader.mapAsync(GPUMapMode.READ);
  // The wrapped calls still do their work.
  expect([...new Uint32Array(reader.getMappedRange())]).toEqual([4, 5, 6, 7]);
  reader.unmap();
  expect(counters.live.bytes - bytes).toBe(80);
  storage.destroy();
  reader.destroy();
  reader.destroy();
  const { t: _, hostMs, ...work } = difference(start, counters.snapshot());
  expect(work).toEqual({
    dispatches: 2,
    passes: 1,
    submits: 1,
    maps: 1,
    reads: 1,
    readBytes: 16,
    uploads: 1,
    uploadBytes: 16,
    copies: 1,
    bindGroups: 1,
    buffersCreated: 2,
    buffersDestroyed: 2,
    pipelines: 1,
    gpuErrors: 0,
    workers: 0,
  });
  // Nothing was read before.
  expect(hostMs).toBe(0);
  expect(counters.live.bytes).toBe(bytes);
  expect(counters.live.peakBytes).toBeGreaterThanOrEqual(bytes + 80);
});

it("tells the time that JavaScript is busy between two readbacks from that in which it waits", async () => {
  const reader = device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const readAfter = async (busyMs: number) => {
    const end = performance.now() + busyMs;
    while (performance.now() < end);
    device.queue.submit([]);
    const called = performance.now();
    while (performance.now() < called + 20);
    await reader.mapAsync(GPUMapMode.READ);
    reader.unmap();
  };
  await readAfter(0);
  const start = counters.snapshot();
  await readAfter(30);
  const { hostMs, t } = difference(start, counters.snapshot());
  // Up to the call of mapAsync, which is the last one.
  expect(hostMs).toBeGreaterThanOrEqual(49);
  expect(hostMs).toBeLessThanOrEqual(t);
  const idle = performance.now() + 30;
  while (performance.now() < idle);
  counters.restartHostTime();
  const restarted = counters.snapshot();
  await readAfter(0);
  const since = difference(restarted, counters.snapshot());
  expect(since.hostMs).toBeGreaterThanOrEqual(19);
  expect(since.hostMs).toBeLessThanOrEqual(since.t);
  reader.destroy();
});

it("frees the buffers of a destroyed device, and counts errors and workers", async () => {
  const { bytes } = counters.live;
  const start = counters.snapshot();
  const other = await (await navigator.gpu.requestAdapter())!.requestDevice();
  const failed = new Promise((resolve) => other.addEventListener("uncapturederror", resolve));
  const buffer = other.createBuffer({ size: 1024, usage: GPUBufferUsage.STORAGE });
  other.queue.writeBuffer(buffer, 0, new Uint8Array(4));
  await failed;
  expect(counters.live.bytes - bytes).toBe(1024);
  other.destroy();
  buffer.destroy();
  expect(counters.live.bytes).toBe(bytes);
  new Worker(URL.createObjectURL(new Blob([""], { type: "text/javascript" }))).terminate();
  expect(difference(start, counters.snapshot())).toMatchObject({ gpuErrors: 1, workers: 1 });
  expect(counters.errors.length).toBe(1);
});

it("hides features from whoever asks an adapter", async () => {
  const [some] = [...adapter!.features];
  hideFeatures([some as string]);
  const asked = await navigator.gpu.requestAdapter();
  expect([...asked!.features]).not.toContain(some);
  expect(asked!.features.size).toBe(adapter!.features.size);
});
