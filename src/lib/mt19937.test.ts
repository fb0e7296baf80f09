import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createMt19937 } from "./mt19937";

const fixture: { draws_697_to_700: Record<string, number[]>; normals_seed_3: number[] } = JSON.parse(
  readFileSync("fixtures/images/masks.json", "utf8"),
);

describe("createMt19937", () => {
  for (const [seed, expected] of Object.entries(fixture.draws_697_to_700)) {
    it(`draws what numpy draws from seed ${seed}, past the first refill`, () => {
      const random = createMt19937(Number(seed));
      const draws = Array.from({ length: 700 }, () => random.random());
      expect(draws.slice(-4)).toEqual(expected);
    });
  }

  it("draws numpy's legacy normal numbers", () => {
    const random = createMt19937(3);
    for (const expected of fixture.normals_seed_3) expect(random.normal()).toBeCloseTo(expected, 14);
  });

  it("refuses a seed outside 32 bits", () => {
    expect(() => createMt19937(-1)).toThrow(RangeError);
    expect(() => createMt19937(2 ** 32)).toThrow(RangeError);
  });
});
