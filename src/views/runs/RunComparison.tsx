// Below the table of runs: the pinned ones side by side. One of them is the baseline; what they came to, with differences to it, and the
// settings in which they differ.
import { useMemo } from "react";
import { useExportSource } from "@/state/exportSources";
import { useRuns } from "@/state/runs/runs";
import { useRunSeries } from "@/state/runs/runsSeries";
import { useRunsView } from "@/state/runs/runsView";
import { useStore } from "@/state/store";
import { formatBytes, formatNumber, formatPercent } from "@/ui/formatNumber";
import { type ComparedRun, comparisonTable, finalRows, finalSteps, settingRows } from "./compareRuns";
import styles from "./RunComparison.module.css";

/** The comparison; nothing for fewer than two pinned runs. */
export function RunComparison() {
  const selected = useRuns((state) => state.selectedRuns);
  const baseline = useRuns((state) => state.baseline);
  // The run that trains grows without its entry being read again.
  useStore((state) => state.training.step);
  const pinned = useRunSeries(selected);
  const runs = useMemo(
    () =>
      pinned.map(
        ({ run: { id, name, settings }, series }): ComparedRun => ({
          id,
          name,
          series,
          settings: settings.at(-1)?.settings,
        }),
      ),
    [pinned],
  );
  useExportSource(
    runs.length > 1
      ? { id: "run-comparison", title: "Compared runs", panel: "runs", table: () => comparisonTable(runs, baseline) }
      : null,
  );
  if (runs.length < 2) return null;
  return (
    <section className={styles.comparison} aria-label="Compared runs">
      <h3 className={styles.title}>Compared runs</h3>
      <div className={styles.scroll}>
        <table className={styles.table}>
          <Head runs={runs} baseline={baseline} />
          <FinalBody runs={runs} baseline={baseline} />
          <SettingsBody runs={runs} />
        </table>
      </div>
    </section>
  );
}

interface PartProps {
  readonly runs: readonly ComparedRun[];
  readonly baseline: string | null;
}

function Head({ runs, baseline }: PartProps) {
  const setBaseline = useRuns((state) => state.setBaseline);
  const set = useRunsView((state) => state.set);
  return (
    <thead>
      <tr>
        <td />
        {runs.map(({ id, name }) => (
          <th key={id} scope="col" onPointerEnter={() => set({ emphasis: id })} onPointerLeave={() => set({ emphasis: null })}>
            <span className={styles.name}>{name}</span>
            <label className={styles.baseline}>
              <input
                type="radio"
                name="baseline"
                aria-label={`${name} is the baseline`}
                checked={id === baseline}
                onChange={() => setBaseline(id)}
              />
              baseline
            </label>
          </th>
        ))}
      </tr>
    </thead>
  );
}

function FinalBody({ runs, baseline }: PartProps) {
  const rows = finalRows(runs, baseline);
  return (
    <tbody>
      <tr>
        <th scope="rowgroup" colSpan={runs.length + 1} className={styles.part}>
          {`Mean of the last ${finalSteps} steps`}
          {baseline === null && <span className={styles.hint}> Choose a baseline to see differences to it.</span>}
        </th>
      </tr>
      {rows.map(({ metric: { key, label, unit, help, format }, values, differences }) => (
        <tr key={key}>
          <th scope="row" title={help}>
            {label}
            {unit !== "" && <span className={styles.unit}> {unit}</span>}
          </th>
          {runs.map(({ id }, i) => (
            <td key={id}>
              {valueText(values[i] ?? Number.NaN, format)}
              <span className={styles.difference}>{differenceText(differences[i] ?? Number.NaN, format)}</span>
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  );
}

function SettingsBody({ runs }: Pick<PartProps, "runs">) {
  const rows = settingRows(runs);
  return (
    <tbody>
      <tr>
        <th scope="rowgroup" colSpan={runs.length + 1} className={styles.part}>
          {rows.length === 0 ? "Settings: no difference" : "Settings that differ, at the last step"}
        </th>
      </tr>
      {rows.map(({ key, label, help, values }) => (
        <tr key={key}>
          <th scope="row" title={help}>
            {label}
          </th>
          {runs.map(({ id }, i) => (
            <td key={id}>{values[i]}</td>
          ))}
        </tr>
      ))}
    </tbody>
  );
}

type Format = ReturnType<typeof finalRows>[number]["metric"]["format"];

function valueText(value: number, format: Format): string {
  if (Number.isNaN(value)) return "–";
  return format === "percent" ? formatPercent(value) : format === "bytes" ? formatBytes(value) : formatNumber(value);
}

/** "+4.1 points"; empty where there is nothing to compare. */
function differenceText(value: number, format: Format): string {
  if (Number.isNaN(value)) return "";
  const rounded = format === "percent" ? Number((100 * value).toFixed(1)) : value;
  const sign = rounded > 0 ? "+" : rounded < 0 ? "−" : "±";
  const size = Math.abs(rounded);
  if (format === "percent") return `${sign}${formatNumber(size)} points`;
  return `${sign}${format === "bytes" ? formatBytes(size) : formatNumber(size)}`;
}
