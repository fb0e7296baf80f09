import { expose } from "comlink";
import { describe, expect, it, vi } from "vitest";
import type { LoadEvent } from "@/protocol/engine";
import { trainDefaults } from "@/protocol/training";
import { createEngineClient, EngineCrashError } from "./engineClient";

const precision = { text: "int8", vision: "f16", head: "int8", groupSize: 32 } as const;
const model = { name: "m", family: "f", parameters: 1, sizeBytes: 1, precision, contextTokens: 64, vocabularySize: 9 };
const request = {
  source: { kind: "url", url: "/m/" },
  precision,
  backend: "auto",
  useCache: false,
  memory: { contextTokens: 64, rollouts: 1, loraRank: 8 },
} as const;
const progress = { files: [], totalBytes: 3, cachedBytes: 0, bytesPerSecond: 1, paused: false };

/** Something that behaves as a Worker to comlink: the real message passing, another end in this thread. */
function fakeWorker(api: object) {
  const { port1, port2 } = new MessageChannel();
  expose(api, port2);
  const worker = Object.assign(port1, {
    onerror: null as ((event: { message: string; preventDefault(): void }) => void) | null,
    terminate: () => {
      port1.close();
      port2.close();
    },
  });
  return worker as unknown as Worker & typeof worker;
}

describe("the engine client", () => {
  it("streams events before the call returns its result", async () => {
    const events: LoadEvent[] = [];
    const worker = fakeWorker({
      load: (_: unknown, port: MessagePort) => {
        for (const doneBytes of [1, 2, 3]) port.postMessage({ type: "progress", progress: { ...progress, doneBytes } });
        return new Promise((resolve) => setTimeout(() => resolve(model), 20));
      },
    });
    const client = createEngineClient(() => worker);
    expect(await client.load(request, (event) => events.push(event))).toEqual(model);
    expect(events.map((event) => event.type === "progress" && event.progress.doneBytes)).toEqual([1, 2, 3]);
    client.terminate();
  });

  it("reaches a load that runs with a pause", async () => {
    let finish = (_: boolean) => {};
    const worker = fakeWorker({
      load: () => new Promise((resolve) => (finish = (paused) => resolve({ ...model, name: `paused ${paused}` }))),
      pauseLoad: (paused: boolean) => finish(paused),
    });
    const client = createEngineClient(() => worker);
    const loading = client.load(request, () => {});
    await client.pauseLoad(true);
    expect((await loading).name).toBe("paused true");
    client.terminate();
  });

  it("reaches a training that runs with new settings, and starts no engine for them", async () => {
    let finish = (_: number) => {};
    const worker = fakeWorker({
      train: ({ steps }: { steps: number }, port: MessagePort) =>
        new Promise<void>((resolve) => {
          finish = (learningRate) => {
            port.postMessage({ type: "notice", message: `${steps} steps at ${learningRate}` });
            resolve();
          };
        }),
      changeTraining: ({ learningRate }: { learningRate: number }) => finish(learningRate),
    });
    let started = 0;
    const client = createEngineClient(() => {
      started++;
      return worker;
    });
    await client.changeTraining({ ...trainDefaults, learningRate: 3 });
    expect(started).toBe(0);
    const messages: string[] = [];
    const training = client.train({ settings: trainDefaults, steps: 7 }, (event) => {
      if (event.type === "notice") messages.push(event.message);
    });
    await client.changeTraining({ ...trainDefaults, learningRate: 2 });
    await training;
    await vi.waitFor(() => expect(messages).toEqual(["7 steps at 2"]));
    client.terminate();
  });

  it("hands the port of the rewards' sandbox to the engine", async () => {
    const worker = fakeWorker({ connectRewards: (port: MessagePort) => port.postMessage("here") });
    const client = createEngineClient(() => worker);
    const { port1, port2 } = new MessageChannel();
    const heard = new Promise((resolve) => {
      port1.onmessage = ({ data }) => resolve(data);
    });
    await client.connectRewards(port2);
    expect(await heard).toBe("here");
    port1.close();
    client.terminate();
  });

  it("asks for previews and the cache, and hands on what is left after deleting", async () => {
    const preview = { name: "m", downloadBytes: 7 };
    const worker = fakeWorker({
      inspect: () => preview,
      cachedModels: () => ({ models: [], usedBytes: 5 }),
      deleteCached: (id: string) => ({ models: [], usedBytes: id === "all" ? 0 : 1 }),
    });
    const client = createEngineClient(() => worker);
    expect(await client.inspect(request)).toEqual(preview);
    expect(await client.cachedModels()).toEqual({ models: [], usedBytes: 5 });
    expect(await client.deleteCached("all")).toEqual({ models: [], usedBytes: 0 });
    client.terminate();
  });

  it("hands the engine's error report on", async () => {
    const report = { name: "DeviceLostError", message: "The GPU went away.", expected: true };
    const worker = fakeWorker({ memory: () => Promise.reject(report) });
    const client = createEngineClient(() => worker);
    await expect(client.memory()).rejects.toEqual(report);
    client.terminate();
  });

  it("rejects what is pending when the worker crashes, and starts a new one for the next call", async () => {
    let started = 0;
    const first = fakeWorker({ memory: () => new Promise(() => {}) });
    const second = fakeWorker({ memory: () => ({ tensors: 7 }) });
    const client = createEngineClient(() => (started++ === 0 ? first : second));
    const pending = client.memory();
    first.onerror?.({ message: "out of memory", preventDefault() {} });
    await expect(pending).rejects.toThrow(EngineCrashError);
    await expect(pending).rejects.toThrow(/out of memory/);
    expect(await client.memory()).toEqual({ tensors: 7 });
    expect(started).toBe(2);
    client.terminate();
  });

  it("does not start an engine only to stop it", async () => {
    const client = createEngineClient(() => {
      throw new Error("started");
    });
    await expect(client.stop()).resolves.toBeUndefined();
    await expect(client.pauseLoad(true)).resolves.toBeUndefined();
  });

  it("tells of a worker that dies while nothing is asked of it, and not of one that the page ended", async () => {
    const workers = [fakeWorker({ memory: async () => ({}) }), fakeWorker({ memory: async () => ({}) })];
    const client = createEngineClient(() => workers.shift() as Worker);
    const [first] = workers;
    const told: string[] = [];
    const stop = client.onCrash((error) => told.push(error.message));
    await client.memory();
    first?.onerror?.({ message: "it broke", preventDefault: () => {} });
    expect(told).toEqual(["The engine stopped: it broke. Load the model again; answers and runs are kept."]);
    await client.memory();
    client.terminate();
    expect(told).toHaveLength(1);
    stop();
  });
});
