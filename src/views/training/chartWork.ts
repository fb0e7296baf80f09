// The work of one update of the Charts tab, for the test that counts it and the bench that times it: eight charts of a run with so many
// steps, from its columns to the paths that are drawn.

import { SeriesBuffer } from "@/client/seriesBuffer";
import { createRng } from "@/lib/rng";
import { lineGeometry } from "@/ui/charts/lineGeometry";
import { type ChartRun, chartGroupsOf } from "./charts";

const keys = [
  "reward/overall",
  "reward/accuracy",
  "actor/sensitivity_score_mean",
  "actor/dynamic_scaling_max",
  "actor/pg_loss",
  "actor/grad_norm",
  "response_length/mean",
  "perf/throughput",
] as const;

/** A run of noise: eight charts with one line each. */
export function noisyRun(steps: number): ChartRun {
  const rng = createRng(11, 3);
  const series = new SeriesBuffer();
  for (let step = 1; step <= steps; step++) {
    series.append(step, Object.fromEntries(keys.map((key) => [key, rng.next() + step / steps])));
  }
  return { id: "noise", name: "Noise", series, colour: 0, dashed: false };
}

/** Draws all its charts once; returns how many points their paths have. */
export function drawCharts(run: ChartRun, { smoothing = 0, width = 232 }: { smoothing?: number; width?: number } = {}): number {
  const steps = run.series.steps();
  const xDomain = [steps[0] ?? 0, steps.at(-1) ?? 1] as const;
  let points = 0;
  for (const { charts } of chartGroupsOf([run], smoothing)) {
    for (const { series, include } of charts) {
      const { lines } = lineGeometry(series, { width, height: 132, xDomain, ...(include ? { include } : {}) });
      for (const { path, band } of lines) points += pointsOf(path) + pointsOf(band);
    }
  }
  return points;
}

const pointsOf = (path: string) => path.match(/[ML]/g)?.length ?? 0;
