import { describe, expect, it } from "vitest";
import { policyMetricMeanings } from "@/rl/policyMetrics";
import { moveMetricMeanings } from "@/rl/tokenMoves";
import { varianceMetricMeanings } from "@/rl/varianceTheorem";
import { chartTitles, metricGroups, metricsTable } from "./metrics";

const keys = metricsTable.map(({ key }) => key);

describe("metricsTable", () => {
  it("has each name once", () => {
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("has every name of the policy update, of the variance meter and of the moves, with its meaning there", () => {
    const meanings = { ...policyMetricMeanings, ...varianceMetricMeanings, ...moveMetricMeanings };
    for (const [name, meaning] of Object.entries(meanings)) {
      expect(metricsTable.find(({ key }) => key === name)?.help, name).toBe(meaning);
    }
  });

  it("keeps the overview readable", () => {
    expect(new Set(metricGroups[0]?.rows.map(({ chart }) => chart)).size).toBeLessThanOrEqual(14);
  });

  it("gives lines that share a chart one unit, one format and different names", () => {
    for (const chart of new Set(metricsTable.map((metric) => metric.chart))) {
      const rows = metricsTable.filter((metric) => metric.chart === chart);
      expect(new Set(rows.map(({ unit, format }) => `${unit} ${format}`)).size, chart).toBe(1);
      expect(new Set(rows.map(({ short }) => short)).size, chart).toBe(rows.length);
    }
  });

  it("has no title for a chart that does not exist", () => {
    for (const chart of Object.keys(chartTitles))
      expect(
        metricsTable.some((metric) => metric.chart === chart),
        chart,
      ).toBe(true);
  });
});
