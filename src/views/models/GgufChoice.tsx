// Which two files of a source are the GGUF model and its vision tower: two menus for a folder of this machine, two names for a server,
// whose files the page does not list.
import { useState } from "react";
import { ggufChoices } from "@/lib/ggufFiles";
import type { GgufFiles, ModelSource } from "@/protocol/model";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/Field";
import { TextField } from "@/ui/TextField";
import styles from "./GgufChoice.module.css";

/** The choice; nothing where a folder has no GGUF pair. */
export function GgufChoice({ source }: { source: ModelSource }) {
  if (source.kind === "files") return <LocalChoice source={source} />;
  return <NamedChoice source={source} />;
}

const safetensors = "";

function LocalChoice({ source }: { source: ModelSource & { readonly kind: "files" } }) {
  const choose = useStore((state) => state.choose);
  const paths = source.files.map(({ path }) => path);
  const { models, projectors } = ggufChoices(paths);
  const [firstModel] = models;
  const [firstProjector] = projectors;
  if (firstModel === undefined || firstProjector === undefined) return null;
  const hasSafetensors = paths.some((path) => /\.safetensors$/i.test(path));
  const gguf = source.gguf ?? { model: safetensors, projector: firstProjector };
  const set = (change: Partial<GgufFiles>) => {
    const next = { ...gguf, ...change };
    const { gguf: _, ...rest } = source;
    choose(next.model === safetensors ? rest : { ...rest, gguf: next });
  };
  return (
    <div className={styles.choice}>
      <Select
        label="Model file"
        value={gguf.model}
        options={[
          ...(hasSafetensors ? [{ value: safetensors, label: "The safetensors files" }] : []),
          ...models.map((value) => ({ value, label: value })),
        ]}
        onChange={(model) => set({ model })}
      />
      <Select
        label="Vision file"
        value={gguf.projector}
        options={projectors.map((value) => ({ value, label: value }))}
        disabled={gguf.model === safetensors}
        onChange={(projector) => set({ projector })}
      />
    </div>
  );
}

function NamedChoice({ source }: { source: Exclude<ModelSource, { readonly kind: "files" }> }) {
  const choose = useStore((state) => state.choose);
  const [model, setModel] = useState(source.gguf?.model ?? "");
  const [projector, setProjector] = useState(source.gguf?.projector ?? "");
  const isUsed = source.gguf !== undefined;
  const isWhole = [model, projector].every((name) => /\.gguf$/i.test(name.trim()));
  const { gguf: _, ...plain } = source;
  return (
    <details className={styles.named} open={isUsed}>
      <summary>GGUF files instead of safetensors</summary>
      <TextField label="Model file" value={model} placeholder="model-Q4_K_M.gguf" onChange={setModel} />
      <TextField label="Vision file" value={projector} placeholder="mmproj-model-f16.gguf" onChange={setProjector} />
      <div className={styles.buttons}>
        <Button
          label="Use these files"
          disabled={!isWhole}
          onPress={() => choose({ ...plain, gguf: { model: model.trim(), projector: projector.trim() } })}
        />
        {isUsed && <Button label="Use safetensors" tone="quiet" onPress={() => choose(plain)} />}
      </div>
    </details>
  );
}
