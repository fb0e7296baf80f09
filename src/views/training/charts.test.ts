import { describe, expect, it } from "vitest";
import { SeriesBuffer } from "@/client/seriesBuffer";
import { metricsTable } from "@/state/metrics";
import { chartsOf, runToCsv } from "./charts";

function run() {
  const series = new SeriesBuffer();
  series.append(1, {
    "reward/overall": 0.25,
    "val/accuracy": 0.5,
    "actor/pg_clipfrac_higher": 0,
    "actor/pg_clipfrac_lower": 0.1,
  });
  series.append(2, { "reward/overall": 0.5 });
  series.append(3, { "reward/overall": 0.75, "val/accuracy": 0.625 });
  return series;
}

describe("chartsOf", () => {
  it("makes a chart for every group of the metrics table that has values", () => {
    expect(chartsOf(run(), 0).map(({ chart }) => chart)).toEqual(["reward", "accuracy", "clip"]);
  });

  it("has nothing for an empty run", () => {
    expect(chartsOf(new SeriesBuffer(), 0)).toEqual([]);
  });

  it("joins measured steps of a metric that is not measured in every step", () => {
    const accuracy = chartsOf(run(), 0).find(({ chart }) => chart === "accuracy");
    expect(accuracy?.series[0]).toEqual({
      label: "Accuracy, held out",
      xs: Float64Array.of(1, 3),
      ys: Float64Array.of(0.5, 0.625),
    });
  });

  it("draws metrics of one group as lines of one chart", () => {
    const clip = chartsOf(run(), 0).find(({ chart }) => chart === "clip");
    expect(clip?.title).toBe("Clip fractions");
    expect(clip?.series.map(({ label }) => label)).toEqual(["above", "below"]);
  });

  it("can chart every row of the table", () => {
    const series = new SeriesBuffer();
    series.append(1, Object.fromEntries(metricsTable.map(({ key }, i) => [key, i])));
    const lines = chartsOf(series, 0).flatMap((chart) => chart.series);
    expect(lines).toHaveLength(metricsTable.length);
  });
});

describe("runToCsv", () => {
  it("has a column per metric with values, a row per step, and nothing where a step has none", () => {
    expect(runToCsv(run())).toBe(
      [
        "step,reward/overall,val/accuracy,actor/pg_clipfrac_higher,actor/pg_clipfrac_lower",
        "1,0.25,0.5,0,0.1",
        "2,0.5,,,",
        "3,0.75,0.625,,",
        "",
      ].join("\n"),
    );
  });
});
