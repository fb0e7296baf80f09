import { describe, expect, it } from "vitest";
import { tokenStatColumns } from "@/protocol/generation";
import { tokenStatsOfRows } from "../../tokenStats";
import { withStats } from "./chunks";

describe("the reported tokens of a rollout", () => {
  it("take the statistics they are given, column by column, and keep the rest", () => {
    const values = Float32Array.from({ length: 2 * tokenStatColumns.length }, (_, i) => i + 0.5);
    const none = new Int32Array(2);
    const chunk = {
      rollout: none,
      ids: Int32Array.of(4, 9),
      stats: new Float32Array(values.length),
      topIds: none,
      topLogp: new Float32Array(2),
      topOther: new Float32Array(2),
    };
    const exact = withStats(chunk, tokenStatsOfRows(values, 2));
    expect(exact.stats).toEqual(values);
    expect(exact.ids).toBe(chunk.ids);
  });
});
