// What the last answer and the last training step cost: where the time went, as a flame bar and in numbers, and the work on the GPU,
// in all and per token.
import { type RefObject, useRef } from "react";
import type { JobReport, SystemReport, WorkCounts } from "@/protocol/system";
import { useExportSource } from "@/state/exportSources";
import { formatBytes, formatCount, formatNumber } from "@/ui/formatNumber";
import { EmptyState } from "@/ui/Message";
import { Card } from "./Card";
import { type DataRow, DataTable } from "./DataTable";
import { FlameBar, milliseconds } from "./FlameBar";
import { formatShare } from "./formatShare";
import { jobNames, phaseText, phaseTotals } from "./phases";
import styles from "./SystemPanel.module.css";
import { useSystem } from "./systemStore";

interface Count {
  readonly key: keyof WorkCounts;
  readonly name: string;
  readonly help: string;
  readonly format: (count: number) => string;
}

const count = (value: number) => (Number.isInteger(value) ? formatCount(value) : formatNumber(value));
const bytes = (value: number) => formatBytes(Math.round(value));
const counts: readonly Count[] = [
  { key: "dispatches", name: "Dispatches", help: "Kernels that were started, TensorFlow.js' own included.", format: count },
  { key: "passes", name: "Passes", help: "Compute passes; while kernels are measured, one per dispatch.", format: count },
  { key: "submits", name: "Submits", help: "Command buffers handed to the GPU.", format: count },
  { key: "maps", name: "Readbacks", help: "Times that the processor waited for numbers of the GPU.", format: count },
  { key: "mapBytes", name: "Read back", help: "Bytes of those numbers.", format: bytes },
  { key: "uploads", name: "Uploads", help: "Writes of the processor into GPU memory.", format: count },
  { key: "uploadBytes", name: "Uploaded", help: "Bytes of those writes.", format: bytes },
  { key: "bindGroups", name: "Bind groups", help: "Bind groups made; a replayed step makes none.", format: count },
  { key: "buffers", name: "New buffers", help: "Buffers made by the device; reused ones do not count.", format: count },
  { key: "pipelines", name: "New pipelines", help: "Kernels that were compiled.", format: count },
];

/** The card; one section per job that has run. */
export function WorkCard() {
  const report = useSystem((state) => state.report);
  const jobs = jobsOf(report);
  useExportSource(
    jobs.length > 0
      ? {
          id: "system-work",
          title: "Work of the last answer and training step",
          panel: "system",
          table: () => ({
            columns: ["job", "count", "total", "per_token"],
            rows: jobs.flatMap((job) =>
              counts.map(({ key }) => [job.kind, key, job.work?.[key] ?? "", perToken(job.work?.[key], job) ?? ""]),
            ),
          }),
          json: () => jobs,
        }
      : null,
  );
  return (
    <Card title="Work and time" wide>
      {jobs.length === 0 && <EmptyState>Ask a question or train a step, and what it cost is shown here.</EmptyState>}
      {jobs.map((job) => (
        <JobSection key={job.kind} job={job} />
      ))}
      {jobs.some(({ work }) => work) && <DataTable label="Work on the GPU" columns={columnsOf(jobs)} rows={workRows(jobs)} />}
      {jobs.length > 0 && !jobs.some(({ work }) => work) && (
        <p>Dispatches, submits, readbacks and uploads are counted on WebGPU only; this model computes on the processor.</p>
      )}
    </Card>
  );
}

function JobSection({ job }: { job: JobReport }) {
  const box = useRef<HTMLElement>(null);
  const title = jobNames[job.kind];
  useJobExport(job, box);
  const { elapsedMs, tokens, decodeSteps } = job;
  const decoding = phaseTotals(job).find(({ name }) => name === "decoding")?.ms ?? 0;
  return (
    <figure ref={box} className={styles.job} aria-label={title}>
      <figcaption className={styles.caption}>
        <b>{title}</b>
        <span>{`${formatCount(tokens)} tokens in ${milliseconds(elapsedMs)}: ${perSecond(tokens, elapsedMs)}`}</span>
        {decoding > 0 && <span>{`${formatCount(decodeSteps)} decode steps: ${perSecond(tokens, decoding)} while decoding`}</span>}
      </figcaption>
      <FlameBar job={job} />
      <DataTable
        label={`${title}, time by phase`}
        endsInText
        columns={["Phase", "Time", "Share", "What it is"]}
        rows={phaseTotals(job).map(({ name, ms }) => ({
          name: phaseText(name).name,
          cells: [milliseconds(ms), formatShare(ms / (elapsedMs || 1)), phaseText(name).help],
        }))}
      />
    </figure>
  );
}

function useJobExport(job: JobReport, box: RefObject<HTMLElement | null>) {
  useExportSource({
    id: `system-${job.kind}-phases`,
    title: `${jobNames[job.kind]}, time by phase`,
    panel: "system",
    figure: () => box.current?.querySelector("svg") ?? null,
    table: () => ({ columns: ["phase", "time_ms"], rows: phaseTotals(job).map(({ name, ms }) => [name, ms]) }),
  });
}

/** The jobs there are, the answer first. */
export function jobsOf(report: SystemReport | null): readonly JobReport[] {
  return [report?.answer, report?.step].flatMap((job) => (job ? [job] : []));
}

function columnsOf(jobs: readonly JobReport[]): readonly string[] {
  return ["Count", ...jobs.flatMap(({ kind }) => [jobNames[kind], kind === "answer" ? "per token" : "per trained token"])];
}

function workRows(jobs: readonly JobReport[]): readonly DataRow[] {
  return counts.map(({ key, name, help, format }) => ({
    name,
    help,
    cells: jobs.flatMap((job) => {
      const total = job.work?.[key];
      const share = perToken(total, job);
      return [total === undefined ? "–" : format(total), share === undefined ? "–" : format(share)];
    }),
  }));
}

function perToken(total: number | undefined, { tokens }: JobReport): number | undefined {
  return total === undefined || tokens === 0 ? undefined : total / tokens;
}

function perSecond(tokens: number, ms: number): string {
  return `${formatNumber((tokens * 1000) / (ms || 1))} tokens/s`;
}
