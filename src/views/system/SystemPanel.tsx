// The System tab: device, model and memory in plain numbers, what the device can do in words, and what to do when something is
// missing. Memory is read from the engine on request, never on a timer.
import { Boxes, RefreshCw } from "lucide-react";
import { type ReactNode, useRef, useState } from "react";
import { engineClient } from "@/client/engineClient";
import type { BackendKind, MemoryReport, ModelReport } from "@/protocol/engine";
import type { LoadTimes } from "@/protocol/model";
import { useExportSource } from "@/state/exportSources";
import { precisionText } from "@/state/modelEstimate";
import { loadAgain } from "@/state/modelJob";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/Field";
import { formatBytes, formatCount, formatNumber } from "@/ui/formatNumber";
import { EmptyState, Message } from "@/ui/Message";
import { CapabilityCard } from "@/views/models/CapabilityCard";
import { Fact, Facts } from "@/views/models/Facts";
import styles from "./SystemPanel.module.css";

/** Device, model and memory. */
export function SystemPanel() {
  const panel = useRef<HTMLElement>(null);
  useExportSource({
    id: "system",
    title: "Device, model and memory",
    panel: "system",
    figure: () => panel.current,
    json: () => {
      const { device, model } = useStore.getState();
      return { device, model };
    },
  });
  return (
    <section ref={panel} className={styles.panel} aria-label="System">
      <DeviceCard />
      <ModelCard />
      <MemoryCard />
      <Card title="What this machine can do">
        <CapabilityCard />
      </Card>
    </section>
  );
}

function DeviceCard() {
  const device = useStore((state) => state.device);
  return (
    <Card title="Device">
      {!device && <EmptyState>No device yet. It is asked for when the model loads.</EmptyState>}
      {device && (
        <>
          <Facts>
            <Fact name="Backend" value={device.backend === "webgpu" ? "WebGPU" : "WebAssembly (CPU)"} />
            <Fact name="Adapter" value={device.adapter} />
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

function MemoryCard() {
  const modelReady = useStore((state) => state.model.status === "ready");
  const fail = useStore((state) => state.fail);
  const [memory, setMemory] = useState<MemoryReport | null>(null);
  const read = () => {
    engineClient.memory().then(setMemory, fail);
  };
  return (
    <Card title="Memory">
      {memory && (
        <Facts>
          <Fact name="GPU now" value={formatBytes(memory.gpuBytes)} />
          <Fact name="GPU peak" value={formatBytes(memory.gpuPeakBytes)} />
          <Fact name="Tensors" value={formatCount(memory.tensors)} />
          <Fact name="Dispatches" value={formatCount(memory.dispatches)} />
          <Fact name="Submits" value={formatCount(memory.submits)} />
        </Facts>
      )}
      {!memory && <EmptyState>{modelReady ? "Not read yet." : "Known once a model is loaded."}</EmptyState>}
      <Button label="Read memory" icon={<RefreshCw aria-hidden />} disabled={!modelReady} onPress={read} />
    </Card>
  );
}

function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={styles.card} aria-label={title}>
      <h3 className={styles.title}>{title}</h3>
      {children}
    </section>
  );
}
