import { describe, expect, it } from "vitest";
import { UserError } from "@/lib/errors";
import { officialDefaults, type PolicySettings, policyPresets, policySettingsError } from "./settings";

describe("policySettingsError", () => {
  it.each(Object.entries(policyPresets))("accepts the preset %s", (_, preset) => {
    expect(policySettingsError(preset)).toBeUndefined();
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
  ])("refuses %j with a sentence that names the setting", (change) => {
    const error = policySettingsError({ ...officialDefaults, ...change });
    expect(error).toBeInstanceOf(UserError);
    expect(error?.message).toContain(`${Object.keys(change)[0]}`);
  });
});
