import { describe, expect, it } from "vitest";
import { outcomesOf, sampleEvaluation } from "@/state/test/sampleEvaluation";
import { durationText, intervalText, pointsText, progressText, settingsText, shareText, taskText, verdict } from "./wording";

const names = { before: "shapes-vlm without adapter", after: "VPPO 3, step 12" };

describe("verdict", () => {
  it("says by how much, how sure, and which one is better", () => {
    const change = { difference: 0.2123, low: 0.17, high: 0.25, problems: 100 };
    expect(verdict(change, names)).toBe("+21.2 points, 95 % from 17 to 25: VPPO 3, step 12 is better.");
    const worse = { difference: -0.1, low: -0.15, high: -0.05, problems: 100 };
    expect(verdict(worse, names)).toBe("−10 points, 95 % from −15 to −5: shapes-vlm without adapter is better.");
  });

  it("claims nothing where the interval holds zero, and warns where it is rough", () => {
    const change = { difference: 0.05, low: -0.02, high: 0.12, problems: 12 };
    expect(verdict(change, names)).toBe(
      "+5 points, 95 % from −2 to 12: no difference can be told. With 12 problems this is rough.",
    );
  });

  it("has a word for one problem and for no change at all", () => {
    const one = { difference: 0.5, low: Number.NaN, high: Number.NaN, problems: 1 };
    expect(verdict(one, names)).toContain("nothing can be told");
    expect(verdict({ difference: 0, low: 0, high: 0, problems: 50 }, names)).toContain("No difference");
  });
});

describe("texts of a result", () => {
  const { plan } = sampleEvaluation();

  it("give shares, intervals and points with at most one decimal", () => {
    expect(shareText(0.58333)).toBe("58.3 %");
    expect(intervalText({ low: 0.51, high: 0.654 })).toBe("51 to 65.4 %");
    expect([pointsText(0.01), pointsText(-0.0004), pointsText(Number.NaN)]).toEqual(["+1 point", "0 points", "–"]);
  });

  it("tell the settings that are not the usual ones", () => {
    expect(settingsText(plan)).toBe("4 × 2, T 1, seed 2026");
    const other = { ...plan, sampling: { ...plan.sampling, temperature: 0, topK: 50 } };
    expect(settingsText(other)).toBe("4 × 2, greedy, top-k 50, seed 2026");
  });

  it("name task and level, and those that this page does not know by id and number", () => {
    expect(taskText(plan)).toBe("Shapes world, clear");
    expect(taskText({ ...plan, task: "maps", difficulty: 9 })).toBe("maps, level 9");
  });

  it("tell time and progress", () => {
    expect([400, 45_000, 200_000, 6_000_000].map(durationText)).toEqual(["1 s", "45 s", "3 min", "1 h 40 min"]);
    expect(progressText(sampleEvaluation({ seen: outcomesOf(1) }))).toBe("1 of 8 problems (each with and without image)");
  });
});
