import { describe, expect, it } from "vitest";
import type { TokenColumns } from "@/state/tokens/tokenFactsTable";
import { rowsInView, sortedTokens } from "./tokenRows";

const values = [0.5, Number.NaN, 2, 0.5, -1];
const columns: TokenColumns = [
  ["token", (t) => t + 1],
  ["text", (t) => ["b", "a", "c", "a", "d"][t]!],
  ["kl_nats", (t) => values[t]!],
];

describe("sortedTokens", () => {
  it("orders by any column, keeps the order of equal values, and puts what is no number last both ways", () => {
    expect(sortedTokens(columns, 5, { column: "kl_nats", descending: true })).toEqual([2, 0, 3, 4, 1]);
    expect(sortedTokens(columns, 5, { column: "kl_nats", descending: false })).toEqual([4, 0, 3, 2, 1]);
    expect(sortedTokens(columns, 5, { column: "text", descending: false })).toEqual([1, 3, 0, 2, 4]);
    expect(sortedTokens(columns, 5, { column: "overlay", descending: true })).toEqual([0, 1, 2, 3, 4]);
  });
});

describe("rowsInView", () => {
  const frame = { rowHeight: 28, viewHeight: 280, count: 16384 };

  it("draws a few dozen rows wherever the table is scrolled to", () => {
    for (const scrollTop of [0, 27, 28, 100_000, 16384 * 28 - 280]) {
      const { first, last } = rowsInView(scrollTop, frame);
      expect(last - first).toBeLessThanOrEqual(24);
      expect(first * 28).toBeLessThanOrEqual(scrollTop);
      expect(last * 28).toBeGreaterThanOrEqual(Math.min(scrollTop + 280, 16384 * 28));
    }
  });

  it("stays inside a table that became shorter", () => {
    expect(rowsInView(100_000, { ...frame, count: 3 })).toEqual({ first: 0, last: 3 });
    expect(rowsInView(0, { ...frame, count: 0 })).toEqual({ first: 0, last: 0 });
  });
});
