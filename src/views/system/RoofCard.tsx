// The adapter's ceilings, measured on demand, and how near the last answer and step came to them. Every figure says how it is made.
import { Gauge } from "lucide-react";
import { useExportSource } from "@/state/exportSources";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { formatBytes, formatNumber } from "@/ui/formatNumber";
import { Fact, Facts } from "@/views/models/Facts";
import { Card } from "./Card";
import { DataTable } from "./DataTable";
import { formatShare } from "./formatShare";
import { type Rate, ratesOf } from "./roofline";
import { measureAdapter, useSystem } from "./systemStore";

/** The card. */
export function RoofCard() {
  const device = useStore((state) => state.device);
  const isReady = useStore((state) => state.model.status === "ready");
  const isBusy = useStore(({ ask, training }) => ask.status === "running" || training.status === "running");
  const { report, roofs: measured, isMeasuring } = useSystem();
  const roofs = measured && measured.adapter === device?.adapter ? measured : null;
  const rates = ratesOf(report?.decoder, { answer: report?.answer, step: report?.step }, roofs);
  useExportSource(
    rates.length > 0
      ? {
          id: "system-roofline",
          title: "Achieved rates beside the adapter's ceilings",
          panel: "system",
          table: () => ({
            columns: ["work", "unit", "achieved", "ceiling", "formula"],
            rows: rates.map(({ name, unit, achieved, ceiling, formula }) => [name, unit, achieved, ceiling ?? "", formula]),
          }),
        }
      : null,
  );
  if (device?.backend === "wasm") {
    return (
      <Card title="Roofline" wide>
        <p>The adapter's ceilings are measured on WebGPU only; this model computes on the processor.</p>
        {rates.length > 0 && <RateTable rates={rates} />}
      </Card>
    );
  }
  return (
    <Card title="Roofline" wide>
      {roofs && (
        <Facts>
          <Fact
            name="Memory"
            value={`${formatNumber(roofs.bytesPerSecond / 1e9)} GB/s: bytes read and written by a copy of ${formatBytes(roofs.copyBytes)}, ÷ its time`}
          />
          <Fact
            name="Arithmetic"
            value={`${formatNumber(roofs.flopsPerSecond / 1e9)} GFLOP/s: fused multiply-adds in float32, two operations each, ÷ their time`}
          />
        </Facts>
      )}
      {rates.length > 0 && <RateTable rates={rates} />}
      {[report?.answer, report?.step].some((job) => job?.kernels) && (
        <p>Kernels were being measured, which makes passes slower: switch it off and run again for the true rates.</p>
      )}
      <p>
        Decoding reads all weights for few rows, so memory limits it; prefill and update use them for many, so arithmetic does.
      </p>
      <Button
        label={isMeasuring ? "Measuring" : "Measure this adapter"}
        icon={<Gauge aria-hidden />}
        disabled={!isReady || isBusy || isMeasuring}
        onPress={() => void measureAdapter()}
      />
    </Card>
  );
}

function RateTable({ rates }: { rates: readonly Rate[] }) {
  return (
    <DataTable
      label="Achieved rates"
      endsInText
      columns={["Work", "Achieved", "Ceiling", "Share", "How"]}
      rows={rates.map(({ name, unit, achieved, ceiling, formula }) => ({
        name,
        help: `${formula}. Attention, keys and values are not counted.`,
        cells: [
          `${formatNumber(achieved)} ${unit}`,
          ceiling === null ? "not measured" : `${formatNumber(ceiling)} ${unit}`,
          ceiling === null ? "–" : formatShare(achieved / ceiling),
          formula,
        ],
      }))}
    />
  );
}
