import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ModelReport } from "@/protocol/engine";
import { useStore } from "../store";
import { followSpeeds, keepSpeed, measuredSpeed } from "./measuredSpeed";

const precision = { text: "int8", vision: "f16", head: "int8", groupSize: 32 } as const;
const model: ModelReport = {
  name: "m",
  family: "f",
  parameters: 1,
  sizeBytes: 1,
  precision,
  contextTokens: 64,
  vocabularySize: 9,
};
const device = { backend: "webgpu", adapter: "intel xe", features: [] } as const;
const stored = new Map<string, string>();

beforeEach(() => {
  stored.clear();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
  });
});

describe("measured speeds", () => {
  it("are those of the last answer, per model, number formats and adapter", () => {
    expect(measuredSpeed("m", precision, "intel xe")).toBeNull();
    keepSpeed(model, device, 61.234);
    keepSpeed(model, device, 58);
    keepSpeed({ ...model, precision: { ...precision, text: "int4" } }, device, 99);
    expect(measuredSpeed("m", precision, "intel xe")).toBe(58);
    expect(measuredSpeed("m", { ...precision, text: "int4" }, "intel xe")).toBe(99);
    expect(measuredSpeed("m", precision, "other")).toBeNull();
  });

  it("follow the answers, without those that were stopped", () => {
    const stop = followSpeeds();
    const { setModel, setDevice, setAsk } = useStore.getState();
    setDevice(device);
    setModel({ status: "ready", model, times: null });
    setAsk({ status: "finished", tokensPerSecond: 12.5, stopped: false });
    setAsk({ status: "finished", tokensPerSecond: 2, stopped: true });
    stop();
    expect(measuredSpeed("m", precision, "intel xe")).toBe(12.5);
  });

  it("are none where the storage is damaged", () => {
    for (const text of ["{", "{}", '[["a"],[1,2],null]']) {
      stored.set("vppo-playground.speeds", text);
      expect(measuredSpeed("m", precision, "intel xe")).toBeNull();
    }
    for (const wrong of [0, Number.NaN, Number.POSITIVE_INFINITY]) keepSpeed(model, device, wrong);
    expect(measuredSpeed("m", precision, "intel xe")).toBeNull();
  });
});
