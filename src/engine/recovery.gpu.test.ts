// The device goes away in the middle of a job: the job fails with one sentence, a fresh device gets the weights and the last
// good adapter back bit for bit, and work goes on.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createGpu, type Gpu } from "@/gpu/device";
import type { ErrorReport } from "@/lib/errors";
import type { AskEvent } from "@/protocol/generation";
import type { TrainEvent } from "@/protocol/training";
import { EngineService } from "./service";
import { askRequest, loadRequest, trainSettings } from "./test/tinySession";

const devices: Gpu[] = [];
const current = () => devices.at(-1) as Gpu;

function startService(): EngineService {
  return new EngineService({
    startDevice: async () => {
      const gpu = await createGpu();
      devices.push(gpu);
      return { gpu, report: { backend: "webgpu", adapter: gpu.adapter.description, features: gpu.features } };
    },
    fetch: fetch.bind(globalThis),
    openCache: async () => ({ unavailable: "This test keeps nothing." }),
    estimateStorage: async () => ({}),
    now: Date.now,
  });
}

/** A port whose events go to `onEvent`. */
function portFor<E>(onEvent: (event: E) => void): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }) => onEvent(data as E);
  return port2;
}

const ignored = () => portFor(() => undefined);

/** Asks and returns the sampled ids, in order of arrival. */
async function ask(service: EngineService): Promise<number[]> {
  const ids: number[] = [];
  await new Promise<void>((resolve, reject) => {
    const port = portFor((event: AskEvent) => {
      if (event.type === "tokens") ids.push(...event.chunk.ids);
      if (event.type === "finished") resolve();
    });
    service.ask(askRequest, port).catch(reject);
  });
  return ids;
}

const failure = (job: Promise<unknown>): Promise<ErrorReport> =>
  job.then(
    () => {
      throw new Error("the job should have failed");
    },
    (report: ErrorReport) => report,
  );

/** Takes a step of training and gives the adapter after it. */
async function trainedAdapter(service: EngineService, steps = 1) {
  await service.train({ settings: trainSettings, steps }, ignored());
  return service.saveAdapter();
}

// Every device compiles its kernels anew, which takes most of the time here: one service goes through both losses.
describe("a device that is lost", { timeout: 300_000 }, () => {
  const service = startService();
  /** After the first and the second step of a run that lost nothing. */
  const unbroken: Awaited<ReturnType<EngineService["saveAdapter"]>>[] = [];
  beforeAll(async () => {
    await service.load(loadRequest(), ignored());
    unbroken.push(await trainedAdapter(service), await trainedAdapter(service));
    // Loaded again, the model is as before its first step.
    await service.load(loadRequest(), ignored());
  });
  afterAll(() => current().device.destroy());

  it("in the middle of an answer fails the answer, and recovery restores weights and adapter", async () => {
    const saved = await trainedAdapter(service);
    expect(saved.weights).toEqual(unbroken[0]?.weights);
    const answered = await ask(service);
    expect(answered.length).toBeGreaterThan(2);
    const { tensors } = await service.memory();

    const lostDuring = portFor((event: AskEvent) => {
      if (event.type === "tokens") current().device.destroy();
    });
    const report = await failure(service.ask(askRequest, lostDuring));
    expect(report.name).toBe("DeviceLostError");
    expect(report.expected).toBe(true);
    expect((await failure(service.ask(askRequest, ignored()))).expected).toBe(true);

    await service.recover();
    const restored = await service.saveAdapter();
    expect(restored.config).toEqual(saved.config);
    expect(restored.weights).toEqual(saved.weights);
    expect(await ask(service)).toEqual(answered);
    // Moments and counters came back, too: the second step is that of the run without a loss.
    const second = await trainedAdapter(service);
    expect((await service.memory()).tensors).toBe(tensors);
    expect(second.weights).toEqual(unbroken[1]?.weights);
    expect(second.weights).not.toEqual(saved.weights);
  });

  it("in the middle of a training step keeps the adapter of the step before", async () => {
    const saved = await service.saveAdapter();
    const events: TrainEvent[] = [];
    const port = portFor((event: TrainEvent) => {
      events.push(event);
      if (event.type === "phase" && event.phase === "rollouts") current().device.destroy();
    });
    const report = await failure(service.train({ settings: trainSettings, steps: 2 }, port));
    expect(report.name).toBe("DeviceLostError");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(events.at(-1)).toMatchObject({ type: "stopped", reason: "failed" });

    await service.recover();
    expect((await service.saveAdapter()).weights).toEqual(saved.weights);
    expect((await trainedAdapter(service)).weights).not.toEqual(saved.weights);
  });
});
