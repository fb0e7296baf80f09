// The files of a run: its metrics as CSV and as the official logger's files, logs of other trainers, and the adapter.
import { Download, FileDown, FileUp, FolderOpen, Save } from "lucide-react";
import { type ReactNode, useRef } from "react";
import { loadAdapter, saveAdapter } from "@/state/models/modelJob";
import { useRuns } from "@/state/runs/runs";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { saveFile } from "@/ui/saveFile";
import { adapterBlobs, readAdapterFiles } from "./adapterFiles";
import { type ChartRun, runToCsv } from "./charts";
import { importLogs, logFilesOf } from "./logFiles";
import styles from "./TrainingPanel.module.css";

/** Buttons that save the run's files and take files in. */
export function RunFiles({ run }: { readonly run: ChartRun | undefined }) {
  const settings = useRuns((state) => state.runs?.find(({ id }) => id === run?.id)?.settings.at(-1)?.settings);
  const modelReady = useStore((state) => state.model.status === "ready");
  return (
    <>
      <Button
        label="Save the run as CSV"
        iconOnly
        icon={<Download aria-hidden />}
        disabled={!run}
        onPress={() => run && saveFile("run.csv", new Blob([runToCsv(run.series)], { type: "text/csv" }))}
      />
      <Button
        label="Save log"
        iconOnly
        icon={<FileDown aria-hidden />}
        disabled={!run}
        onPress={() => {
          if (run) for (const { name, blob } of logFilesOf(run.series, run.name, settings)) saveFile(name, blob);
        }}
      />
      <FileButton
        label="Import log"
        iconOnly
        icon={<FileUp aria-hidden />}
        files="Log files"
        accept=".jsonl,.json"
        onFiles={importLogs}
      />
      <span className={styles.divider} />
      <Button
        label="Save adapter"
        iconOnly
        icon={<Save aria-hidden />}
        disabled={!modelReady}
        onPress={() => void saveAdapterFiles()}
      />
      <FileButton
        label="Load adapter"
        iconOnly
        icon={<FolderOpen aria-hidden />}
        files="Adapter files"
        accept=".json,.safetensors"
        disabled={!modelReady}
        onFiles={loadAdapterFiles}
      />
    </>
  );
}

interface FileButtonProps {
  readonly label: string;
  readonly icon: ReactNode;
  /** Name of the hidden file input. */
  readonly files: string;
  readonly accept: string;
  readonly disabled?: boolean;
  readonly iconOnly?: boolean;
  readonly onFiles: (files: readonly File[]) => Promise<void>;
}

function FileButton({ label, icon, files, accept, disabled = false, iconOnly = false, onFiles }: FileButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button label={label} icon={icon} iconOnly={iconOnly} disabled={disabled} onPress={() => input.current?.click()} />
      <input
        ref={input}
        type="file"
        multiple
        className="sr-only"
        tabIndex={-1}
        aria-label={files}
        accept={accept}
        onChange={(event) => {
          void onFiles([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
    </>
  );
}

async function saveAdapterFiles(): Promise<void> {
  const files = await saveAdapter();
  if (files) for (const { name, blob } of adapterBlobs(files)) saveFile(name, blob);
}

async function loadAdapterFiles(chosen: readonly File[]): Promise<void> {
  if (chosen.length === 0) return;
  try {
    const files = await readAdapterFiles(chosen);
    await loadAdapter(files, chosen.map(({ name }) => name).join(" + "));
  } catch (error) {
    useStore.getState().fail(error);
  }
}
