import { describe, expect, it } from "vitest";
import { headStatsColumns, headStatsWidth } from "@/ops/headStats/logitStats";
import { tokenStatColumns } from "@/protocol/generation";
import { tokenStatsOfRows } from "./tokenStats";

describe("tokenStatsOfRows", () => {
  it("finds each column by its name in the kernel's rows and in the page's", () => {
    tokenStatColumns.forEach((name, column) => {
      expect(headStatsColumns[name]).toBe(column);
    });
    const [width, rows] = [headStatsWidth, 4];
    const values = Float32Array.from({ length: width * rows }, (_, i) => i);
    const stats = tokenStatsOfRows(values, 2, width, 1);
    for (const name of tokenStatColumns) {
      expect([...stats[name]]).toEqual([1, 2].map((row) => row * width + headStatsColumns[name]));
    }
  });
});
