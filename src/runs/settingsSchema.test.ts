import { describe, expect, it } from "vitest";
import { trainDefaults } from "@/protocol/training";
import { inStoredOrder } from "./settingsSchema";

describe("inStoredOrder", () => {
  it("writes settings the same, whatever the order of their fields", () => {
    const settings = { ...trainDefaults, difficulty: 2, pixels: { maxPixels: 9 } };
    const { policy, task, ...rest } = settings;
    const { keepRatio, ...others } = policy;
    const shuffled = { ...rest, task, policy: { ...others, keepRatio } };
    expect(JSON.stringify(shuffled)).not.toBe(JSON.stringify(settings));
    expect(JSON.stringify(inStoredOrder(shuffled))).toBe(JSON.stringify(inStoredOrder(settings)));
    expect(inStoredOrder(settings)).toEqual(settings);
  });

  it("is the order in which settings that were read are written again", () => {
    const once = inStoredOrder(trainDefaults);
    expect(JSON.stringify(inStoredOrder(JSON.parse(JSON.stringify(once))))).toBe(JSON.stringify(once));
  });

  it("leaves settings alone that cannot be stored", () => {
    const broken = { ...trainDefaults, learningRate: Number.NaN };
    expect(inStoredOrder(broken)).toBe(broken);
  });
});
