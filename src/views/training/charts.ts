// Which charts runs have: groups the rows of the metrics table by chart and reads their columns. One run alone draws related metrics
// as lines of one chart; several runs are laid over each other, one chart per metric and one line per run. Pure.

import type { SeriesBuffer } from "@/client/seriesBuffer";
import { chartTitles, type Metric, metricGroups, metricsTable } from "@/state/metrics";
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

/** Charts that stand under one title. */
export interface ChartGroup {
  readonly title: string;
  readonly charts: readonly ChartSpec[];
}

export type SeriesSource = Pick<SeriesBuffer, "steps" | "values" | "keys">;

/** A run as a line of every chart. */
export interface ChartRun {
  readonly id: string;
  readonly name: string;
  readonly series: SeriesSource;
  /** Place of its colour. */
  readonly colour: number;
  readonly dashed: boolean;
}

/** Title of the charts of names that the table does not have. */
const otherTitle = "Other names of the log";
/** Columns that are no metrics. */
const noMetrics: ReadonlySet<string> = new Set(["step"]);
const known: ReadonlySet<string> = new Set(metricsTable.map(({ key }) => key));

/** Groups of charts that have at least one value, in the table's order. `smoothing` is the weight of the moving average. */
export function chartGroupsOf(runs: readonly ChartRun[], smoothing: number): readonly ChartGroup[] {
  const groups = [...metricGroups, { title: otherTitle, rows: otherRows(runs) }];
  return groups.flatMap(({ title, rows }) => {
    const charts = runs.length > 1 ? chartsByMetric(runs, rows, smoothing) : chartsOfOne(runs[0], rows, smoothing);
    return charts.length > 0 ? [{ title, charts }] : [];
  });
}

function chartsOfOne(run: ChartRun | undefined, rows: readonly Metric[], smoothing: number): readonly ChartSpec[] {
  if (!run) return [];
  const charts = [...new Set(rows.map(({ chart }) => chart))];
  return charts.flatMap((chart) => {
    const present = rows.filter((metric) => metric.chart === chart && run.series.values(metric.key).length > 0);
    const [first] = present;
    if (!first) return [];
    const isShared = present.length > 1;
    return [
      {
        ...lookOf(first),
        chart,
        title: isShared ? (chartTitles[chart] ?? first.label) : first.label,
        help: present.map(({ label, help }) => `${label}: ${help}`).join("\n"),
        series: present.map((metric) => ({
          label: isShared ? metric.short : metric.label,
          ...pointsOf(run.series, metric.key, smoothing),
        })),
      },
    ];
  });
}

/** One chart per row with values in a run, and in it one line per run that has any. */
export function chartsByMetric(runs: readonly ChartRun[], rows: readonly Metric[], smoothing: number): readonly ChartSpec[] {
  return rows.flatMap((metric) => {
    const present = runs.filter(({ series }) => series.values(metric.key).length > 0);
    if (present.length === 0) return [];
    return [
      {
        ...lookOf(metric),
        chart: metric.key,
        title: metric.label,
        help: metric.help,
        series: present.map(({ name, series, colour, dashed }) => ({
          label: runs.length > 1 ? name : metric.label,
          colour,
          dashed,
          ...pointsOf(series, metric.key, smoothing),
        })),
      },
    ];
  });
}

function lookOf({ unit, domain, format }: Metric): Pick<ChartSpec, "unit" | "include" | "format" | "captionFormat"> {
  return {
    unit,
    ...(domain ? { include: domain } : {}),
    format: format === "percent" ? formatPercent : formatNumber,
    captionFormat: format === "percent" ? formatWholePercent : formatNumber,
  };
}

// Two lines share a caption, so shares of 10 % and more go without decimals there.
function formatWholePercent(value: number): string {
  return value >= 0.1 ? `${Math.round(value * 100)} %` : formatPercent(value);
}

// Steps without a value (a metric measured every few steps) are left out, so that the line joins the measured ones; a value that
// was reported as infinite stays and is drawn as a gap.
function pointsOf(run: SeriesSource, key: string, smoothing: number): Pick<ChartSeries, "xs" | "ys"> {
  const steps = run.steps();
  const values = run.values(key);
  const kept = Array.from(values.keys()).filter((i) => !Number.isNaN(values[i] as number));
  return {
    xs: Float64Array.from(kept, (i) => steps[i] as number),
    ys: smooth(
      Float64Array.from(kept, (i) => values[i] as number),
      smoothing,
    ),
  };
}

/** Rows for names that the table does not have, each a chart of its own. */
function otherRows(runs: readonly ChartRun[]): readonly Metric[] {
  const keys = new Set(runs.flatMap(({ series }) => series.keys()));
  return [...keys]
    .filter((key) => !known.has(key) && !noMetrics.has(key))
    .sort()
    .map((key) => ({
      key,
      label: key,
      short: key,
      unit: "",
      help: "A number of the log under its own name.",
      format: "number",
      chart: key,
    }));
}

/** The run as CSV: one column per metric that has values, known ones first, one row per step. */
export function runToCsv(run: SeriesSource): string {
  const others = run.keys().filter((key) => !known.has(key) && !noMetrics.has(key));
  const keys = [...metricsTable.map(({ key }) => key), ...others.sort()].filter((key) => run.values(key).length > 0);
  const rows = Array.from(run.steps(), (step, i) =>
    [step, ...keys.map((key) => run.values(key)[i] as number)].map((value) => (Number.isNaN(value) ? "" : value)).join(","),
  );
  return `${[["step", ...keys.map(csvCell)].join(","), ...rows].join("\n")}\n`;
}

// Names come from files: quoted where they would break the row, and never the beginning of a formula.
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
