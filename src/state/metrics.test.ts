import { describe, expect, it } from "vitest";
import { stepMetrics } from "@/engine/training/stepMetrics";
import { policyMetricMeanings } from "@/rl/policyMetrics";
import { rolloutGap, rolloutGapMeanings } from "@/rl/rolloutGap";
import { moveMetricMeanings } from "@/rl/tokenMoves";
import { varianceMetricMeanings } from "@/rl/varianceTheorem";
import { chartTitles, metricGroups, metricsTable } from "./metrics";

const keys = metricsTable.map(({ key }) => key);

describe("metricsTable", () => {
  it("has each name once", () => {
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("has every name of the policy update, of variance, moves and rollout gap, with its meaning there", () => {
    const meanings = { ...policyMetricMeanings, ...varianceMetricMeanings, ...moveMetricMeanings, ...rolloutGapMeanings };
    for (const [name, meaning] of Object.entries(meanings)) {
      expect(metricsTable.find(({ key }) => key === name)?.help, name).toBe(meaning);
    }
  });

  it("has every name that a training step reports", () => {
    const values = Float32Array.of(1);
    const stats = {
      logp: values,
      logpMasked: values,
      kl: values,
      jsd: values,
      entropy: values,
      entropyMasked: values,
      top1Drop: values,
    };
    const reported = stepMetrics({
      rewards: [{ overall: 1, accuracy: 1 }],
      advantages: values,
      alpha: values,
      keptShare: 1,
      skipped: 0,
      promptTokens: [1],
      responseTokens: [1],
      maxPrompt: 1,
      maxResponse: 1,
      stats: [stats],
      generated: { rollouts: 1, accuracy: 1, overall: 1, format: 1, batches: 1, tokens: 1 },
      gap: rolloutGap([Float32Array.of(-1, -2)], [Float32Array.of(-1, -1)]),
      seconds: { gen: 1, reward: 1, old: 1, aug: 1, update: 1, step: 1 },
    });
    expect(Object.keys(reported).filter((name) => !keys.includes(name))).toEqual([]);
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
