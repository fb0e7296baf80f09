import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DependencyMeasure, dependencyMeasures, dependencyOf, k3, type TokenStats } from "./dependency";

const k3Of = (delta: number) => k3(Float32Array.of(0), Float32Array.of(delta))[0]!;

describe("k3", () => {
  it.each([
    [0, 0],
    [-0.1, 0.00484],
    [-0.5, 0.1065],
    [-1, 0.368],
    [-2, 1.135],
    [-5, 4.007],
    [0.1, 0.00517],
    [0.5, 0.1487],
    [1, 0.718],
    [2, 4.389],
    [2.62, 10],
    [50, 10],
    [-12, 10],
    [-500, 10],
  ])("of a log-ratio %d is %d", (delta, expected) => {
    expect(Math.abs(k3Of(delta) - expected)).toBeLessThan(1e-3);
  });

  it("is between 0 and 10 and grows with the distance from equal log-probs on either side", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 40, noNaN: true }),
        fc.double({ min: 1e-2, max: 5, noNaN: true }),
        fc.constantFrom(1, -1),
        (a, step, sign) => {
          const near = k3Of(sign * a);
          const far = k3Of(sign * (a + step));
          expect(near).toBeGreaterThanOrEqual(0);
          expect(far).toBeLessThanOrEqual(10);
          expect(far).toBeGreaterThanOrEqual(near);
        },
      ),
    );
  });

  it("of equal log-probs is exactly zero", () => {
    const logp = Float32Array.of(-0.001, -1.7, -33);
    expect([...k3(logp, logp)]).toEqual([0, 0, 0]);
  });
});

describe("dependencyOf", () => {
  it("takes each measure from its own numbers", () => {
    const stats: TokenStats = {
      logp: Float32Array.of(-1),
      logpMasked: Float32Array.of(-2),
      kl: Float32Array.of(0.5),
      jsd: Float32Array.of(0.25),
      entropy: Float32Array.of(2),
      entropyMasked: Float32Array.of(3),
      top1Drop: Float32Array.of(0.125),
    };
    const values = (Object.keys(dependencyMeasures) as DependencyMeasure[]).map((measure) => [
      measure,
      dependencyOf(stats, measure)[0],
    ]);
    expect(Object.fromEntries(values)).toEqual({ kl: 0.5, k3: expect.closeTo(Math.exp(-1), 5), jsd: 0.25, top1_drop: 0.125 });
  });
});
