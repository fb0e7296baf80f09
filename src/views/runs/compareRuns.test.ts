import { describe, expect, it } from "vitest";
import { SeriesBuffer } from "@/client/seriesBuffer";
import { trainDefaults } from "@/protocol/training";
import { type ComparedRun, comparisonTable, finalMean, finalRows, settingRows } from "./compareRuns";

function run(name: string, accuracies: readonly number[], keepRatio: number): ComparedRun {
  const series = new SeriesBuffer();
  accuracies.forEach((accuracy, i) => {
    series.append(i + 1, { "reward/accuracy": accuracy });
  });
  return { id: name, name, series, settings: { ...trainDefaults, policy: { ...trainDefaults.policy, keepRatio } } };
}
const vppo = run("VPPO 1", [0, 0.5, 0.5, 0.5, 0.5, 1], 0.4);
const grpo = run("GRPO 1", [0.25, Number.NaN, 0.5], 1);

describe("finalRows", () => {
  it("compares the mean of the last steps with the baseline's, metric by metric", () => {
    const [accuracy, ...others] = finalRows([vppo, grpo], "GRPO 1");
    expect(others).toEqual([]);
    expect(accuracy?.metric.key).toBe("reward/accuracy");
    expect(accuracy?.values).toEqual([0.6, 0.375]);
    expect(accuracy?.differences[0]).toBeCloseTo(0.225, 12);
    expect(accuracy?.differences[1]).toBeNaN();
  });

  it("has no differences without a baseline", () => {
    expect(finalRows([vppo, grpo], null)[0]?.differences).toEqual([Number.NaN, Number.NaN]);
    expect(finalMean([])).toBeNaN();
  });
});

describe("settings of compared runs", () => {
  it("lists only what differs, and a file holds both tables", () => {
    expect(settingRows([vppo, grpo]).map(({ label, values }) => [label, ...values])).toEqual([["Keep k", "0.4", "1"]]);
    const { columns, rows } = comparisonTable([vppo, grpo], "GRPO 1");
    expect(columns).toEqual(["row", "VPPO 1", "VPPO 1 minus baseline", "GRPO 1", "GRPO 1 minus baseline"]);
    expect(rows.map(([name]) => name)).toEqual(["reward/accuracy", "Keep k"]);
    for (const row of rows) expect(row).toHaveLength(columns.length);
  });
});
