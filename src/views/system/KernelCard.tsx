// Times of kernels by timestamp queries, while the switch is on: per kernel and phase, with the time that browsers round to. What a
// device without timestamps cannot tell is said.
import type { JobReport, KernelReport } from "@/protocol/system";
import { useExportSource } from "@/state/exportSources";
import { useStore } from "@/state/store";
import { Switch } from "@/ui/Field";
import { formatCount, formatNumber } from "@/ui/formatNumber";
import { EmptyState } from "@/ui/Message";
import { Card } from "./Card";
import { DataTable } from "./DataTable";
import { milliseconds } from "./FlameBar";
import { formatShare } from "./formatShare";
import { jobNames, phaseText } from "./phases";
import styles from "./SystemPanel.module.css";
import { timeKernels, useSystem } from "./systemStore";
import { jobsOf } from "./WorkCard";

const mostRows = 40;

/** The card. */
export function KernelCard() {
  const report = useSystem((state) => state.report);
  const isOn = useSystem((state) => state.timesKernels);
  const isWasm = useStore((state) => state.device?.backend === "wasm");
  const jobs = jobsOf(report).filter(({ kernels }) => kernels);
  return (
    <Card title="Kernels" wide>
      {report && !report.hasTimestamps && (
        <p>
          {isWasm
            ? "Kernels are timed on WebGPU only; this model computes on the processor."
            : "This device has no timestamp queries, so single kernels cannot be timed. Chrome and Edge offer them on most adapters."}
        </p>
      )}
      {report?.hasTimestamps && (
        <>
          <div className={styles.toggle}>
            <Switch
              label="Measure kernels"
              value={isOn}
              help="Times every kernel of the next answers and steps while this tab is open; they are slower meanwhile and their numbers stay the same."
              onChange={(on) => void timeKernels(on)}
            />
          </div>
          {jobs.length === 0 && (
            <EmptyState>
              {isOn ? "Ask a question or train a step now." : "Switch on, then ask a question or train a step."}
            </EmptyState>
          )}
          {jobs.map((job) => job.kernels && <KernelTable key={job.kind} job={job} kernels={job.kernels} />)}
        </>
      )}
      {!report && <EmptyState>Known once a model is loaded.</EmptyState>}
    </Card>
  );
}

function KernelTable({ job, kernels: { kernels, stepNs, untimed } }: { job: JobReport; kernels: KernelReport }) {
  const all = kernels.reduce((sum, { ms }) => sum + ms, 0);
  const title = `${jobNames[job.kind]}, time by kernel`;
  useExportSource({
    id: `system-${job.kind}-kernels`,
    title,
    panel: "system",
    table: () => ({
      columns: ["phase", "kernel", "calls", "time_ms"],
      rows: kernels.map(({ phase, name, calls, ms }) => [phase, name, calls, ms]),
    }),
  });
  return (
    <>
      <p>
        {`${jobNames[job.kind]}: ${milliseconds(all)} in kernels, of ${milliseconds(job.elapsedMs)}. The smallest difference of two times was ${microseconds(stepNs)}: shorter calls are right on average only.`}
        {untimed > 0 && ` ${formatCount(untimed)} calls were not timed.`}
        {kernels.length > mostRows && ` The ${mostRows} longest of ${kernels.length}; a file holds them all.`}
      </p>
      <DataTable
        label={title}
        columns={["Kernel, phase", "Time", "Share", "Calls", "Per call"]}
        rows={kernels.slice(0, mostRows).map(({ phase, name, calls, ms }) => ({
          name: `${name}, ${phaseText(phase).name.toLowerCase()}`,
          cells: [milliseconds(ms), formatShare(ms / (all || 1)), formatCount(calls), microseconds((ms * 1e6) / calls)],
        }))}
      />
    </>
  );
}

function microseconds(ns: number): string {
  return ns >= 1e6 ? milliseconds(ns / 1e6) : `${formatNumber(ns / 1000)} µs`;
}
