import { describe, expect, it } from "vitest";
import { intervalGeometry } from "./intervalGeometry";

describe("intervalGeometry", () => {
  it("places value and ends of a share between the insets", () => {
    const frame = { width: 110, domain: [0, 1] as const };
    expect(intervalGeometry({ value: 0.5, low: 0.25, high: 1 }, frame)).toEqual({ x: 55, line: [30, 105], grid: [5, 55, 105] });
  });

  it("has no line where there is no interval, and nothing where there is no value", () => {
    const frame = { width: 110, domain: [-1, 1] as const };
    expect(intervalGeometry({ value: 0, low: Number.NaN, high: Number.NaN }, frame)).toMatchObject({ x: 55, line: null });
    expect(intervalGeometry({ value: Number.NaN, low: Number.NaN, high: Number.NaN }, frame).x).toBeNull();
  });

  it("cuts off at the edges what reaches beyond the domain", () => {
    const frame = { width: 110, domain: [-1, 1] as const };
    expect(intervalGeometry({ value: 0.9, low: 0.5, high: 1.4 }, frame).line).toEqual([80, 105]);
  });
});
