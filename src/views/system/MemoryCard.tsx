// GPU memory by what it is there for: now, the most in the last answer and the last training step, and the plan that was made before
// the model was loaded. Bytes are those of the buffer pool (gpu/memory.ts), not estimates.
import { RefreshCw } from "lucide-react";
import type { MemoryLine, MemoryPlan } from "@/protocol/model";
import type { JobReport, MemoryPurpose, SystemReport } from "@/protocol/system";
import { useExportSource } from "@/state/exportSources";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { formatBytes, formatCount } from "@/ui/formatNumber";
import { EmptyState } from "@/ui/Message";
import { Fact, Facts } from "@/views/models/Facts";
import { Card } from "./Card";
import { type DataRow, DataTable } from "./DataTable";
import { readSystem, useSystem } from "./systemStore";

const purposes: Readonly<Record<MemoryPurpose, { readonly name: string; readonly help: string }>> = {
  weights: { name: "Weights", help: "Matrices and tables of the model as they were loaded." },
  trained: { name: "Adapter and moments", help: "Trained values and the optimizer's two moments of each." },
  cache: { name: "Keys and values", help: "The cache that decoding reads; it goes with the answer." },
  step: { name: "Recorded step", help: "Buffers of the decoding step that is recorded once and replayed per token." },
  work: { name: "Activations and features", help: "Everything that lives no longer than a pass or a job." },
};
const columns = ["GPU memory", "Now", "Buffers", "Most, answer", "Most, step", "Planned"];

/** The card. */
export function MemoryCard() {
  const modelReady = useStore((state) => state.model.status === "ready");
  const fail = useStore((state) => state.fail);
  const report = useSystem((state) => state.report);
  useExportSource(
    report && {
      id: "system-memory",
      title: "GPU memory by purpose",
      panel: "system",
      table: () => ({
        columns: ["purpose", "now_bytes", "buffers", "most_answer_bytes", "most_step_bytes"],
        rows: report.purposes.map(({ what, bytes, buffers }) => [
          what,
          bytes,
          buffers,
          peakOf(report.answer, what) ?? "",
          peakOf(report.step, what) ?? "",
        ]),
      }),
      json: () => report,
    },
  );
  const pageHeap = heapBytes();
  return (
    <Card title="Memory" wide>
      {!report && <EmptyState>{modelReady ? "Not read yet." : "Known once a model is loaded."}</EmptyState>}
      {report && (
        <>
          {report.purposes.length > 0 && (
            <DataTable label="GPU memory by purpose" endsInText columns={columns} rows={memoryRows(report)} />
          )}
          {report.purposes.length === 0 && (
            <p>{`${formatBytes(report.gpuBytes)} in ${formatCount(report.tensors)} tensors of WebAssembly. Memory by purpose is known on WebGPU only.`}</p>
          )}
          <Facts>
            <Fact name="Tensors" value={formatCount(report.tensors)} />
            <Fact name="Page heap" value={pageHeap === null ? "not told by this browser" : formatBytes(pageHeap)} />
            {report.heapBytes !== undefined && <Fact name="Engine heap" value={formatBytes(report.heapBytes)} />}
          </Facts>
        </>
      )}
      <Button
        label="Read memory"
        icon={<RefreshCw aria-hidden />}
        disabled={!modelReady}
        onPress={() => void readSystem().catch(fail)}
      />
    </Card>
  );
}

function memoryRows({ purposes: held, idle, gpuBytes, gpuPeakBytes, plan, answer, step }: SystemReport): readonly DataRow[] {
  const bytes = (value: number | undefined) => (value === undefined ? "–" : formatBytes(value));
  return [
    ...held.map(({ what, bytes: now, buffers }) => ({
      ...purposes[what],
      cells: [
        formatBytes(now),
        formatCount(buffers),
        bytes(peakOf(answer, what)),
        bytes(peakOf(step, what)),
        plan ? plannedText(plan, what) : "–",
      ],
    })),
    {
      name: "Idle, kept for reuse",
      help: "Freed buffers that the next tensor of their size takes.",
      cells: [formatBytes(idle.bytes), formatCount(idle.buffers), "–", "–", "–"],
    },
    {
      name: "All",
      help: `The most since the device was made: ${formatBytes(gpuPeakBytes)}.`,
      cells: [
        formatBytes(gpuBytes),
        formatCount(held.reduce((sum, { buffers }) => sum + buffers, idle.buffers)),
        "–",
        "–",
        plan ? `${formatBytes(plan.peakBytes)} at most` : "–",
      ],
    },
  ];
}

/** What the plan has for a purpose, for the largest question it was made for. */
function plannedText({ lines, weightBytes }: MemoryPlan, what: MemoryPurpose): string {
  const line = (name: MemoryLine["what"]) => formatBytes(lines.find((one) => one.what === name)?.bytes ?? 0);
  if (what === "weights") return formatBytes(weightBytes);
  if (what === "trained") return line("trained weights");
  if (what === "cache") return line("KV cache");
  if (what === "step") return "with activations";
  return `${line("decoding")} answering, ${line("training step")} training`;
}

function peakOf(job: JobReport | undefined, what: MemoryPurpose): number | undefined {
  return job?.memory.find((row) => row.what === what)?.peakBytes;
}

/** JavaScript heap of the page; null where the browser does not tell. */
function heapBytes(): number | null {
  const memory: unknown = Reflect.get(performance, "memory");
  const used: unknown = typeof memory === "object" && memory ? Reflect.get(memory, "usedJSHeapSize") : null;
  return typeof used === "number" ? used : null;
}
