import { describe, expect, it } from "vitest";
import { policyPresets, policySettingsError } from "@/rl/settings";
import { applyPreset, policyOf, presets } from "./presets";
import { defaultSettings, numberSetting, settingsTable } from "./settings";

describe("the settings table", () => {
  it("has one row per key and one URL key per row", () => {
    const keys = settingsTable.map((row) => row.key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(settingsTable.map((row) => row.urlKey)).size).toBe(keys.length);
    expect(Object.keys(defaultSettings).sort()).toEqual([...keys].sort());
  });

  it("has a default inside the limits of every row, and the slider inside them too", () => {
    for (const row of settingsTable) {
      if (row.kind === "choice") {
        expect(row.options.map((option) => option.value)).toContain(row.default);
        continue;
      }
      expect(row.default, row.key).toBeGreaterThanOrEqual(row.sliderMin ?? row.min);
      expect(row.default, row.key).toBeLessThanOrEqual(row.sliderMax ?? row.max);
      expect(row.sliderMin ?? row.min, row.key).toBeGreaterThanOrEqual(row.min);
      expect(row.sliderMax ?? row.max, row.key).toBeLessThanOrEqual(row.max);
      if (row.integer) expect(Number.isInteger(row.default), row.key).toBe(true);
    }
  });

  it("accepts no policy value that the mathematics refuses", () => {
    for (const key of ["keepRatio", "betaMin", "clipLow", "clipHigh", "clipDual", "entropyPenaltyCoef"] as const) {
      const { min, max } = numberSetting(key);
      for (const value of [min, max]) {
        expect(policySettingsError({ ...policyPresets.vppo, [key]: value }), `${key} ${value}`).toBeUndefined();
      }
    }
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
});
