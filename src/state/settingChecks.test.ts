import { describe, expect, it } from "vitest";
import { settingProblems, trainingBlockedBy } from "./settingChecks";
import { defaultSettings, type SettingKey, type Settings, settingsTable } from "./settings";

const sentence = /^[^:]+ cannot be used(?: for training)?: .+\. .+\.$/;

describe("settings that no training can use", () => {
  it("are none at first", () => {
    expect(settingProblems(defaultSettings)).toEqual({});
    expect(trainingBlockedBy(defaultSettings)).toBeNull();
  });

  it.each<[SettingKey, Partial<Settings>, string]>([
    ["promptsPerUpdate", { promptsPerStep: 12, promptsPerUpdate: 5 }, "5 prompts per update do not divide 12"],
    ["filterHigh", { onlineFiltering: true, filterLow: 0.5, filterHigh: 0.5 }, "no accuracy lies between"],
    ["rewardSource", { rewardKind: "custom", rewardSource: " \n" }, "it is empty"],
    ["difficulty", { task: "sums", difficulty: "99" }, "no level 99"],
    ["lrWarmupSteps", { lrSchedule: "cosine", lrWarmupSteps: 20, maxSteps: 10 }, "warm-up takes 20 steps"],
    ["klCoef", { klCoef: 0.01, trainable: "full" }, "without its adapter"],
    ["temperature", { temperature: 0 }, "greedy answers"],
    ["maskStrategy", { maskStrategy: "region" }, "belongs to one picture"],
    ["rolloutsPerPrompt", { rolloutsPerPrompt: 1 }, "relative to the other answers"],
    ["learningRate", { learningRate: Number.NaN }, "NaN"],
    ["loraRank", { loraRank: 0 }, "0"],
    ["keepRatio", { keepRatio: 0 }, "0"],
    ["betaMax", { betaMaxRule: "fixed", betaMin: 0.95, betaMax: 0.9 }, "0.9"],
  ])("say at %s what is wrong and what to do", (key, changes, why) => {
    const settings = { ...defaultSettings, ...changes };
    const problems = settingProblems(settings);
    expect(Object.keys(problems)).toEqual([key]);
    expect(problems[key]).toMatch(sentence);
    expect(problems[key]).toContain(why);
    expect(trainingBlockedBy(settings)).toBe(problems[key]);
  });

  it("are those of the device, too: f16 needs its feature, and neither has a kernel without a GPU", () => {
    const device = { backend: "webgpu", adapter: "test", features: [] } as const;
    const half = { ...defaultSettings, rolloutArithmetic: "f16" } as const;
    expect(settingProblems(half)).toEqual({});
    expect(settingProblems(half, device).rolloutArithmetic).toMatch(sentence);
    expect(trainingBlockedBy(half, device)).toContain("no 16-bit arithmetic (shader-f16)");
    expect(trainingBlockedBy(half, { ...device, features: ["shader-f16"] })).toBeNull();
    const whole = { ...defaultSettings, rolloutArithmetic: "int8" } as const;
    expect(trainingBlockedBy(whole, device)).toBeNull();
    expect(trainingBlockedBy(whole, { ...device, backend: "wasm" })).toContain("without a GPU");
    expect(trainingBlockedBy(defaultSettings, { ...device, backend: "wasm" })).toBeNull();
  });

  it("do not lie inside the limits of any row, but for those that need two settings or are meant for asking", () => {
    const known = new Set<SettingKey>([
      "temperature",
      "maskStrategy",
      "promptsPerUpdate",
      "filterLow",
      "filterHigh",
      "difficulty",
    ]);
    for (const row of settingsTable) {
      if (known.has(row.key) || row.kind === "text") continue;
      const values =
        row.kind === "number"
          ? [row.min, row.max]
          : row.kind === "switch"
            ? [true, false]
            : row.options.map(({ value }) => value);
      for (const value of values) {
        expect(settingProblems({ ...defaultSettings, [row.key]: value } as Settings), `${row.key} ${value}`).toEqual({});
      }
    }
  });
});
