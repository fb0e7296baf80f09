// `node scripts/run.mjs scripts/growthPlots.ts`: draws the figures of docs/performance.md from what `npm run bench -- --only growth
// --out docs/data/growth.json` has measured, and prints the numbers. Option: --from FILE.

import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { BenchReport, BenchRow, GrowthSeries } from "../bench/report";
import { type GrowthPoint, growthFigure } from "./growthPlots/figure";

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: { from: { type: "string", default: "docs/data/growth.json" } },
});
const { rows, adapter } = JSON.parse(readFileSync(values.from, "utf8")) as BenchReport;
const where = /swiftshader/i.test(adapter) ? "SwiftShader" : adapter;

const figures: Readonly<Record<GrowthSeries, { readonly file: string; readonly title: string; readonly axis: string }>> = {
  context: { file: "growthContext", title: `One decoding step of one rollout (${where})`, axis: "keys in the cache" },
  rollouts: {
    file: "growthRollouts",
    title: `One decoding step of all rollouts, which share 128 keys (${where})`,
    axis: "rollouts",
  },
  "trained rows": { file: "growthTraining", title: `One training pass, forward and backward (${where})`, axis: "rows" },
};

const seriesNames = Object.keys(figures) as GrowthSeries[];
for (const series of seriesNames) {
  const { file, title, axis } = figures[series];
  const points = pointsOf(series);
  writeFileSync(`docs/images/${file}.svg`, growthFigure({ title, axis, points }));
  console.log(`\n| ${axis} | ${points.map(({ size }) => size).join(" | ")} |\n| --- |${points.map(() => " ---: |").join("")}`);
  console.log(`| ms | ${points.map(({ ms }) => ms.toPrecision(3)).join(" | ")} |`);
  console.log(`| MB | ${points.map(({ megabytes }) => megabytes.toPrecision(3)).join(" | ")} |`);
  console.log(`| dispatches | ${points.map(({ dispatches }) => Math.round(dispatches)).join(" | ")} |`);
}

function pointsOf(series: GrowthSeries): GrowthPoint[] {
  const own = rows.filter(({ grown }) => grown?.series === series);
  const sizes = [...new Set(own.map(({ grown }) => grown?.size ?? 0))];
  return sizes.map((size) => {
    const of = (unit: BenchRow["unit"]): number => {
      const row = own.find((one) => one.grown?.size === size && one.unit === unit);
      if (!row) throw new Error(`${values.from} has no ${unit} of ${series} ${size}`);
      return row.value;
    };
    return { size, ms: of("ms"), megabytes: of("MB"), dispatches: of("dispatches") };
  });
}
