import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byScore, compareCurves, countOf, meanFall, shuffled } from "./deletionCurve";
import { isNoise, spreadOf } from "./spread";

describe("deletion curves", () => {
  it("cover the strongest first, and by chance every one once, the same for the same seed", () => {
    expect(byScore([0.1, 3, 0.1, 2])).toEqual([1, 3, 0, 2]);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.nat(), (count, seed) => {
        const order = shuffled(count, seed);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
        expect(shuffled(count, seed)).toEqual(order);
      }),
    );
    expect(shuffled(20, 1)).not.toEqual(shuffled(20, 2));
  });

  it("a drawn order favours no place", () => {
    const sums = new Array<number>(5).fill(0);
    for (let seed = 0; seed < 4000; seed++) {
      shuffled(5, seed).forEach((one, place) => {
        sums[one]! += place;
      });
    }
    for (const sum of sums) expect(sum / 4000).toBeCloseTo(2, 0.9);
  });

  it("a share is at least one thing and at most all", () => {
    expect([0, 0.001, 0.05, 0.5, 1].map((share) => countOf(share, 64))).toEqual([0, 1, 3, 32, 64]);
  });

  it("the mean fall of a straight line is half of its whole fall, that of a step is where it lies", () => {
    expect(meanFall([0, 0.4, 0.8], [-1, -2, -3])).toBeCloseTo(1);
    expect(meanFall([0, 0.8], [-1, -1])).toBe(0);
    // Falls by 2 within the first eighth and stays there.
    expect(meanFall([0, 0.1, 0.8], [0, -2, -2])).toBeCloseTo((0.1 * 1 + 0.7 * 2) / 0.8);
  });

  it("tells a map that finds what matters from one that does not, and from one that finds what does not matter", () => {
    const shares = [0, 0.4, 0.8];
    const random = [
      [0, -0.9, -2],
      [0, -1.1, -2],
      [0, -1, -2.2],
    ];
    const verdictOf = (map: readonly number[]) => compareCurves(shares, [{ map, random }]);
    expect(verdictOf([0, -2, -2])).toMatchObject({ verdict: "better", beaten: 3, drawn: 3 });
    expect(verdictOf([0, -1, -2.1]).verdict).toBe("noise");
    expect(verdictOf([0, -0.1, -1])).toMatchObject({ verdict: "worse", beaten: 0 });
    expect(compareCurves(shares, [{ map: [0, -1, -2], random: [[0, -1, -2]] }])).toMatchObject({ verdict: "noise", beaten: 0.5 });
  });

  it("compares within one way to cover, so that a way that hurts more proves nothing", () => {
    const gentle = {
      map: [0, -0.1],
      random: [
        [0, -0.2],
        [0, -0.2],
        [0, 0],
      ],
    };
    const harsh = {
      map: [0, -9],
      random: [
        [0, -10],
        [0, -10],
        [0, -8],
      ],
    };
    expect(compareCurves([0, 1], [gentle, harsh])).toMatchObject({ verdict: "noise", beaten: 2, drawn: 6 });
  });

  it("a map that knows nothing is called better or worse seldom", () => {
    const shares = [0, 0.5, 1];
    let wrong = 0;
    for (let seed = 0; seed < 1000; seed++) {
      const curve = (n: number) => [
        0,
        ...shuffled(10, seed * 100 + n)
          .slice(0, 2)
          .map((value) => -value),
      ];
      const ways = [0, 1, 2, 3].map((way) => ({
        map: curve(way * 10),
        random: [1, 2, 3].map((n) => curve(way * 10 + n)),
      }));
      if (compareCurves(shares, ways).verdict !== "noise") wrong++;
    }
    expect(wrong).toBeLessThan(60);
  });
});

describe("spreads", () => {
  it("are mean and sample deviation", () => {
    expect(spreadOf([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({ mean: 5, sd: Math.sqrt(32 / 7), count: 8 });
    expect(spreadOf([3]).sd).toBeNaN();
    expect(spreadOf([]).mean).toBeNaN();
  });

  it("are noise when the mean is below twice the deviation, and unknown from a single value", () => {
    expect(isNoise(spreadOf([1, 3]))).toBe(true);
    expect(isNoise(spreadOf([1, 1.1]))).toBe(false);
    expect(isNoise(spreadOf([0]))).toBe(false);
  });
});
