import { describe, expect, it } from "vitest";
import { keptPath, stripPaths } from "./stripPaths";

describe("stripPaths", () => {
  it("draws each token once, in the path of its bin, and nothing lower than a pixel", () => {
    const paths = stripPaths([1, 0, 0.5], Uint8Array.of(15, 0, 15), { width: 30, height: 20 });
    expect(paths[15]).toBe("M0,20v-20h9v20zM20,20v-10h9v10z");
    expect(paths[0]).toBe("M10,20v-1h9v1z");
    expect(paths.filter((path) => path !== "")).toHaveLength(2);
  });

  it("leaves no gaps where tokens are narrower than the gap", () => {
    expect(stripPaths([1, 1], Uint8Array.of(3, 3), { width: 2, height: 4 })[3]).toBe("M0,4v-4h1v4zM1,4v-4h1v4z");
  });
});

describe("keptPath", () => {
  it("has one tick per kept token", () => {
    expect(keptPath(Uint8Array.of(1, 0, 1), { width: 30, height: 4 }).match(/M/g)).toHaveLength(2);
  });
});
