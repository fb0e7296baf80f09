// The System tab: device, model, memory, work and time in plain numbers, what the device can do in words, and what to do when
// something is missing. The engine is asked when the tab opens, when a job has ended and on request, never on a timer.
import { Boxes, RefreshCw } from "lucide-react";
import { useEffect, useRef } from "react";
import type { BackendKind, ModelReport } from "@/protocol/engine";
import type { LoadTimes } from "@/protocol/model";
import type { KernelChoice } from "@/protocol/system";
import { useExportSource } from "@/state/exportSources";
import { precisionText } from "@/state/models/modelEstimate";
import { loadAgain } from "@/state/models/modelJob";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/Field";
import { formatBytes, formatCount, formatNumber } from "@/ui/formatNumber";
import { EmptyState, Message } from "@/ui/Message";
import { CapabilityCard } from "@/views/models/CapabilityCard";
import { Fact, Facts } from "@/views/models/Facts";
import { Card } from "./Card";
import { KernelCard } from "./KernelCard";
import { MemoryCard } from "./MemoryCard";
import { RoofCard } from "./RoofCard";
import styles from "./SystemPanel.module.css";
import { readSystem, timeKernels, useSystem } from "./systemStore";
import { WorkCard } from "./WorkCard";

/** Device, model, memory, work and time. */
export function SystemPanel() {
  const panel = useRef<HTMLElement>(null);
  useReports();
  useExportSource({
    id: "system",
    title: "Device, model and memory",
    panel: "system",
    figure: () => panel.current,
    json: () => {
      const { device, model } = useStore.getState();
      const { report, roofs } = useSystem.getState();
      return { device, model, report, roofs };
    },
  });
  return (
    <section ref={panel} className={styles.panel} aria-label="System">
      <div className={styles.cards}>
        <DeviceCard />
        <ModelCard />
        <Card title="What this machine can do">
          <CapabilityCard />
        </Card>
      </div>
      <WorkCard />
      <MemoryCard />
      <RoofCard />
      <KernelCard />
    </section>
  );
}

/** Reads the engine's report now and whenever a job has ended; kernels are measured only while somebody looks. */
function useReports() {
  const model = useStore((state) => state.model);
  const asked = useStore((state) => state.ask.status);
  const step = useStore((state) => state.training.step);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what has ended is the reason to read
  useEffect(() => {
    // A failure is told where the engine's jobs are; the button tells its own.
    readSystem().catch(() => {});
  }, [model, asked, step]);
  useEffect(() => () => void timeKernels(false), []);
}

function DeviceCard() {
  const device = useStore((state) => state.device);
  const kernels = useSystem((state) => state.report?.kernels);
  return (
    <Card title="Device">
      {!device && <EmptyState>No device yet. It is asked for when the model loads.</EmptyState>}
      {device && (
        <>
          <Facts>
            <Fact name="Backend" value={device.backend === "webgpu" ? "WebGPU" : "WebAssembly (CPU)"} />
            <Fact name="Adapter" value={device.adapter} />
            {kernels && <Fact name="Kernels" value={kernelsText(kernels)} />}
          </Facts>
          {device.fallback && (
            <Message tone="warn">
              <p>{device.fallback.reason}</p>
              <p>{device.fallback.advice}</p>
            </Message>
          )}
        </>
      )}
    </Card>
  );
}

const origins: Readonly<Record<KernelChoice["from"], string>> = {
  standard: "standard choice, because this adapter computes in software",
  measurement: "the quickest here, measured when the model was loaded",
  store: "the quickest here, measured on an earlier visit",
};

function kernelsText({ from, variants }: KernelChoice): string {
  const values = Object.entries(variants).map(([name, value]) => `${name} ${formatCount(value)}`);
  return `${origins[from]} (${values.join(", ")})`;
}

function ModelCard() {
  const model = useStore((state) => state.model);
  const openChooser = useStore((state) => state.openChooser);
  return (
    <Card title="Model">
      {model.status === "none" && <EmptyState>No model loaded.</EmptyState>}
      {model.status === "loading" && <p>{`Loading ${model.name}`}</p>}
      {model.status === "failed" && (
        <>
          <Message tone="bad">{model.message}</Message>
          <Button label="Load again" icon={<RefreshCw aria-hidden />} onPress={() => void loadAgain()} />
        </>
      )}
      {model.status === "ready" && <ModelFacts model={model.model} times={model.times} />}
      <Button label="Choose a model" icon={<Boxes aria-hidden />} onPress={() => openChooser(true)} />
      <BackendChoice />
    </Card>
  );
}

function ModelFacts({ model, times }: { model: ModelReport; times: LoadTimes | null }) {
  const { name, family, parameters, sizeBytes, precision, imageSize, contextTokens, vocabularySize, adapter } = model;
  return (
    <Facts>
      <Fact name="Name" value={name} />
      <Fact name="Family" value={family} />
      <Fact name="Parameters" value={formatCount(parameters)} />
      <Fact name="Weights" value={`${formatBytes(sizeBytes)}, ${precisionText(precision)}`} />
      <Fact name="Picture" value={imageSize === undefined ? "its own size" : `${imageSize} × ${imageSize} px`} />
      <Fact name="Context" value={`${formatCount(contextTokens)} tokens`} />
      <Fact name="Vocabulary" value={`${formatCount(vocabularySize)} tokens`} />
      <Fact name="Adapter" value={adapter ?? "none"} />
      {times && <Fact name="Loaded in" value={timesText(times)} />}
    </Facts>
  );
}

/** Where the time of a load went. Parts overlap, so they need not add up. */
function timesText({ totalMs, networkMs, quantizeMs, uploadMs, cacheMs }: LoadTimes): string {
  const seconds = (ms: number) => `${formatNumber(ms / 1000)} s`;
  const parts = { network: networkMs, cache: cacheMs, quantise: quantizeMs, upload: uploadMs };
  const shown = Object.entries(parts).filter(([, ms]) => ms > 0);
  return `${seconds(totalMs)}${shown.length > 0 ? ` (${shown.map(([part, ms]) => `${part} ${seconds(ms)}`).join(", ")})` : ""}`;
}

const backends: readonly { readonly value: BackendKind; readonly label: string }[] = [
  { value: "webgpu", label: "WebGPU" },
  { value: "wasm", label: "WebAssembly, no GPU" },
];

/** What computes; a change loads the model again. */
function BackendChoice() {
  const device = useStore((state) => state.device);
  const isReady = useStore((state) => state.model.status === "ready");
  const isBusy = useStore(({ ask, training }) => ask.status === "running" || training.status === "running");
  if (!device || !isReady) return null;
  return (
    <Select
      label="Compute on"
      value={device.backend}
      options={backends}
      disabled={isBusy || device.fallback !== undefined}
      help="A change loads the model again; an adapter must be saved before."
      onChange={(backend) => void loadAgain(backend)}
    />
  );
}
