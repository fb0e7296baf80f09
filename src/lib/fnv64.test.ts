import { expect, test } from "vitest";
import { fnv64 } from "./fnv64";

test("gives the published FNV-1a values", () => {
  expect(fnv64("")).toBe("cbf29ce484222325");
  expect(fnv64("a")).toBe("af63dc4c8601ec8c");
  expect(fnv64("foobar")).toBe("85944171f73967e8");
});
