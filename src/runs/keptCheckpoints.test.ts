import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultKeepRules, droppedCheckpoints } from "./keptCheckpoints";

const checkpoints = (steps: readonly number[], sizeBytes = 10) => steps.map((step) => ({ run: "r", step, sizeBytes }));
const dropped = (steps: readonly number[], rules: Partial<typeof defaultKeepRules> = {}) =>
  droppedCheckpoints(checkpoints(steps), { ...defaultKeepRules, ...rules }).map(({ step }) => step);

describe("droppedCheckpoints", () => {
  it("lets go what is neither among the last two nor a fifth step", () => {
    expect(dropped([1, 2, 3])).toEqual([1]);
    expect(dropped([5, 8, 9, 10])).toEqual([8]);
  });

  it("lets go what a run began with, as soon as it is not among the last two, however large", () => {
    expect(dropped([0, 1])).toEqual([]);
    expect(dropped([0, 1, 2])).toEqual([0]);
    expect(dropped([0, 1, 2, 3], { checkpointBytes: 0, everyCheckpoint: 1 })).toEqual([0, 1]);
  });

  it("keeps fewer of the old ones when they take too much", () => {
    expect(dropped([5, 10, 15, 20, 21, 22], { checkpointBytes: 20 })).toEqual([5, 15]);
    expect(dropped([5, 10, 21, 22], { checkpointBytes: 0 })).toEqual([5, 10]);
  });

  it("never lets the last one go, and what it keeps it keeps the next time", () => {
    const steps = fc.uniqueArray(fc.integer({ min: 0, max: 500 }), { minLength: 1 }).map((list) => list.sort((a, b) => a - b));
    const rules = fc.record({ lastCheckpoints: fc.integer({ min: 0, max: 4 }), everyCheckpoint: fc.integer({ min: 0, max: 9 }) });
    fc.assert(
      fc.property(steps, rules, fc.integer({ min: 0, max: 200 }), (list, some, checkpointBytes) => {
        const gone = new Set(dropped(list, { ...some, checkpointBytes }));
        const kept = list.filter((step) => !gone.has(step));
        expect(kept.at(-1)).toBe(list.at(-1));
        expect(dropped(kept, { ...some, checkpointBytes })).toEqual([]);
      }),
    );
  });
});
