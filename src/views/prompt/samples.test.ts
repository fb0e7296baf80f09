import { describe, expect, it } from "vitest";
import { samples } from "./samples";

describe("samples", () => {
  it("are twelve different held-out problems, three of them controls", () => {
    const all = samples();
    expect(all).toHaveLength(12);
    expect(new Set(all.map(({ id }) => id)).size).toBe(12);
    expect(all.every(({ id }) => id.startsWith("shapes/heldOut/"))).toBe(true);
    expect(all.filter(({ needsImage }) => !needsImage)).toHaveLength(3);
  });

  it("each say what they prove, and controls say that they are controls", () => {
    for (const { proves, needsImage } of samples()) {
      expect(proves).toMatch(/\.$/);
      expect(proves.startsWith("Control:")).toBe(!needsImage);
    }
  });

  it("fit what their sentence claims", () => {
    const all = samples();
    expect(all[3]?.answer).toBe("0");
    expect(all[4]?.scene.objects).toHaveLength(6);
    expect(all.find(({ family }) => family === "compare")?.answer).toMatch(/yes|no/);
  });
});
