import { describe, expect, it } from "vitest";
import { Pace } from "./pace";

/** The steps that a device is given which takes so long for each, in ms. */
function stepsOf(msPerStep: number, times: number): number[] {
  let clock = 0;
  const pace = new Pace(undefined, () => clock);
  return Array.from({ length: times }, () => {
    const steps = pace.next();
    clock += steps * msPerStep;
    return steps;
  });
}

describe("Pace", () => {
  it("begins with one step, because the first ones compile and record, and doubles up to sixteen on a quick device", () => {
    expect(stepsOf(1, 7)).toEqual([1, 2, 4, 8, 16, 16, 16]);
  });

  it("takes no more steps than fit 40 ms, so that Stop reacts within 100 ms with two readbacks under way", () => {
    expect(stepsOf(9, 6)).toEqual([1, 2, 4, 4, 4, 4]);
    expect(stepsOf(500, 4)).toEqual([1, 1, 1, 1]);
  });

  it("is quick where several steps go together", () => {
    let clock = 0;
    const pace = new Pace(undefined, () => clock);
    expect(pace.isQuick).toBe(false);
    pace.next();
    expect(pace.isQuick).toBe(false);
    clock += 1;
    pace.next();
    expect(pace.isQuick).toBe(true);
    expect(new Pace(1).isQuick).toBe(false);
    expect(new Pace(8).isQuick).toBe(true);
    expect(new Pace(8).next()).toBe(8);
  });
});
