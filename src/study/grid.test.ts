import { describe, expect, it } from "vitest";
import { gridArm, gridArmIds, gridOf, readGridValues } from "./grid";
import { chosenPlan, importedStudy, missingRuns, wholeChoice } from "./ownStudy";
import { type StudyPlan, studyPlans } from "./plan";
import { lineOf } from "./results";

const plan = studyPlans[0] as StudyPlan;
const arms = [...gridArmIds([0.4, 0.2], [1, 0.9])];
const choice = { ...wholeChoice(plan), arms, seeds: [1], steps: 2 };

describe("a sweep over k × β_min", () => {
  it("has one arm per cell, whose name tells its numbers", () => {
    expect(arms).toEqual(["k0.2-b0.9", "k0.2-b1", "k0.4-b0.9", "k0.4-b1"]);
    expect(gridArm("k0.2-b0.9")?.policy).toMatchObject({ keepRatio: 0.2, betaMin: 0.9, shaping: "advantage" });
    for (const id of ["k0.2", "vppo", "k2-b0.9", "k0-b1", "k0.2-b0.9; drop"]) expect(gridArm(id), id).toBeUndefined();
  });

  it("is a study like any other: its arms are trained with every seed, and compared in a table", () => {
    const chosen = chosenPlan(choice);
    expect(chosen?.arms.map(({ id }) => id)).toEqual(arms);
    expect(chosen?.tables.map(({ title, rows }) => [title, rows.length])).toEqual([["k × β_min", 4]]);
    expect(missingRuns(chosen as StudyPlan, []).map(({ arm }) => arm?.id)).toEqual([undefined, ...arms]);
    expect(gridOf(chosen?.arms.map(({ id }) => id) ?? [])).toMatchObject({ keepRatios: [0.2, 0.4], betaMins: [0.9, 1] });
    expect(gridOf(["vppo"])).toBeNull();
  });

  it("comes back from a file of results", () => {
    const outcome = { family: "count", right: 4, answers: 8, parseable: 8, tokens: 90 };
    const line = (arm: string) =>
      lineOf({ plan: plan.id, arm, seed: 1, steps: [{}], after: [outcome], masked: [outcome], seconds: 1 });
    const study = importedStudy(["k0.2-b0.9", "vppo"].map(line).join(""), { id: "one", createdAt: 0 });
    expect(study.choice.arms).toEqual(["vppo", "k0.2-b0.9"]);
  });

  it("reads the numbers of a side as they are typed", () => {
    expect(readGridValues("0.4, 0.2;1 0.4")).toEqual([0.2, 0.4, 1]);
    for (const text of ["", "0", "1.2", "a", "0.12345", "0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9"]) {
      expect(readGridValues(text), text).toBeNull();
    }
  });
});
