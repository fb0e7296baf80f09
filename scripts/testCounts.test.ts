import { describe, expect, it } from "vitest";
import { countPlaywright, countVitest } from "./testCounts.mjs";

describe("counting tests", () => {
  const good = {
    numPassedTests: 3,
    numFailedTests: 0,
    testResults: [{ status: "passed", assertionResults: [{ status: "passed" }] }],
  };

  it("adds up passed and failed tests", () => {
    expect(countVitest(good, 0)).toEqual({ passed: 3, failed: 0 });
    const mixed = {
      numPassedTests: 2,
      numFailedTests: 1,
      testResults: [{ status: "failed", assertionResults: [{ status: "failed" }] }],
    };
    expect(countVitest(mixed, 1)).toEqual({ passed: 2, failed: 1 });
    expect(countPlaywright({ stats: { expected: 5, unexpected: 1, flaky: 1 } }, 1)).toEqual({ passed: 5, failed: 2 });
  });

  it("counts a file that does not load as a failure", () => {
    const broken = { ...good, testResults: [...good.testResults, { status: "failed", assertionResults: [] }] };
    expect(countVitest(broken, 1)).toEqual({ passed: 3, failed: 1 });
  });

  it("never takes silence for success", () => {
    expect(countVitest(undefined, 1)).toEqual({ passed: 0, failed: 1 });
    expect(countVitest(undefined, 0)).toEqual({ passed: 0, failed: 1 });
    expect(countVitest(good, 137)).toEqual({ passed: 3, failed: 1 });
    expect(countPlaywright({ stats: { expected: 0, unexpected: 0, flaky: 0 } }, 0)).toEqual({ passed: 0, failed: 1 });
  });
});
