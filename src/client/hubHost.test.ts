import { describe, expect, it } from "vitest";
import { hubHostOf } from "./hubHost";

describe("the hub in the page's address", () => {
  it("is a mirror where one is named", () => {
    expect(hubHostOf("?hub=https://mirror.example")).toBe("https://mirror.example");
    expect(hubHostOf("?a=1&hub=http%3A%2F%2F127.0.0.1%3A8137")).toBe("http://127.0.0.1:8137");
  });

  it("is the usual one elsewhere", () => {
    for (const search of ["", "?", "?hub=", "?hub=%20", "?hubs=https://mirror.example"])
      expect(hubHostOf(search)).toBeUndefined();
  });
});
