import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyPreset } from "./presets";
import { defaultSettings, type Setting, settingsTable } from "./settings";
import { decodeState, emptyLook, encodeState } from "./url";

const nothing = { pinned: null, sample: null };
/** What every browser, chat and mail program takes. */
const longestLink = 2048;

function anyValue(row: Setting): fc.Arbitrary<unknown> {
  switch (row.kind) {
    case "choice":
      return fc.constantFrom(...row.options.map((option) => option.value));
    case "switch":
      return fc.boolean();
    case "text":
      return fc.string({ maxLength: 200, unit: "grapheme" });
    case "number":
      return row.integer
        ? fc.integer({ min: row.min, max: row.max })
        : fc.double({ min: row.min, max: row.max, noNaN: true }).map((value) => value + 0);
    default:
      return row satisfies never;
  }
}

describe("the URL hash", () => {
  it("is empty while nothing differs from the defaults", () => {
    expect(encodeState({ settings: defaultSettings, ...nothing })).toBe("");
  });

  it("brings any allowed settings back", () => {
    const anySettings = fc.record(Object.fromEntries(settingsTable.map((row) => [row.key, anyValue(row)])));
    fc.assert(
      fc.property(anySettings, (values) => {
        const settings = { ...defaultSettings, ...values };
        const linked = decodeState(`#${encodeState({ settings, ...nothing })}`);
        expect(linked.problems).toEqual([]);
        expect(linked.settings).toEqual({ ...settings, rewardSource: defaultSettings.rewardSource });
        const stored = decodeState(encodeState({ settings, ...nothing }, "storage"), "storage");
        expect(stored.problems).toEqual([]);
        expect(stored.settings).toEqual(settings);
      }),
    );
  });

  it("carries no reward function, neither out nor in", () => {
    const settings = { ...defaultSettings, rewardSource: "export default () => 1", rewardKind: "custom" as const };
    expect(encodeState({ settings, ...nothing })).toBe("v=1&rew=custom");
    const decoded = decodeState("v=1&rew=custom&rsrc=steal()");
    expect(decoded.settings).toEqual({ ...defaultSettings, rewardKind: "custom" });
  });

  it("brings pinned tokens and the sample back", () => {
    const pinned = { rollout: 2, start: 4, end: 9 };
    const decoded = decodeState(encodeState({ settings: defaultSettings, pinned, sample: "shapes:3 & more" }));
    expect(decoded).toMatchObject({ pinned, sample: "shapes:3 & more", problems: [] });
  });

  it("brings rollout, region, step and tab back", () => {
    const look = { ...emptyLook, rollout: 3, region: [0.125, 0.25, 0.5, 1] as const, step: 12, tab: "rollouts" };
    const text = encodeState({ settings: defaultSettings, ...look });
    expect(text).toBe("v=1&roll=3&reg=0.125_0.25_0.5_1&at=12&tab=rollouts");
    expect(decodeState(text)).toMatchObject({ ...look, problems: [] });
  });

  it("stays below 2 kB with every knob turned and everything selected", () => {
    const farthest = (row: Setting): unknown => {
      if (row.kind === "choice") return row.options.map(({ value }) => value).sort((a, b) => b.length - a.length)[0];
      if (row.kind === "switch") return !row.default;
      if (row.kind === "text") return "x".repeat(row.maxLength);
      // What a slider, or a number typed with six digits, can make.
      return row.integer ? row.max : Number((row.min + (row.max - row.min) * 0.123457).toPrecision(6));
    };
    const settings = { ...defaultSettings, ...Object.fromEntries(settingsTable.map((row) => [row.key, farthest(row)])) };
    const look = { pinned: { rollout: 63, start: 16_000, end: 16_383 }, sample: "count_color-heldOut-2026-11", step: 100_000 };
    const text = encodeState({ settings, ...look, region: [0.1235, 0.2346, 0.9877, 0.8766], rollout: 63, tab: "evaluation" });
    expect(`https://example.org/vppo-playground/#${text}`.length).toBeLessThan(longestLink);
    expect(decodeState(text).problems).toEqual([]);
  });

  it("names keys it does not know, shortened, and reads the rest", () => {
    const decoded = decodeState(`k=0.25&later=1&${"z".repeat(500)}=2&guide=4&embed=answer`);
    expect(decoded.settings.keepRatio).toBe(0.25);
    expect(decoded.problems).toHaveLength(1);
    expect(decoded.problems[0]).toContain("“later”");
    expect(decoded.problems[0]).not.toContain("guide");
    expect(decoded.problems[0]?.length).toBeLessThan(250);
  });

  it.each(["reg=1_2_3", "reg=0_0_2_1", "reg=0.5_0_0.4_1", "roll=-1", "at=1e9", "roll=x"])("leaves %s out and says so", (hash) => {
    const decoded = decodeState(hash);
    expect(decoded).toMatchObject({ region: null, rollout: null, step: null });
    expect(decoded.problems).toHaveLength(1);
  });

  it("takes the knobs of a method without writing them", () => {
    const settings = applyPreset(defaultSettings, "officialCode");
    const text = encodeState({ settings, ...nothing });
    expect(text).toBe("v=1&preset=officialCode");
    expect(decodeState(text).settings).toEqual(settings);
  });

  it.each([
    ["k=2", "Keep k"],
    ["k=0", "Keep k"],
    ["bmin=-0.1", "β_min"],
    ["bmin=", "β_min"],
    ["k=NaN", "Keep k"],
    ["k=Infinity", "Keep k"],
    ["g=2.5", "Rollouts G"],
    ["dep=attention", "Dependency"],
    ["preset=__proto__", "Method"],
    ["rpp=1", "Rollouts per prompt"],
    ["rank=0", "LoRA rank"],
    ["lr=NaN", "Learning rate"],
    ["filt=true", "Dynamic sampling"],
    ["rew=eval", "Reward"],
    ["diff=99", "Difficulty"],
  ])("uses the default for %s and says so", (hash, label) => {
    const decoded = decodeState(hash);
    expect(decoded.settings).toEqual(defaultSettings);
    expect(decoded.problems).toHaveLength(1);
    expect(decoded.problems[0]).toContain(label);
    expect(decoded.problems[0]).toContain("Allowed:");
  });

  it("refuses a pin that is not one, and shortens what it quotes", () => {
    expect(decodeState("pin=1.9.4").pinned).toBeNull();
    expect(decodeState("pin=1.9.4").problems).toHaveLength(1);
    expect(decodeState(`k=${"9".repeat(5000)}`).problems[0]?.length).toBeLessThan(200);
  });

  it("reads what it can from a link of another version and warns", () => {
    const decoded = decodeState("v=7&k=0.25&somethingNew=1");
    expect(decoded.settings.keepRatio).toBe(0.25);
    expect(decoded.problems[0]).toContain("another version");
    expect(decoded.problems[1]).toContain("somethingNew");
  });
});
