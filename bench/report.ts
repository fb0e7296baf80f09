// What a bench run finds, and how it is printed. Pure.

import { isSoftwareAdapter } from "@/lib/softwareAdapter";

/** One line of the table: a number of this engine, and what it is compared with. */
export interface BenchRow {
  readonly name: string;
  readonly unit: "ms" | "MB" | "tokens/s" | "dispatches" | "";
  readonly value: number;
  readonly baseline?: { readonly name: string; readonly value: number };
  readonly note?: string;
  /** Of a row that is a point of a series: which, and where. */
  readonly grown?: { readonly series: GrowthSeries; readonly size: number };
}

/** What grows in the growth bench. */
export type GrowthSeries = "context" | "rollouts" | "trained rows";

/** Everything a run writes. */
export interface BenchReport {
  readonly version: 1;
  /** Vendor, architecture and description as WebGPU gives them. */
  readonly adapter: string;
  readonly runtime: string;
  readonly quick: boolean;
  readonly repetitions: number;
  readonly rows: readonly BenchRow[];
  /** Sentences a reader of the table must know. */
  readonly remarks?: readonly string[];
  /** Everything that bench/peer found, beyond its rows. */
  readonly peer?: object;
}

const format = (value: number): string =>
  value === 0 ? "0" : Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 1 ? value.toFixed(2) : value.toPrecision(2);

/** The report as Markdown. */
export function markdownOf({ adapter, runtime, quick, repetitions, rows, remarks = [] }: BenchReport): string {
  const lines = rows.map(({ name, unit, value, baseline, note }) => {
    const compared = baseline ? `${baseline.name}: ${format(baseline.value)}` : "";
    const ratio = baseline ? `${format(value / baseline.value)} ×` : "";
    return `| ${name} | ${format(value)} ${unit} | ${compared} | ${ratio} | ${note ?? ""} |`;
  });
  const software = isSoftwareAdapter(adapter)
    ? [
        "This adapter is a CPU: its times follow barriers and loops, not what a GPU would take. Counts and bytes hold everywhere.",
        "",
      ]
    : [];
  return [
    `Adapter: ${adapter} (${runtime}). Medians of ${repetitions} interleaved runs${quick ? ", small sizes (--quick)" : ""}.`,
    ...software,
    ...remarks.flatMap((sentence) => [sentence, ""]),
    "| Measurement | Here | Compared with | Ratio | Note |",
    "| --- | ---: | ---: | ---: | --- |",
    ...lines,
  ].join("\n");
}
