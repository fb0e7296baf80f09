import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Region } from "@/state/selection";
import { movedRegion } from "./movedRegion";

const key = (name: string, shiftKey = false) => ({ key: name, shiftKey });

describe("movedRegion", () => {
  it("makes a region in the middle, then moves it by a twentieth of the picture", () => {
    expect(movedRegion(null, key("ArrowLeft"))).toEqual([0.25, 0.25, 0.75, 0.75]);
    expect(movedRegion([0.25, 0.25, 0.75, 0.75], key("ArrowLeft"))).toEqual([0.2, 0.25, 0.7, 0.75]);
    expect(movedRegion([0.25, 0.25, 0.75, 0.75], key("ArrowDown"))).toEqual([0.25, 0.3, 0.75, 0.8]);
  });

  it("with Shift changes its size and leaves the upper left corner", () => {
    expect(movedRegion([0.25, 0.25, 0.75, 0.75], key("ArrowRight", true))).toEqual([0.25, 0.25, 0.8, 0.75]);
    expect(movedRegion([0.25, 0.25, 0.3, 0.75], key("ArrowLeft", true))).toEqual([0.25, 0.25, 0.3, 0.75]);
  });

  it("leaves other keys alone", () => {
    expect(movedRegion([0, 0, 1, 1], key("a"))).toBeNull();
  });

  it("stays inside the picture and keeps an area, whatever is pressed", () => {
    const keys = fc.array(fc.tuple(fc.constantFrom("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"), fc.boolean()), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(keys, (presses) => {
        let region: Region | null = null;
        for (const [name, shift] of presses) region = movedRegion(region, key(name, shift));
        if (!region) return;
        const [x0, y0, x1, y1] = region;
        expect(Math.min(x0, y0)).toBeGreaterThanOrEqual(0);
        expect(Math.max(x1, y1)).toBeLessThanOrEqual(1);
        expect(Math.min(x1 - x0, y1 - y0)).toBeGreaterThan(0.049);
      }),
    );
  });
});
