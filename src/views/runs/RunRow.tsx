// One run of the table: its name and note to be edited, how far it is, and what can be done with it.
import { ChartLine, Download, Play, Trash2 } from "lucide-react";
import { useState } from "react";
import type { RunInfo } from "@/protocol/runs";
import { useRuns } from "@/state/runs/runs";
import { changeRun, continueRun, deleteRun, openRun, runFile } from "@/state/runs/runsJobs";
import { useRunsView } from "@/state/runs/runsView";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { formatPercent } from "@/ui/formatNumber";
import { saveFile } from "@/ui/saveFile";
import { ConfirmButton } from "./ConfirmButton";
import { ForkButton } from "./ForkButton";
import styles from "./RunsPanel.module.css";
import { fileNameOf, originText, statusText, stepsText } from "./runFacts";

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A row of the runs table. */
export function RunRow({ run, runs }: { run: RunInfo; runs: readonly RunInfo[] }) {
  const { id, name, note, updatedAt, origin } = run;
  const isOpen = useRuns((state) => state.open?.id === id);
  const trains = useRuns((state) => state.training.has(id));
  const accuracy = useRuns((state) => state.accuracies[id] ?? Number.NaN);
  const isSelected = useRuns((state) => state.selectedRuns.includes(id));
  const toggleSelected = useRuns((state) => state.toggleSelected);
  const isTraining = useStore((state) => state.training.status === "running");
  const canTrain = useStore(({ training, loss }) => training.status !== "running" && !loss);
  const emphasise = useRunsView((state) => state.set);
  return (
    <tr
      className={styles.row}
      aria-current={isOpen ? "true" : undefined}
      onPointerEnter={() => emphasise({ emphasis: id })}
      onPointerLeave={() => emphasise({ emphasis: null })}
    >
      <td>
        <input
          type="checkbox"
          className={styles.check}
          aria-label={`Compare ${name}`}
          checked={isSelected}
          onChange={() => toggleSelected(id)}
        />
      </td>
      <td>
        <div className={styles.names}>
          <EditableText
            label={`Name of ${name}`}
            value={name}
            onChange={(next) => void changeRun(id, { name: next })}
            isRequired
          />
          <EditableText
            label={`Note on ${name}`}
            value={note}
            placeholder="Note"
            onChange={(next) => void changeRun(id, { note: next })}
          />
        </div>
      </td>
      <td>{statusText(run, { trains, here: isTraining && isOpen })}</td>
      <td>{stepsText(run)}</td>
      <td>{Number.isNaN(accuracy) ? "–" : formatPercent(accuracy)}</td>
      <td>{moment.format(updatedAt)}</td>
      <td className={styles.origin}>{originText(run, runs)}</td>
      <td>
        <div className={styles.actions}>
          <Button
            label={`Show the charts of ${name}`}
            iconOnly
            tone="quiet"
            icon={<ChartLine aria-hidden />}
            pressed={isOpen}
            disabled={isTraining}
            onPress={() => void openRun(id)}
          />
          <Button
            label={`Continue ${name}`}
            iconOnly
            tone="quiet"
            icon={<Play aria-hidden />}
            disabled={!canTrain || trains || origin === "log"}
            onPress={() => void continueRun(id)}
          />
          <ForkButton run={run} />
          <Button
            label={`Export ${name}`}
            iconOnly
            tone="quiet"
            icon={<Download aria-hidden />}
            onPress={() => void exportToFile(run)}
          />
          <ConfirmButton
            label={`Delete ${name}`}
            question={`Delete ${name}?`}
            iconOnly
            icon={<Trash2 aria-hidden />}
            disabled={trains}
            onConfirm={() => void deleteRun(id)}
          />
        </div>
      </td>
    </tr>
  );
}

async function exportToFile(run: RunInfo): Promise<void> {
  const file = await runFile(run.id);
  if (file) saveFile(fileNameOf(run), file);
}

interface EditableTextProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
  readonly isRequired?: boolean;
}

/** Text that is changed in place: taken when it is left or with Enter, given back with Escape. */
function EditableText({ label, value, onChange, placeholder, isRequired }: EditableTextProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const take = () => {
    const text = draft?.trim();
    setDraft(null);
    if (text !== undefined && text !== value && !(isRequired && text === "")) onChange(text);
  };
  return (
    <input
      type="text"
      className={styles.text}
      aria-label={label}
      autoComplete="off"
      placeholder={placeholder}
      value={draft ?? value}
      onChange={(event) => setDraft(event.target.value)}
      onBlur={take}
      onKeyDown={(event) => {
        if (event.key === "Enter") event.currentTarget.blur();
        if (event.key === "Escape") setDraft(null);
      }}
    />
  );
}
