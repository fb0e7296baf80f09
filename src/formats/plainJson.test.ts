import { describe, expect, it } from "vitest";
import { plainJson } from "./plainJson";

describe("plain JSON", () => {
  it("writes typed arrays as lists, and float32 so that it comes back bit for bit", () => {
    const values = Float32Array.of(0.1, 1 / 3, -1e-7, 16777217, 3.4e38);
    const read: unknown = JSON.parse(plainJson({ values, ids: Int32Array.of(-1, 5) }));
    expect(read).toMatchObject({ ids: [-1, 5] });
    expect(Float32Array.from((read as { values: number[] }).values)).toEqual(values);
    expect(plainJson(Float32Array.of(0.1))).toContain("0.1");
  });

  it("writes what is not finite as null", () => {
    expect(JSON.parse(plainJson({ a: Number.NaN, b: [Number.POSITIVE_INFINITY] }))).toEqual({ a: null, b: [null] });
  });
});
