// The System tab: device, model and memory in plain numbers, what the device can do in words, and what to do when something is
// missing. Memory is read from the engine on request, never on a timer.
import { RefreshCw } from "lucide-react";
import { type ReactNode, useState } from "react";
import { engineClient } from "@/client/engineClient";
import type { MemoryReport } from "@/protocol/engine";
import { loadModel } from "@/state/modelJob";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
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
    </Card>
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
