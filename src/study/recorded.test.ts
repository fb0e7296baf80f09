import { describe, expect, it } from "vitest";
import { type StudyPlan, studyPlans } from "./plan";
import { changedSince, parseRecorded, recordedText } from "./recorded";
import { type StudyResult, tablesOf } from "./results";

const whole = studyPlans[0] as StudyPlan;
const plan: StudyPlan = { ...whole, steps: 6, evaluation: { problems: 3, rollouts: 8, seed: 7 } };
const origin = {
  command: "npm run study -- --plan shapes",
  backend: "wasm",
  adapter: "a processor",
  format: "int8",
  date: "2026-01-02",
};

const outcomes = (right: number) =>
  ["count", "total", "count"].map((family, i) => ({ family, right: right + i, answers: 8, parseable: 7, tokens: 100 + i }));

const result = (arm: string, seed: number, right: number): StudyResult => ({
  plan: plan.id,
  arm,
  seed,
  steps: Array.from({ length: 6 }, (_, i) => ({ "reward/accuracy": (i + 40) / 64, "actor/grad_norm": 0.5 })),
  after: outcomes(right),
  masked: outcomes(1),
  seconds: 12.3456,
});
const results = [1, 2].flatMap((seed) => [result("vppo", seed, 4 + seed / 2), result("dapo", seed, 3)]);
const recorded = () => JSON.parse(recordedText(plan, results, origin)) as Record<string, unknown>;

describe("a recorded study", () => {
  it("gives the tables of the results it was made of", () => {
    const read = parseRecorded(recorded());
    expect(tablesOf(plan, read.results)).toEqual(tablesOf(plan, results));
    expect(read.results[0]?.after).toEqual(results[0]?.after);
    expect(read).toMatchObject({ ...origin, plan: "shapes", model: plan.model, steps: 6 });
    expect(read.results[0]?.seconds).toBe(12.3);
  });

  it("is refused when a field is wrong or an outcome is missing, and says which", () => {
    expect(() => parseRecorded({ ...recorded(), steps: "6" })).toThrow("steps");
    expect(() => parseRecorded({ ...recorded(), families: ["count"] })).toThrow("one outcome per problem");
    expect(() => parseRecorded([])).toThrow("cannot be shown");
  });

  it("is not made of nothing, of runs on other problems, or of too much", () => {
    expect(() => recordedText(plan, [], origin)).toThrow("no results");
    const other = { ...result("dapo", 3, 2), masked: outcomes(1).slice(1) };
    expect(() => recordedText(plan, [...results, other], origin)).toThrow("different problems");
    const many = Array.from({ length: 3000 }, (_, seed) => result("dapo", seed, 2));
    expect(() => recordedText(plan, many, origin)).toThrow("bytes");
  });

  it("tells when the plan has changed since", () => {
    const read = parseRecorded(recorded());
    expect(changedSince(plan, read)).toBeNull();
    expect(changedSince({ ...plan, steps: 7 }, read)).toBe("the number of steps");
    expect(changedSince({ ...plan, difficulty: 2 }, read)).toBe("the task");
  });
});
