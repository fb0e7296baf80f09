import { describe, expect, it } from "vitest";
import { UserError } from "@/lib/errors";
import { officialDefaults, type PolicySettings, policyPresets, policySettingsError } from "./settings";

describe("policySettingsError", () => {
  it.each(Object.entries(policyPresets))("accepts the preset %s", (_, preset) => {
    expect(policySettingsError(preset)).toBeUndefined();
  });

  it("accepts a fixed beta_max from beta_min on, and every coefficient above 0", () => {
    const coefficients = { klCoef: 1, papoKlCoef: 0.02, papoEntropyCoef: 0.05, papoMaskedEntropyCoef: 0.05 };
    expect(policySettingsError({ ...officialDefaults, ...coefficients, betaMin: 0.8, betaMax: 0.8 })).toBeUndefined();
  });

  it.each<Partial<PolicySettings>>([
    { keepRatio: 0 },
    { keepRatio: 1.01 },
    { keepRatio: Number.NaN },
    { betaMin: -0.1 },
    { betaMin: Number.POSITIVE_INFINITY },
    { clipLow: 1 },
    { clipHigh: -1 },
    { clipDual: 1 },
    { entropyPenaltyCoef: -0.06 },
    { microBatchSize: 0 },
    { microBatchSize: 1.5 },
    { lossType: "ppo" as never },
    { aggregation: "mean" as never },
    { dependencyMeasure: "toString" as never },
    { betaMax: 0.89 },
    { betaMax: Number.NaN },
    { betaMax: "max" as never },
    { entropyKeepRatio: 0 },
    { entropyKeepRatio: 1.2 },
    { tokenSelection: "none" as never },
    { shaping: "loss" as never },
    { klCoef: -0.01 },
    { klCoef: Number.POSITIVE_INFINITY },
    { klPenalty: "full" as never },
    { papoKlCoef: -1 },
    { papoEntropyCoef: Number.NaN },
    { papoMaskedEntropyCoef: "0.03" as never },
  ])("refuses %j with a sentence that names the setting", (change) => {
    const error = policySettingsError({ ...officialDefaults, ...change });
    expect(error).toBeInstanceOf(UserError);
    expect(error?.key).toBe(Object.keys(change)[0]);
    expect(error?.message).toContain(`${Object.keys(change)[0]}`);
  });
});
