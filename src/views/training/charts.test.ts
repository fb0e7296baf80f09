import { describe, expect, it } from "vitest";
import { SeriesBuffer } from "@/client/seriesBuffer";
import { metricsTable } from "@/state/metrics";
import { type ChartRun, chartGroupsOf, chartTable, runToCsv, searchCharts } from "./charts";

function series(reward = 0.25) {
  const buffer = new SeriesBuffer();
  buffer.append(1, {
    "reward/overall": reward,
    "val/accuracy_reward": 0.5,
    "actor/perception_token_fraction": 0,
    "vppo/kept_dependency_share": 0.1,
    "timing_s/gen": 2,
  });
  buffer.append(2, { "reward/overall": 0.5 });
  buffer.append(3, { "reward/overall": 0.75, "val/accuracy_reward": 0.625, "my/own": 1 });
  return buffer;
}
const run = (id: string, buffer = series(), dashed = false): ChartRun => ({
  id,
  name: `Run ${id}`,
  series: buffer,
  colour: dashed ? 2 : 0,
  dashed,
});
const one = (buffer = series()) => chartGroupsOf([run("a", buffer)], 0);
const overview = () => one()[0]?.charts ?? [];

describe("chartGroupsOf", () => {
  it("makes a chart for every group of the metrics table that has values, rare ones apart, unknown names last", () => {
    expect(one().map(({ title, charts }) => [title, charts.map(({ chart }) => chart)])).toEqual([
      ["Overview", ["reward", "accuracy", "kept"]],
      ["Time and memory", ["time"]],
      ["Other names of the log", ["my/own"]],
    ]);
  });

  it("has nothing for no run and for an empty one", () => {
    expect(chartGroupsOf([], 0)).toEqual([]);
    expect(one(new SeriesBuffer())).toEqual([]);
  });

  it("joins measured steps of a metric that is not measured in every step", () => {
    const accuracy = overview().find(({ chart }) => chart === "accuracy");
    expect(accuracy?.series[0]).toEqual({
      id: "a",
      label: "Accuracy, held out",
      xs: Float64Array.of(1, 3),
      ys: Float64Array.of(0.5, 0.625),
    });
  });

  it("draws metrics of one group as lines of one chart", () => {
    const kept = overview().find(({ chart }) => chart === "kept");
    expect(kept?.title).toBe("Kept");
    expect(kept?.series.map(({ label }) => label)).toEqual(["tokens", "dependency"]);
  });

  it("lays several runs over each other, one chart per metric and one line per run that has it", () => {
    const bare = new SeriesBuffer();
    bare.append(5, { "reward/overall": 1 });
    const [group] = chartGroupsOf([run("a"), run("b", bare, true)], 0);
    expect(group?.charts.map(({ title }) => title)).toEqual([
      "Reward",
      "Accuracy, held out",
      "Kept tokens",
      "Dependency on kept tokens",
    ]);
    expect(group?.charts[0]?.series.map(({ label, colour, dashed, xs }) => [label, colour, dashed, xs.length])).toEqual([
      ["Run a", 0, false, 3],
      ["Run b", 2, true, 1],
    ]);
    expect(group?.charts[1]?.series).toHaveLength(1);
  });

  it("can chart every row of the table", () => {
    const buffer = new SeriesBuffer();
    buffer.append(1, Object.fromEntries(metricsTable.map(({ key }, i) => [key, i])));
    const lines = one(buffer).flatMap(({ charts }) => charts.flatMap((chart) => chart.series));
    expect(lines).toHaveLength(metricsTable.length);
  });
});

describe("a smoothed line", () => {
  it("has the band of the raw values it stands for, and the table has those values", () => {
    const [reward] = chartGroupsOf([run("a")], 0.5)[0]?.charts ?? [];
    const [line] = reward?.series ?? [];
    expect(line?.ys[2]).toBeLessThan(0.75);
    expect([line?.band?.low, line?.band?.high].map((ends) => [...(ends as Float64Array)])).toEqual([
      [0.25, 0.25, 0.25],
      [0.25, 0.5, 0.75],
    ]);
    expect(reward && chartTable(reward, null)).toEqual({
      columns: ["step", "Reward"],
      rows: [
        [1, 0.25],
        [2, 0.5],
        [3, 0.75],
      ],
    });
    expect(reward && chartTable(reward, [2, 3]).rows).toHaveLength(2);
  });
});

describe("searchCharts", () => {
  const found = (search: string) => searchCharts(one(), search).flatMap(({ charts }) => charts.map(({ title }) => title));

  it("finds charts by title, metric name and unit, all words at once", () => {
    expect(found("ACC")).toEqual(["Accuracy, held out"]);
    expect(found("timing_s gen")).toEqual(["Time: gen"]);
    expect(found("reward held")).toEqual(["Accuracy, held out"]);
    expect(found("nothing like it")).toEqual([]);
    expect(found("  ")).toHaveLength(one().flatMap(({ charts }) => charts).length);
  });
});

describe("runToCsv", () => {
  it("has a column per metric with values, a row per step, and nothing where a step has none", () => {
    expect(runToCsv(series())).toBe(
      [
        "step,reward/overall,val/accuracy_reward,actor/perception_token_fraction,vppo/kept_dependency_share,timing_s/gen,my/own",
        "1,0.25,0.5,0,0.1,2,",
        "2,0.5,,,,,",
        "3,0.75,0.625,,,,1",
        "",
      ].join("\n"),
    );
  });

  it("keeps names from a file from breaking a row or becoming a formula", () => {
    const buffer = new SeriesBuffer();
    buffer.append(1, { '=cmd|"x",1': 2 });
    expect(runToCsv(buffer)).toBe('step,"\'=cmd|""x"",1"\n1,2\n');
  });
});
