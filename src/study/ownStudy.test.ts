import { describe, expect, it } from "vitest";
import { chosenPlan, firstSeeds, importedStudy, missingRuns, secondsLeft, wholeChoice } from "./ownStudy";
import { type StudyPlan, studyPlans } from "./plan";
import { lineOf, type StudyResult } from "./results";

const plan = studyPlans[0] as StudyPlan;
const choice = { ...wholeChoice(plan), arms: ["vppo", "dapo"], seeds: [1, 2, 3], steps: 4 };
const outcome = { family: "count", right: 4, answers: 8, parseable: 8, tokens: 90 };
const result = (arm: string, seed: number): StudyResult => ({
  plan: plan.id,
  arm,
  seed,
  steps: Array.from({ length: arm === "base" ? 0 : 4 }, () => ({ "reward/accuracy": 0.5 })),
  after: [outcome, outcome],
  masked: [outcome, outcome],
  seconds: 10,
});
const entry = { id: "one", createdAt: 5 };

describe("a study of one's own", () => {
  it("is the plan with the chosen arms, seeds and budget, and only tables that compare", () => {
    const chosen = chosenPlan(choice);
    expect(chosen?.arms.map(({ id }) => id)).toEqual(["vppo", "dapo"]);
    expect(chosen?.tables.map(({ rows }) => rows.map(({ arm }) => arm))).toEqual([["vppo", "dapo"]]);
    expect(chosenPlan({ ...choice, arms: ["grpo"] })?.tables).toEqual([{ title: "Arm", rows: [{ arm: "grpo", label: "GRPO" }] }]);
    expect(chosenPlan({ ...choice, prompts: 3 })?.settings).toEqual({ ...plan.settings, promptsPerStep: 3 });
    expect(chosenPlan(wholeChoice(plan))).toEqual(plan);
    expect(chosenPlan({ ...choice, plan: "none" })).toBeUndefined();
  });

  it("measures the untrained model first and goes on where it was left", () => {
    const chosen = chosenPlan(choice) as StudyPlan;
    const names = (results: StudyResult[]) => missingRuns(chosen, results).map(({ arm, seed }) => `${arm?.id} ${seed}`);
    expect(names([])).toEqual(["undefined 0", "vppo 1", "dapo 1", "vppo 2", "dapo 2", "vppo 3", "dapo 3"]);
    const done = [result("base", 0), result("vppo", 1), result("vppo", 2)];
    expect(names(done)).toEqual(["dapo 1", "dapo 2", "vppo 3", "dapo 3"]);
    expect(secondsLeft(chosen, done)).toBe(40);
    expect(secondsLeft(chosen, [result("base", 0)])).toBeNull();
  });

  it("takes more seeds than the plan has", () => {
    expect(firstSeeds(plan, 2)).toEqual([1, 2]);
    expect(firstSeeds(plan, 7)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it("comes back from a file of results", () => {
    const results = [result("base", 0), result("dapo", 2), result("vppo", 1)];
    const own = importedStudy(results.map(lineOf).join(""), entry);
    expect(own.choice).toEqual({
      plan: "shapes",
      arms: ["vppo", "dapo"],
      seeds: [1, 2],
      steps: 4,
      prompts: 8,
      problems: 2,
      rollouts: 8,
    });
    expect(own.results).toEqual(results);
  });

  it("is refused from a file without results, of an unknown plan, or of several", () => {
    expect(() => importedStudy("", entry)).toThrow("no results");
    expect(() => importedStudy(lineOf({ ...result("vppo", 1), plan: "x" }), entry)).toThrow('no plan "x"');
    expect(() => importedStudy(lineOf(result("vppo", 1)) + lineOf({ ...result("vppo", 1), plan: "x" }), entry)).toThrow(
      "different plans",
    );
    expect(() => importedStudy(lineOf(result("base", 0)), entry)).toThrow("no trained run");
    expect(() => importedStudy("{]", entry)).toThrow("line 1");
  });
});
