import { describe, expect, it } from "vitest";
import { meterGeometry } from "./meterGeometry";

describe("meterGeometry", () => {
  it("draws bars in proportion, from a common zero", () => {
    const { bars } = meterGeometry([0.8, 0.4], 400);
    expect((bars[0]?.width ?? 0) / (bars[1]?.width ?? 1)).toBeCloseTo(2, 1);
  });

  it("always shows where 1 is, also when every ratio is far above or below it", () => {
    for (const ratios of [
      [0.01, 0.02],
      [7, 0.4],
    ]) {
      const { oneX, left, bars } = meterGeometry(ratios, 400);
      expect(oneX).toBeGreaterThan(left);
      expect(oneX).toBeLessThan(400);
      for (const { labelX } of bars) expect(labelX).toBeLessThanOrEqual(400 - 44);
    }
  });
});
