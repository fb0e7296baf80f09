// The engine as the page's worker has it, in Node on wasm: what reaches a training from beside it, and what ends a run.

import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setUpWasm } from "@/ops/test/wasmFixture";
import type { LoadRequest } from "@/protocol/engine";
import type { RewardBatch } from "@/protocol/sandbox";
import type { TrainEvent, TrainSettings } from "@/protocol/training";
import { EngineService } from "./service";
import { parityParts, trainSettings } from "./test/tinySession";

setUpWasm();

const fixture = new URL("../../fixtures/smolvlm/", import.meta.url);
const fromFixture = (async (input: RequestInfo | URL) => {
  const name =
    String(input instanceof Request ? input.url : input)
      .split("/")
      .at(-1) ?? "";
  const bytes = await readFile(new URL(name, fixture)).catch(() => undefined);
  if (!bytes) return new Response(null, { status: 404 });
  return new Response(new Uint8Array(bytes), { headers: { "Content-Length": String(bytes.length) } });
}) as typeof fetch;

const request: LoadRequest = {
  source: { kind: "url", url: "http://models.test/smolvlm/" },
  precision: { text: "f32", vision: "f32", head: "f32", groupSize: 32 },
  backend: "wasm",
  useCache: false,
  memory: { contextTokens: 512, rollouts: 4, loraRank: 4 },
};

function startService(): EngineService {
  return new EngineService({
    startDevice: async () => ({ report: { backend: "wasm", adapter: "CPU", features: [] } }),
    fetch: fromFixture,
    openCache: async () => ({ unavailable: "This test keeps nothing." }),
    estimateStorage: async () => ({}),
    now: Date.now,
    parts: { problems: parityParts.problems! },
  });
}

/** A port, what came out of it, and a wait for its last event. */
function listening() {
  const { port1, port2 } = new MessageChannel();
  const events: TrainEvent[] = [];
  const stopped = new Promise<void>((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<TrainEvent>) => {
      events.push(data);
      if (data.type !== "stopped") return;
      port1.close();
      resolve();
    };
  });
  return { port: port2, events, stopped };
}

const custom: TrainSettings = { ...trainSettings, reward: { kind: "custom", tolerance: 0, source: "parity" } };

describe("training through the service", { timeout: 120_000 }, () => {
  const service = startService();
  /** What the other end of the rewards' port does with a batch. */
  let grade: (batch: RewardBatch) => unknown = ({ id }) => ({ id, failure: { message: "not yet" } });
  let closePort = () => {};
  beforeAll(async () => {
    await service.load(request, new MessageChannel().port2);
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = ({ data }: MessageEvent<RewardBatch>) => port2.postMessage(grade(data));
    service.connectRewards(port1);
    closePort = () => port2.close();
  }, 60_000);
  afterAll(() => closePort());

  const train = async (settings: TrainSettings, steps: number, onEvent?: (event: TrainEvent) => void) => {
    const { port, events, stopped } = listening();
    const send = port.postMessage.bind(port);
    port.postMessage = (event: TrainEvent) => {
      onEvent?.(event);
      send(event);
    };
    await service.train({ settings, steps }, port);
    await stopped;
    return events;
  };
  const parity = ({ id, inputs }: RewardBatch) => ({ id, rewards: inputs.map((_, i) => i % 2) });

  it("grades with the function at the other end of the port, and is as it was when that fails", async () => {
    grade = parity;
    const events = await train(custom, 1);
    const [step] = events.flatMap((event) => (event.type === "step" ? [event.report] : []));
    expect(step!.rollouts.map(({ reward }) => reward)).toEqual([0, 1, 0, 1]);
    const saved = await service.saveAdapter();

    grade = ({ id }) => ({ id, failure: { message: "x is not defined", line: 2 } });
    const { port, events: failed, stopped } = listening();
    await expect(service.train({ settings: custom, steps: 1 }, port)).rejects.toMatchObject({
      name: "RewardFunctionError",
      expected: true,
      message: expect.stringContaining("line 2: x is not defined"),
    });
    await stopped;
    expect(failed.at(-1)).toMatchObject({ type: "stopped", reason: "failed", step: 1 });
    expect((await service.saveAdapter()).weights).toEqual(saved.weights);
  });

  it("takes settings that arrive beside the running training", async () => {
    grade = parity;
    const events = await train(custom, 2, (event) => {
      if (event.type === "step" && event.report.step === 2) service.changeTraining({ ...custom, learningRate: 1e-5 });
    });
    const rates = events.flatMap((event) => (event.type === "step" ? [event.report.metrics["actor/lr"]] : []));
    expect(rates).toEqual([1e-3, 1e-5]);
  });

  it("begins anew on an adapter that was loaded, and on the bare model after a reset", async () => {
    grade = parity;
    const saved = await service.saveAdapter();
    expect((await service.loadAdapter(saved, "mine")).adapter).toBe("mine");
    const onLoaded = await train(custom, 1);
    expect(onLoaded.at(-1)).toEqual({ type: "stopped", step: 1, reason: "finished" });
    await service.resetTraining();
    await expect(service.saveAdapter()).rejects.toMatchObject({ name: "NotReadyError" });
    const fresh = await train(custom, 1);
    const graded = fresh.flatMap((event) => (event.type === "step" ? [event.report.step] : []));
    expect(graded).toEqual([1]);
  });

  it("refuses settings that cannot work before anything runs", async () => {
    const { port } = listening();
    const refused = service.train({ settings: { ...custom, loraTargets: [] }, steps: 1 }, port);
    await expect(refused).rejects.toMatchObject({ name: "TrainSettingError", message: expect.stringContaining("loraTargets") });
    port.close();
  });
});
