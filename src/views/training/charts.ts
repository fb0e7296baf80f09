// Which charts runs have: groups the rows of the metrics table by chart and reads their columns. One run alone draws related metrics
// as lines of one chart; several runs are laid over each other, one chart per metric and one line per run. Pure.

import type { SeriesBuffer } from "@/client/seriesBuffer";
import type { RunInfo } from "@/protocol/runs";
import type { ExportTable } from "@/state/exportSources";
import { chartTitles, type Metric, metricGroups, metricsTable } from "@/state/metrics";
import type { ChartSeries } from "@/ui/charts/lineGeometry";
import { bandOf, smooth, smoothingSpan } from "@/ui/charts/smoothing";
import { formatBytes, formatNumber, formatPercent } from "@/ui/formatNumber";

export interface ChartSpec {
  readonly chart: string;
  readonly title: string;
  readonly unit: string;
  readonly help: string;
  readonly series: readonly ChartSeries[];
  readonly include?: readonly number[];
  readonly format: (value: number) => string;
  readonly captionFormat: (value: number) => string;
  /** Where each line's numbers are, as they were reported. */
  readonly sources: readonly { readonly label: string; readonly key: string; readonly series: SeriesSource }[];
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
  /** Settings of the run, with the steps from which they hold. */
  readonly settings?: RunInfo["settings"];
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
          id: run.id,
          label: isShared ? metric.short : metric.label,
          ...pointsOf(run.series, metric.key, smoothing),
        })),
        sources: present.map(({ key, short, label }) => ({ label: isShared ? short : label, key, series: run.series })),
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
        sources: present.map(({ name, series }) => ({ label: name, key: metric.key, series })),
        series: present.map(({ id, name, series, colour, dashed }) => ({
          id,
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
    ...formats[format],
  };
}

const formats: Readonly<Record<Metric["format"], Pick<ChartSpec, "format" | "captionFormat">>> = {
  number: { format: formatNumber, captionFormat: formatNumber },
  integer: { format: formatNumber, captionFormat: formatNumber },
  percent: { format: formatPercent, captionFormat: formatWholePercent },
  bytes: { format: formatBytes, captionFormat: formatBytes },
};

// Two lines share a caption, so shares of 10 % and more go without decimals there.
function formatWholePercent(value: number): string {
  return value >= 0.1 ? `${Math.round(value * 100)} %` : formatPercent(value);
}

// Steps without a value (a metric measured every few steps) are left out, so that the line joins the measured ones; a value that
// was reported as infinite stays and is drawn as a gap.
function pointsOf(run: SeriesSource, key: string, smoothing: number): Pick<ChartSeries, "xs" | "ys" | "band"> {
  const steps = run.steps();
  const values = run.values(key);
  let [xs, ys] = [steps, values];
  let kept = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i] as number)) kept++;
  if (kept < values.length) {
    [xs, ys] = [new Float64Array(kept), new Float64Array(kept)];
    kept = 0;
    for (let i = 0; i < values.length; i++) {
      if (Number.isNaN(values[i] as number)) continue;
      xs[kept] = steps[i] as number;
      ys[kept++] = values[i] as number;
    }
  }
  if (smoothing === 0) return { xs, ys };
  return { xs, ys: smooth(ys, smoothing), band: bandOf(ys, smoothingSpan(smoothing)) };
}

/** The charts with a part of the search in title, metric name or unit; a search for nothing keeps them all. */
export function searchCharts(groups: readonly ChartGroup[], search: string): readonly ChartGroup[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return groups;
  return groups.flatMap(({ title, charts }) => {
    const found = charts.filter((chart) => {
      const text = [chart.title, chart.unit, ...chart.sources.flatMap(({ label, key }) => [label, key])].join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    });
    return found.length > 0 ? [{ title, charts: found }] : [];
  });
}

/** A chart's numbers as they were reported, not smoothed: one row per step inside the range, one column per line. */
export function chartTable({ unit, sources }: ChartSpec, range: readonly [number, number] | null): ExportTable {
  const columns = sources.map(({ label, key, series }) => {
    const steps = series.steps();
    const values = series.values(key);
    return { label, values: new Map(Array.from(steps, (step, i) => [step, values[i] as number])) };
  });
  const steps = [...new Set(columns.flatMap(({ values }) => [...values.keys()]))].sort((a, b) => a - b);
  return {
    columns: ["step", ...columns.map(({ label }) => (unit === "" ? label : `${label}, ${unit}`))],
    rows: steps
      .filter((step) => range === null || (step >= range[0] && step <= range[1]))
      .map((step) => [step, ...columns.map(({ values }) => numberCell(values.get(step)))]),
  };
}

const numberCell = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? "" : value);

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
