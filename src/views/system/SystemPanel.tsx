// The System tab: device, model and memory in plain numbers, what the device can do in words, and what to do when something is
// missing. Memory is read from the engine on request, never on a timer.
import { RefreshCw } from "lucide-react";
import { type ReactNode, useState } from "react";
import { engineClient } from "@/client/engineClient";
import type { BackendKind, MemoryReport, WeightFormat } from "@/protocol/engine";
import { loadModel } from "@/state/modelJob";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/Field";
import { formatBytes, formatCount } from "@/ui/formatNumber";
import { EmptyState, Message } from "@/ui/Message";
import { embeddedModel } from "./embeddedModel";
import styles from "./SystemPanel.module.css";

const featureTexts: Readonly<Record<string, string>> = {
  "shader-f16": "16-bit shader arithmetic: faster rollouts with half-size numbers",
  subgroups: "Subgroups: lanes of the GPU exchange numbers directly",
  "timestamp-query": "Time stamps: kernel times can be measured",
};

/** Device, model and memory. */
export function SystemPanel() {
  return (
    <section className={styles.panel} aria-label="System">
      <DeviceCard />
      <ModelCard />
      <MemoryCard />
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
          <dl className={styles.facts}>
            <Fact name="Backend" value={device.backend === "webgpu" ? "WebGPU" : "WebAssembly (CPU)"} />
            <Fact name="Adapter" value={device.adapter} />
          </dl>
          {device.fallback && (
            <Message tone="warn">
              <p>{device.fallback.reason}</p>
              <p>{device.fallback.advice}</p>
            </Message>
          )}
          {device.backend === "webgpu" && (
            <ul className={styles.features}>
              {Object.entries(featureTexts).map(([feature, text]) => (
                <li key={feature}>
                  <span className={styles.mark}>{device.features.includes(feature) ? "●" : "○"}</span> {text}
                  {!device.features.includes(feature) && " (not available, not needed)"}
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </Card>
  );
}

function ModelCard() {
  const model = useStore((state) => state.model);
  return (
    <Card title="Model">
      {model.status === "none" && <EmptyState>No model loaded.</EmptyState>}
      {model.status === "loading" && (
        <p>{`Loading ${model.file}: ${formatBytes(model.loadedBytes)} of ${formatBytes(model.totalBytes)}`}</p>
      )}
      {model.status === "failed" && (
        <>
          <Message tone="bad">{model.message}</Message>
          <Button label="Load again" icon={<RefreshCw aria-hidden />} onPress={() => void loadModel(embeddedModel())} />
        </>
      )}
      {model.status === "ready" && (
        <dl className={styles.facts}>
          <Fact name="Name" value={model.model.name} />
          <Fact name="Family" value={model.model.family} />
          <Fact name="Parameters" value={formatCount(model.model.parameters)} />
          <Fact name="Weights" value={`${formatBytes(model.model.sizeBytes)}, ${model.model.format}`} />
          <Fact
            name="Picture"
            value={`${model.model.imageSize} × ${model.model.imageSize} px → ${model.model.imageTokens} tokens`}
          />
          <Fact name="Vocabulary" value={`${formatCount(model.model.vocabularySize)} tokens`} />
          <Fact name="Adapter" value={model.model.adapter ?? "none"} />
        </dl>
      )}
      {model.status === "ready" && <LoadChoices format={model.model.format} />}
    </Card>
  );
}

const formats: readonly { readonly value: WeightFormat; readonly label: string; readonly help: string }[] = [
  { value: "int8", label: "int8", help: "One byte per weight" },
  { value: "int4", label: "int4, groups of 32", help: "Half a byte per weight" },
  { value: "f32", label: "f32", help: "As they were trained, four bytes per weight" },
];

const backends: readonly { readonly value: BackendKind; readonly label: string }[] = [
  { value: "webgpu", label: "WebGPU" },
  { value: "wasm", label: "WebAssembly, no GPU" },
];

/** How the model is loaded; a change loads it again. */
function LoadChoices({ format }: { format: WeightFormat }) {
  const device = useStore((state) => state.device);
  const isBusy = useStore(({ ask, training }) => ask.status === "running" || training.status === "running");
  if (!device) return null;
  const load = (change: { readonly format?: WeightFormat; readonly backend?: BackendKind }) =>
    void loadModel({ ...embeddedModel(), format, backend: device.backend, ...change });
  return (
    <>
      <Select
        label="Weights"
        value={format}
        options={formats}
        disabled={isBusy}
        help="How weights are kept in memory. A change loads the model again; an adapter must be saved before."
        onChange={(next) => load({ format: next })}
      />
      <Select
        label="Compute on"
        value={device.backend}
        options={backends}
        disabled={isBusy || device.fallback !== undefined}
        help="A change loads the model again; an adapter must be saved before."
        onChange={(next) => load({ backend: next })}
      />
    </>
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
        <dl className={styles.facts}>
          <Fact name="GPU now" value={formatBytes(memory.gpuBytes)} />
          <Fact name="GPU peak" value={formatBytes(memory.gpuPeakBytes)} />
          <Fact name="Tensors" value={formatCount(memory.tensors)} />
          <Fact name="Dispatches" value={formatCount(memory.dispatches)} />
          <Fact name="Submits" value={formatCount(memory.submits)} />
        </dl>
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

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div className={styles.fact}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
