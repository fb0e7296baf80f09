import { expose } from "comlink";
import { describe, expect, it } from "vitest";
import type { LoadEvent } from "@/protocol/engine";
import { createEngineClient, EngineCrashError } from "./engineClient";

const model = {
  name: "m",
  family: "f",
  parameters: 1,
  sizeBytes: 1,
  format: "f32",
  imageSize: 64,
  imageTokens: 16,
  vocabularySize: 9,
};
const request = { url: "/m/", format: "f32", backend: "auto" } as const;

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
        for (const loadedBytes of [1, 2, 3]) port.postMessage({ type: "file", file: "a", loadedBytes, totalBytes: 3 });
        return new Promise((resolve) => setTimeout(() => resolve(model), 20));
      },
    });
    const client = createEngineClient(() => worker);
    expect(await client.load(request, (event) => events.push(event))).toEqual(model);
    expect(events.map((event) => event.type === "file" && event.loadedBytes)).toEqual([1, 2, 3]);
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
  });
});
