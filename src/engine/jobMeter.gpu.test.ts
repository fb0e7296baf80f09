// What the engine tells of itself after an answer and a step on a real device: figures that follow from the request, memory that
// adds up, kernels only while they are asked for, and the same tokens whether or not anybody looks.

import { describe, expect, it } from "vitest";
import { createGpu, type Gpu } from "@/gpu/device";
import type { AskEvent } from "@/protocol/generation";
import type { SystemReport } from "@/protocol/system";
import { EngineService } from "./service";
import { askRequest, loadRequest, trainSettings } from "./test/tinySession";

let gpu: Gpu;
const service = new EngineService({
  startDevice: async () => {
    gpu = await createGpu();
    return { gpu, report: { backend: "webgpu", adapter: gpu.adapter.description, features: gpu.features } };
  },
  fetch: fetch.bind(globalThis),
  openCache: async () => ({ unavailable: "This test keeps nothing." }),
  estimateStorage: async () => ({}),
  now: Date.now,
});

const ignored = () => new MessageChannel().port2;

/** Asks; the bits of ids and statistics in order of arrival. */
async function ask(): Promise<{ readonly bits: string; readonly chunks: number; readonly tokens: number }> {
  const { port1, port2 } = new MessageChannel();
  const parts: string[] = [];
  let tokens = 0;
  await new Promise<void>((resolve, reject) => {
    port1.onmessage = ({ data: event }: MessageEvent<AskEvent>) => {
      if (event.type === "tokens") {
        tokens += event.chunk.ids.length;
        parts.push(`${event.chunk.ids} ${new Uint32Array(event.chunk.stats.buffer.slice(0))}`);
      }
      if (event.type === "finished") resolve();
    };
    service.ask(askRequest, port2).catch(reject);
  });
  return { bits: parts.join("\n"), chunks: parts.length, tokens };
}

const bytesOf = ({ purposes }: SystemReport, what: string) => purposes.find((row) => row.what === what);

describe("the system report", { timeout: 300_000 }, () => {
  it("has nothing to tell of jobs before the first, and the weights as they were planned", async () => {
    await service.load(loadRequest(), ignored());
    const report = await service.system();
    expect(report.answer).toBeUndefined();
    expect(report.step).toBeUndefined();
    const weights = bytesOf(report, "weights")?.bytes ?? 0;
    expect(weights).toBeGreaterThan(0.9 * (report.plan?.weightBytes ?? 0));
    expect(weights).toBeLessThan(1.3 * (report.plan?.weightBytes ?? 0));
    expect(report.decoder?.weights).toBeGreaterThan(0);
    expect(bytesOf(report, "cache")).toMatchObject({ bytes: 0, buffers: 0 });
  });

  it("counts an answer: at most a readback per step, phases that add up, memory by purpose", async () => {
    const { chunks, tokens } = await ask();
    const report = await service.system();
    const { answer } = report;
    expect(answer?.tokens).toBe(tokens);
    expect(answer?.decodeSteps).toBe(chunks - 1);
    const { maps = 0, submits } = answer?.work ?? {};
    expect(maps).toBeGreaterThan(1);
    expect(maps).toBeLessThanOrEqual(chunks);
    expect(submits).toBeGreaterThanOrEqual(maps);
    expect(answer?.work?.dispatches).toBeGreaterThan(chunks * 10);
    expect(answer?.kernels).toBeUndefined();
    expect(answer?.phases.map(({ name }) => name)).toEqual(["preparing", "pictures", "prompt", "decoding"]);
    expect(answer?.phases.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(answer?.elapsedMs ?? 0, 3);
    // The image's prompt and a masked one per rollout.
    expect((answer?.rows ?? 0) % (1 + askRequest.rollouts)).toBe(0);
    for (const what of ["cache", "step"]) {
      const peak = answer?.memory.find((row) => row.what === what)?.peakBytes;
      expect(peak, what).toBeGreaterThan(0);
      expect(bytesOf(report, what)?.bytes, what).toBe(0);
    }
    const used = report.purposes.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(used).toBe(gpu.pool.numBytesUsed);
    expect(used + report.idle.bytes).toBe(report.gpuBytes);
    expect(report.purposes.reduce((sum, { buffers }) => sum + buffers, 0)).toBe(gpu.pool.getNumUsedBuffers());
  });

  it("times kernels while asked for, under the phase they belong to, and the answer keeps its bits", async (context) => {
    const plain = await ask();
    service.measureKernels(true);
    const timed = await ask();
    expect(timed.bits).toBe(plain.bits);
    const { answer, hasTimestamps } = await service.system();
    service.measureKernels(false);
    expect((await ask()).bits).toBe(plain.bits);
    expect((await service.system()).answer?.kernels).toBeUndefined();
    if (!hasTimestamps) return context.skip();
    const kernels = answer?.kernels?.kernels ?? [];
    // The pictures were encoded for the answers before, and kept.
    expect(new Set(kernels.map(({ phase }) => phase))).toEqual(new Set(["prompt", "decoding"]));
    const calls = kernels.reduce((sum, kernel) => sum + kernel.calls, 0) + (answer?.kernels?.untimed ?? 0);
    expect(calls).toBe(answer?.work?.dispatches);
  });

  it("counts a training step by its phases, and what is trained as trained", async () => {
    await service.train({ settings: trainSettings, steps: 1 }, ignored());
    const report = await service.system();
    expect(report.step?.phases.map(({ name }) => name)).toEqual(expect.arrayContaining(["rollouts", "update"]));
    expect(report.step?.rows).toBeGreaterThan(report.step?.tokens ?? 0);
    expect(report.step?.productsPerRow).toBe(3);
    expect(report.step?.work?.dispatches).toBeGreaterThan(0);
    // Value and two moments of every number of the adapter.
    const trained = bytesOf(report, "trained")?.bytes ?? 0;
    expect(trained).toBeGreaterThan(0);
    expect(trained % 3).toBe(0);
    expect(report.answer?.kind).toBe("answer");
  });

  it("measures the adapter between jobs", async () => {
    const roofs = await service.measureAdapter();
    expect(roofs?.bytesPerSecond).toBeGreaterThan(0);
    expect(roofs?.flopsPerSecond).toBeGreaterThan(0);
  });
});
