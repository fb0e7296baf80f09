import { describe, expect, it } from "vitest";
import { type OwnStudy, wholeChoice } from "@/study/ownStudy";
import { studyPlans } from "@/study/plan";
import { pickStudy, type ShownStudy, shownStudies } from "./shownStudy";

const [plan] = studyPlans;
if (!plan) throw new Error("there is no plan");
const choice = { ...wholeChoice(plan), arms: ["vppo"], seeds: [1] };
const own = (id: string, changes: Partial<OwnStudy> = {}): OwnStudy => ({
  id,
  createdAt: 1,
  choice,
  device: null,
  isImported: false,
  results: [],
  ...changes,
});
const result = (arm: string, seed: number) => ({ plan: plan.id, arm, seed, steps: [], after: [], masked: [], seconds: 1 });
const finished = own("done", { results: [result("base", 0), result("vppo", 1)] });
/** Drawn like an own one; only its place in the list matters. */
const recorded = { ...shownStudies([], [finished])[0], key: "recorded:shapes", own: null } as ShownStudy;
const keyOf = (studies: readonly OwnStudy[], opened: string | null = null) =>
  pickStudy([recorded, ...shownStudies([], studies)], opened)?.key;

describe("the study that is shown", () => {
  it("is the chosen one, or the first of the list", () => {
    expect(keyOf([finished], "done")).toBe("done");
    expect(keyOf([finished])).toBe("recorded:shapes");
    expect(keyOf([finished], "deleted")).toBe("recorded:shapes");
    expect(pickStudy([], null)).toBeUndefined();
  });

  it("is one's own where nothing is chosen and it is to go on, also when recorded ones are read after it", () => {
    const paused = own("paused");
    expect(keyOf([finished, paused])).toBe("paused");
    expect(pickStudy(shownStudies([], [paused]), null)?.key).toBe("paused");
    expect(keyOf([own("file", { isImported: true })])).toBe("recorded:shapes");
  });
});
