import { describe, expect, it } from "vitest";
import { type TrainSettings, trainDefaults } from "@/protocol/training";
import { applyPreset, presets } from "../presets";
import { trainSettingsOf } from "../requests";
import { defaultSettings, type Settings } from "../settings";
import { knobDifferences, knobsOfRun, nearestPreset } from "./runsKnobs";

const roundTrip = (settings: Settings) => trainSettingsOf({ ...defaultSettings, ...knobsOfRun(trainSettingsOf(settings)) });

describe("knobsOfRun", () => {
  it("moves the knobs so that they stand for the same run again, for every method", () => {
    for (const name of Object.keys(presets) as Settings["preset"][]) {
      const settings = applyPreset({ ...defaultSettings, seed: 7, promptsPerStep: 3, learningRate: 0.02 }, name);
      expect(roundTrip(settings), name).toEqual(trainSettingsOf(settings));
      expect(presets[knobsOfRun(trainSettingsOf(settings)).preset ?? "papo"].policy, name).toEqual(presets[name].policy);
    }
  });

  it("keeps what is off by default and on in the run, and the other way round", () => {
    const settings: Settings = {
      ...defaultSettings,
      difficulty: "2",
      maxPixels: 65_536,
      betaMaxRule: "fixed",
      betaMax: 1.3,
      microBatchSize: 16,
      loraTargets: "text_projector",
      rewardKind: "custom",
      rewardSource: "() => 1",
    };
    expect(roundTrip(settings)).toEqual(trainSettingsOf(settings));
  });

  it("names a changed method by the nearest one", () => {
    expect(nearestPreset({ ...presets.grpo.policy, clipHigh: 0.3 })).toBe("grpo");
    expect(nearestPreset({ ...presets.vppo.policy, keepRatio: 0.7 })).toBe("vppo");
  });
});

describe("knobDifferences", () => {
  const changed: TrainSettings = { ...trainDefaults, learningRate: 0.5, policy: { ...trainDefaults.policy, keepRatio: 0.2 } };

  it("lists what differs under the labels of the controls, and nothing else", () => {
    expect(knobDifferences([trainDefaults, changed]).map(({ label, values }) => [label, ...values])).toEqual([
      ["Keep k", "0.4", "0.2"],
      ["Learning rate", "0.001", "0.5"],
    ]);
    expect(knobDifferences([trainDefaults, trainDefaults])).toEqual([]);
  });

  it("has a dash for the log of another trainer, which tells nothing of itself", () => {
    expect(knobDifferences([trainDefaults, undefined, changed]).map(({ values }) => values)).toEqual([
      ["0.4", "–", "0.2"],
      ["0.001", "–", "0.5"],
    ]);
    expect(knobDifferences([trainDefaults, undefined])).toEqual([]);
  });
});
