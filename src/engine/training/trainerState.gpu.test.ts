// A stored state on WebGPU: written, put back into another session and gone on from, the numbers are those of the run that was not
// interrupted, bit for bit; packed weights are refused where all weights are to be trained.

import { describe, expect, it } from "vitest";
import { httpFolder } from "@/fetching/httpFolder";
import { setUpGpu } from "@/ops/test/gpuFixture";
import { type TrainSettings, trainDefaults } from "@/protocol/training";
import { openSession, uniformPrecision } from "../loading/openSession";
import { seededUpdate } from "../test/seededUpdate";
import { loadTiny, tinyUrl } from "../test/tinySession";
import { exportTrainerState, restoreTrainerState } from "./trainerState";
import { Optimizer } from "./update/optimizer";
import { trainablesOf } from "./update/trainables";

setUpGpu();

const open = () => openSession(httpFolder(tinyUrl()), "tiny", { precision: uniformPrecision("f32") });
const counters = { step: 1, cursor: 2, streams: 3 };
const full: TrainSettings = { ...trainDefaults, trainable: "full" };
const lora: TrainSettings = { ...trainDefaults, loraRank: 3, loraAlpha: 7, loraTargets: ["text", "projector", "vision"] };

describe("the state of a run on WebGPU", { timeout: 240_000 }, () => {
  it.each([
    ["LoRA on every part", lora],
    ["all weights", full],
  ])("is gone on from bit for bit: %s", async (_, settings) => {
    using first = await open();
    using second = await open();
    using whole = Optimizer.create(trainablesOf(first, settings));
    await seededUpdate(whole, 0);
    const state = await exportTrainerState(first, whole, counters, settings);
    await seededUpdate(whole, 1);
    const restored = restoreTrainerState(second, state);
    using optimizer = restored.optimizer;
    expect(restored.counters).toEqual(counters);
    await seededUpdate(optimizer, 1);
    const [expected, actual] = [
      await exportTrainerState(first, whole, counters, settings),
      await exportTrainerState(second, optimizer, counters, settings),
    ];
    expect(actual.length).toBe(expected.length);
    expect(actual.every((byte, i) => byte === expected[i])).toBe(true);
    expect(expected.every((byte, i) => byte === state[i])).toBe(false);
  });

  it("asks for f32 where all weights are to be trained and some are packed", async () => {
    using packed = await loadTiny();
    expect(() => trainablesOf(packed, full)).toThrow(/is stored as \w+, which has no gradient\. Load the model with f32/);
  });
});
