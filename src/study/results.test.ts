import { describe, expect, it } from "vitest";
import type { ProblemOutcome } from "@/rl/evaluation";
import { runsOfPlan, type StudyPlan, settingsOfRun, studyPlans } from "./plan";
import { lineOf, markdownOf, parseResults, type StudyResult, stepsTo, tablesOf } from "./results";

const plan = studyPlans[0] as StudyPlan;

const outcomes = (share: number): ProblemOutcome[] =>
  Array.from({ length: 10 }, () => ({ family: "count", right: share * 8, answers: 8, parseable: 8, tokens: 80 }));

const result = (arm: string, seed: number, share: number): StudyResult => ({
  plan: plan.id,
  arm,
  seed,
  steps: Array.from({ length: 20 }, (_, i) => ({ "reward/accuracy": i < 10 ? 0.5 : 0.9 })),
  after: outcomes(share),
  masked: outcomes(0.25),
  seconds: 1,
});

describe("a plan", () => {
  it.each(studyPlans)("$id names only arms it has, each once, seed by seed", ({ tables, arms, seeds, ...rest }) => {
    const ids = arms.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { rows } of tables) for (const { arm } of rows) expect(ids).toContain(arm);
    const runs = runsOfPlan({ tables, arms, seeds, ...rest });
    expect(runs.length).toBe(arms.length * seeds.length);
    expect(runs.slice(0, arms.length).every(({ seed }) => seed === seeds[0])).toBe(true);
  });

  it("gives every arm of a seed the same problems, sampling and masks", () => {
    const [a, b] = plan.arms.slice(0, 2).map((arm) => settingsOfRun(plan, arm, 4));
    expect({ ...a, policy: null }).toEqual({ ...b, policy: null });
    expect([a!.seed, a!.sampling.seed, a!.mask.seed]).toEqual([4, 4, 4]);
  });
});

describe("results", () => {
  it("survive the file", () => {
    const results = [result("vppo", 1, 0.75), result("dapo", 1, 0.5)];
    expect(parseResults(results.map(lineOf).join(""))).toEqual(results);
  });

  it("name the broken line", () => {
    expect(() => parseResults(`${lineOf(result("vppo", 1, 0.5))}{"plan": 3}\n`)).toThrow("line 2");
    expect(() => parseResults("{")).toThrow("line 1");
  });

  it("are compared seed by seed with the first row", () => {
    const results = [1, 2, 3].flatMap((seed) => [result("vppo", seed, 0.75), result("dapo", seed, 0.5)]);
    const rows = tablesOf(plan, results)[0]!.rows;
    const dapo = rows.find(({ arm }) => arm === "dapo")!;
    expect(dapo.seeds).toBe(3);
    expect(dapo.accuracy.value).toBeCloseTo(0.5, 12);
    expect(dapo.againstFirst).toMatchObject({ difference: -0.25, problems: 3 });
    expect(dapo.masked.value).toBeCloseTo(0.25, 12);
    expect(rows[0]!.againstFirst).toBeNull();
    expect(rows.find(({ arm }) => arm === "random")!.seeds).toBe(0);
  });

  it("count the steps to an accuracy by the mean of five steps", () => {
    const steps = result("vppo", 1, 1).steps;
    // 0.5 until step 10 and 0.9 after: the mean of steps 10 to 14 is 0.82, of 9 to 13 it is 0.74.
    expect(stepsTo(steps, 0.75)).toBe(14);
    expect(stepsTo(steps, 0.95)).toBeUndefined();
  });

  it("say in the table what is missing", () => {
    const text = markdownOf(plan, [result("vppo", 1, 0.75)]);
    expect(text).toContain("| VPPO | 1 | 75.0 |");
    expect(text).toContain("| DAPO | 0 | – |");
  });
});
