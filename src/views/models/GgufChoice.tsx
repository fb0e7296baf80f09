// Which two files of a source are the GGUF model and its vision tower: menus where the files are known (a folder of this machine, a
// repository that was listed), names for any other server.
import { useState } from "react";
import { ggufChoices } from "@/lib/ggufFiles";
import type { GgufFiles, ModelSource } from "@/protocol/model";
import { listFiles } from "@/state/models/modelJob";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/Field";
import { TextField } from "@/ui/TextField";
import styles from "./GgufChoice.module.css";

/** The choice; nothing where a folder has no GGUF pair. */
export function GgufChoice({ source }: { source: ModelSource }) {
  if (source.kind === "files") return <ListedChoice source={source} paths={source.files.map(({ path }) => path)} />;
  if (source.kind === "hub") return <HubChoice key={`${source.repo}@${source.revision}`} source={source} />;
  return <NamedChoice source={source} />;
}

const safetensors = "";

/** A repository: its files are listed when somebody wants them. */
function HubChoice({ source }: { source: ModelSource & { readonly kind: "hub" } }) {
  const [paths, setPaths] = useState<readonly string[] | null>(null);
  const [isListing, setListing] = useState(false);
  const list = async () => {
    setListing(true);
    setPaths(await listFiles(source));
    setListing(false);
  };
  const { models, projectors } = ggufChoices(paths ?? []);
  const hasPair = models.length > 0 && projectors.length > 0;
  return (
    <details className={styles.named} open={source.gguf !== undefined || undefined}>
      <summary>GGUF files instead of safetensors</summary>
      {paths && hasPair && <ListedChoice source={source} paths={paths} />}
      {paths && !hasPair && <p>This repository has no GGUF model with its vision file (mmproj).</p>}
      {!paths && (
        <div className={styles.buttons}>
          <Button
            label={isListing ? "Listing…" : "List the repository's files"}
            disabled={isListing}
            onPress={() => void list()}
          />
        </div>
      )}
    </details>
  );
}

/** Menus over known files; nothing where they hold no GGUF pair. */
function ListedChoice({ source, paths }: { source: ModelSource; paths: readonly string[] }) {
  const choose = useStore((state) => state.choose);
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

function NamedChoice({ source }: { source: ModelSource & { readonly kind: "url" } }) {
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
