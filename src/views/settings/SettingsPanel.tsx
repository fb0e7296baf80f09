// The Settings tab: the knobs of training and of the update that have no place elsewhere, from the settings table, in groups. A new
// row appears here by itself.
import { RotateCcw } from "lucide-react";
import { type Setting, type SettingGroup, type SettingKey, settingsTable } from "@/state/settings";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { ChoiceSettingControl, NumberSettingControl } from "./SettingControl";
import styles from "./SettingsPanel.module.css";

const groups: readonly { readonly group: SettingGroup; readonly title: string }[] = [
  { group: "training", title: "Training" },
  { group: "policy", title: "Policy update" },
  { group: "view", title: "View" },
];

/** Knobs that have their place above the answer. */
const shownAboveAnswer: ReadonlySet<SettingKey> = new Set([
  "keepRatio",
  "betaMin",
  "preset",
  "dependencyMeasure",
  "colourBy",
  "scale",
  "marking",
  "granularity",
]);

/** The knobs that have no place of their own: mask and sampling stand beside the picture, the method above the answer. */
export function SettingsPanel() {
  const resetSettings = useStore((state) => state.resetSettings);
  return (
    <section className={styles.panel} aria-label="Settings">
      {groups.map(({ group, title }) => (
        <section key={group} className={styles.group} aria-label={title}>
          <h3 className={styles.title}>{title}</h3>
          {settingsTable
            .filter((row) => row.group === group && !shownAboveAnswer.has(row.key))
            .map((row) => (
              <SettingRow key={row.key} row={row} />
            ))}
        </section>
      ))}
      <div>
        <Button label="Defaults" icon={<RotateCcw aria-hidden />} onPress={resetSettings} />
      </div>
    </section>
  );
}

function SettingRow({ row }: { row: Setting }) {
  return row.kind === "number" ? <NumberSettingControl settingKey={row.key} /> : <ChoiceSettingControl settingKey={row.key} />;
}
