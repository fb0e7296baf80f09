// Which charts a run has: groups the rows of the metrics table by chart and reads their columns. Pure.

import type { SeriesBuffer } from "@/client/seriesBuffer";
import { type Metric, metricsTable } from "@/state/metrics";
import type { ChartSeries } from "@/ui/charts/lineGeometry";
import { smooth } from "@/ui/charts/lineGeometry";
import { formatNumber, formatPercent } from "@/ui/formatNumber";

export interface ChartSpec {
  readonly chart: string;
  readonly title: string;
  readonly unit: string;
  readonly help: string;
  readonly series: readonly ChartSeries[];
  readonly include?: readonly number[];
  readonly format: (value: number) => string;
  readonly captionFormat: (value: number) => string;
}

type SeriesSource = Pick<SeriesBuffer, "steps" | "values">;

/** Charts of the table that have at least one value, in the table's order. `smoothing` is the weight of the moving average. */
export function chartsOf(run: SeriesSource, smoothing: number): readonly ChartSpec[] {
  const charts = [...new Set(metricsTable.map(({ chart }) => chart))];
  return charts.flatMap((chart) => {
    const present = metricsTable.filter((metric) => metric.chart === chart && run.values(metric.key).length > 0);
    const [first] = present;
    if (!first) return [];
    return [
      {
        chart,
        title: present.length > 1 ? commonTitle(present) : first.label,
        unit: first.unit,
        help: present.map(({ label, help }) => `${label}: ${help}`).join("\n"),
        series: present.map((metric) => seriesOf(run, metric, present.length > 1, smoothing)),
        ...(first.domain ? { include: first.domain } : {}),
        format: first.format === "percent" ? formatPercent : formatNumber,
        captionFormat: first.format === "percent" ? formatWholePercent : formatNumber,
      },
    ];
  });
}

// Two lines share a caption, so shares of 10 % and more go without decimals there.
function formatWholePercent(value: number): string {
  return value >= 0.1 ? `${Math.round(value * 100)} %` : formatPercent(value);
}

// Steps without a value (a metric measured every few steps) are left out, so that the line joins the measured ones; a value that
// was reported as infinite stays and is drawn as a gap.
function seriesOf(run: SeriesSource, metric: Metric, isShared: boolean, smoothing: number): ChartSeries {
  const steps = run.steps();
  const values = run.values(metric.key);
  const kept = Array.from(values.keys()).filter((i) => !Number.isNaN(values[i] as number));
  return {
    label: isShared ? shortLabel(metric) : metric.label,
    xs: Float64Array.from(kept, (i) => steps[i] as number),
    ys: smooth(
      Float64Array.from(kept, (i) => values[i] as number),
      smoothing,
    ),
  };
}

const chartTitles: Readonly<Record<string, string>> = {
  accuracy: "Accuracy",
  kept: "Kept",
  alpha: "α spread",
  clip: "Clip fractions",
};

const seriesLabels: Readonly<Record<string, string>> = {
  "reward/accuracy": "rollouts",
  "val/accuracy": "held out",
  "val/accuracy_masked": "image masked",
  "actor/perception_token_fraction": "tokens",
  "vppo/kept_dependency_share": "dependency",
  "vppo/alpha_min": "low",
  "vppo/alpha_max": "high",
  "actor/pg_clipfrac_higher": "above",
  "actor/pg_clipfrac_lower": "below",
};

function commonTitle(metrics: readonly Metric[]): string {
  const [first] = metrics;
  return (first && chartTitles[first.chart]) ?? first?.label ?? "";
}

function shortLabel(metric: Metric): string {
  return seriesLabels[metric.key] ?? metric.label;
}

/** The run as CSV: one column per metric of the table that has values, one row per step. */
export function runToCsv(run: SeriesSource): string {
  const metrics = metricsTable.filter(({ key }) => run.values(key).length > 0);
  const rows = Array.from(run.steps(), (step, i) =>
    [step, ...metrics.map(({ key }) => run.values(key)[i] as number)]
      .map((value) => (Number.isNaN(value) ? "" : value))
      .join(","),
  );
  return `${[["step", ...metrics.map(({ key }) => key)].join(","), ...rows].join("\n")}\n`;
}
