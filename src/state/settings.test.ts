import { describe, expect, it } from "vitest";
import { trainDefaults } from "@/protocol/training";
import { policyPresets, policySettingsError } from "@/rl/settings";
import { applyPreset, policyOf, presets } from "./presets";
import { pixelsOf, trainSettingsOf } from "./requests";
import { defaultSettings, type SettingKey, type Settings, settingsTable, withoutEffect } from "./settings";

describe("the settings table", () => {
  it("has one row per key and one URL key per row", () => {
    const keys = settingsTable.map((row) => row.key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(settingsTable.map((row) => row.urlKey)).size).toBe(keys.length);
    expect(Object.keys(defaultSettings).sort()).toEqual([...keys].sort());
  });

  it("has a default inside the limits of every row, and the slider inside them too", () => {
    for (const row of settingsTable) {
      if (row.kind === "choice") expect(row.options.map((option) => option.value)).toContain(row.default);
      if (row.kind !== "number") continue;
      expect(row.default, row.key).toBeGreaterThanOrEqual(row.sliderMin ?? row.min);
      expect(row.default, row.key).toBeLessThanOrEqual(row.sliderMax ?? row.max);
      expect(row.sliderMin ?? row.min, row.key).toBeGreaterThanOrEqual(row.min);
      expect(row.sliderMax ?? row.max, row.key).toBeLessThanOrEqual(row.max);
      if (row.integer) expect(Number.isInteger(row.default), row.key).toBe(true);
    }
  });

  it("accepts no policy value that the mathematics refuses", () => {
    for (const row of settingsTable) {
      if (!["method", "loss"].includes(row.group)) continue;
      const values =
        row.kind === "number" ? [row.min, row.max] : row.kind === "choice" ? row.options.map(({ value }) => value) : [];
      for (const value of values) {
        const settings = { ...defaultSettings, betaMaxRule: "fixed", [row.key]: value } as Settings;
        expect(policySettingsError(policyOf(settings)), `${row.key} ${value}`).toBeUndefined();
      }
    }
  });

  it("starts a training with the defaults of the protocol", () => {
    expect(trainSettingsOf(defaultSettings)).toEqual({ ...trainDefaults, ...pixelsOf(defaultSettings) });
  });

  it("gives every choice a name of its own, and the options of the moment are among all options", () => {
    for (const row of settingsTable) {
      if (row.kind !== "choice") continue;
      const shown = row.optionsFor?.(defaultSettings) ?? row.options;
      expect(new Set(shown.map(({ label }) => label)).size, row.key).toBe(shown.length);
      for (const { value } of shown)
        expect(
          row.options.map((option) => option.value),
          row.key,
        ).toContain(value);
    }
  });

  it("says where a setting has no effect, and why", () => {
    const reason = (key: SettingKey, changes: Partial<Settings>) =>
      withoutEffect(settingsTable.find((row) => row.key === key)!, { ...defaultSettings, ...changes });
    expect(reason("keepRatio", {})).toBeNull();
    expect(reason("keepRatio", { tokenSelection: "all" })).toContain("does not choose by k");
    expect(reason("betaMax", {})).toContain("mean α = 1");
    expect(reason("betaMax", { betaMaxRule: "fixed" })).toBeNull();
    expect(reason("rewardTolerance", { rewardKind: "official" })).toContain("Number");
    expect(reason("loraRank", { trainable: "full" })).toContain("all weights");
    expect(reason("filterLow", { onlineFiltering: true })).toBeNull();
  });
});

describe("methods", () => {
  it("turn into exactly the policy they name", () => {
    for (const name of Object.keys(presets) as (keyof typeof presets)[]) {
      expect(policyOf(applyPreset(defaultSettings, name))).toEqual(policyPresets[name]);
    }
  });

  it("keep a knob that was moved afterwards", () => {
    const moved = { ...applyPreset(defaultSettings, "officialCode"), keepRatio: 0.2 };
    expect(policyOf(moved)).toEqual({ ...policyPresets.officialCode, keepRatio: 0.2 });
    expect(moved.topP).toBe(0.99);
  });

  it("take back what only the method before them had set, and nothing else", () => {
    const own = { ...defaultSettings, maskRatio: 0.3 };
    expect(applyPreset(own, "grpo").maskRatio).toBe(0.3);
    const papo = applyPreset(own, "papo");
    expect(papo).toMatchObject({ maskRatio: 0.6, maskSharing: "shared", papoKlCoef: 0.01 });
    expect(applyPreset(papo, "vppo")).toEqual(defaultSettings);
  });
});
