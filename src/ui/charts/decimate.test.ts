import { describe, expect, it } from "vitest";
import { createRng } from "@/lib/rng";
import { decimate } from "./decimate";

function noise(count: number) {
  const rng = createRng(7, 1);
  const xs = Float64Array.from({ length: count }, (_, i) => i);
  const ys = Float64Array.from({ length: count }, () => rng.next());
  return { xs, ys };
}

describe("decimate", () => {
  it("keeps every point while there are few", () => {
    const { xs, ys } = noise(50);
    expect(decimate(xs, ys, 100)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it("keeps at most four points per pixel column, and both ends", () => {
    const { xs, ys } = noise(20_000);
    const kept = decimate(xs, ys, 200);
    expect(kept.length).toBeLessThanOrEqual(800);
    expect(kept.length).toBeGreaterThan(400);
    expect(kept[0]).toBe(0);
    expect(kept.at(-1)).toBe(19_999);
  });

  it("never loses the highest and the lowest value", () => {
    const { xs, ys } = noise(20_000);
    ys[12_345] = 99;
    ys[777] = -99;
    const kept = decimate(xs, ys, 100);
    expect(kept).toContain(12_345);
    expect(kept).toContain(777);
  });

  it("keeps values that are not numbers, because they are gaps", () => {
    const { xs, ys } = noise(20_000);
    ys[4321] = Number.NaN;
    expect(decimate(xs, ys, 100)).toContain(4321);
  });

  it("returns indices in ascending order without repeats", () => {
    const { xs, ys } = noise(3000);
    const kept = decimate(xs, ys, 50);
    expect([...kept].sort((a, b) => a - b)).toEqual(kept);
    expect(new Set(kept).size).toBe(kept.length);
  });
});
