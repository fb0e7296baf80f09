import { describe, expect, it } from "vitest";
import { compare, meanOverSeeds, type ProblemOutcome, summarise } from "./evaluation";

const problem = (right: number, answers = 8, family = "count"): ProblemOutcome => ({
  family,
  right,
  answers,
  parseable: answers,
  tokens: answers * 10,
});

describe("summarise", () => {
  it("is the mean over problems of their mean over answers", () => {
    const { accuracy, meanLength, parseable, answers } = summarise([problem(8), problem(0, 4), problem(2, 4)]);
    expect(accuracy.value).toBeCloseTo((1 + 0 + 0.5) / 3, 12);
    expect([meanLength, parseable, answers]).toEqual([10, 1, 16]);
  });

  it("does not call a perfect score certain", () => {
    const { accuracy } = summarise(Array.from({ length: 10 }, () => problem(8)));
    expect(accuracy.high).toBe(1);
    // Wilson with ten problems: 10 / (10 + 1.96²).
    expect(accuracy.low).toBeCloseTo(0.7225, 3);
  });

  it("counts problems, not answers, where a problem's answers agree", () => {
    const { accuracy } = summarise(Array.from({ length: 100 }, (_, i) => problem(i < 50 ? 8 : 0)));
    // Wilson with 100 trials at one half, up to the unbiased variance.
    expect(accuracy.high - accuracy.low).toBeCloseTo(0.1923, 2);
  });

  it("counts answers where they are as independent as coins", () => {
    const { accuracy } = summarise(Array.from({ length: 100 }, () => problem(4)));
    expect(accuracy.high - accuracy.low).toBeGreaterThan(0.06);
    const rights = Array.from({ length: 100 }, (_, i) => problem([2, 3, 4, 5, 6][i % 5] as number));
    expect(summarise(rights).accuracy.high - summarise(rights).accuracy.low).toBeLessThan(0.08);
  });

  it("keeps families apart and leaves nothing for none", () => {
    const { perFamily } = summarise([problem(8, 8, "a"), problem(0, 8, "b")]);
    expect([perFamily.a?.value, perFamily.b?.value, perFamily.b?.problems]).toEqual([1, 0, 1]);
    expect(summarise([]).accuracy.value).toBeNaN();
  });
});

describe("compare", () => {
  it("pairs problems, so equal shifts have no spread", () => {
    const before = [1, 3, 5].map((right) => problem(right));
    const after = [2, 4, 6].map((right) => problem(right));
    expect(compare(before, after)).toEqual({ difference: 0.125, low: 0.125, high: 0.125, problems: 3 });
  });

  it("uses only problems that both have", () => {
    expect(compare([problem(8), problem(0)], [problem(4)])).toMatchObject({ difference: -0.5, problems: 1 });
  });
});

describe("meanOverSeeds", () => {
  it("widens by Student's t for few seeds", () => {
    const { value, low, high } = meanOverSeeds([1, 2, 3, 4, 5]);
    expect(value).toBe(3);
    expect(high - value).toBeCloseTo((2.776 * Math.sqrt(2.5)) / Math.sqrt(5), 3);
    expect(value - low).toBeCloseTo(high - value, 12);
  });

  it("knows no interval of one seed", () => {
    expect(meanOverSeeds([1]).low).toBeNaN();
  });

  it("continues the table smoothly", () => {
    const half = (n: number) => {
      const { value, high } = meanOverSeeds(Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 1 : -1)));
      return ((high - value) / Math.sqrt(1 / (n - 1))) * Math.sqrt(1);
    };
    expect(half(18) / half(16)).toBeGreaterThan(0.97);
    expect(half(18)).toBeLessThan(half(16));
  });
});
