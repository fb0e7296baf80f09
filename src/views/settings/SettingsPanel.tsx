// The Settings tab: the knobs of training that have no place elsewhere, from the settings table, in groups that fold, with a search
// over all of them. A new row appears here by itself. The user's reward function has its editor here.
import { RotateCcw } from "lucide-react";
import { useState } from "react";
import { settingProblems } from "@/state/settingChecks";
import { type Setting, withoutEffect } from "@/state/settings";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { RewardEditor } from "@/views/reward/RewardEditor";
import { ChoiceSettingControl, NumberSettingControl, SwitchSettingControl } from "./SettingControl";
import styles from "./SettingsPanel.module.css";
import { findSettings, placeElsewhere, type ShownGroup, shownGroups } from "./settingGroups";

/** The knobs that have no place of their own: mask and sampling stand beside the picture, the method above the answer. */
export function SettingsPanel() {
  const resetSettings = useStore((state) => state.resetSettings);
  const [search, setSearch] = useState("");
  const found = findSettings(search);
  const elsewhere = search.trim() === "" ? [] : found.filter((row) => placeElsewhere(row) !== null);
  return (
    <section className={styles.panel} aria-label="Settings">
      <div className={styles.tools}>
        <input
          type="search"
          className={styles.search}
          aria-label="Find a setting"
          placeholder="Find a setting"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <Button label="Defaults" icon={<RotateCcw aria-hidden />} onPress={resetSettings} />
      </div>
      {found.length === 0 && <p className={styles.note}>No setting has these words. Try another name, or the official key.</p>}
      {elsewhere.length > 0 && (
        <ul className={styles.note}>
          {elsewhere.map((row) => (
            <li key={row.key}>
              <strong>{row.label}</strong> is {placeElsewhere(row)}.
            </li>
          ))}
        </ul>
      )}
      <div className={styles.groups}>
        {shownGroups.map((group) => (
          <Group
            key={group.group}
            {...group}
            rows={found.filter((row) => row.group === group.group && placeElsewhere(row) === null)}
            isSearch={search.trim() !== ""}
          />
        ))}
      </div>
    </section>
  );
}

interface GroupProps extends ShownGroup {
  readonly rows: readonly Setting[];
  readonly isSearch: boolean;
}

function Group({ title, rows, isSearch, isOpen: isOpenAtFirst }: GroupProps) {
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  const hasProblem = useStore((state) =>
    rows.some(({ key }) => settingProblems(state.settings, state.device)[key] !== undefined),
  );
  if (rows.length === 0) return null;
  // What cannot be used is never folded away.
  const isShown = isOpen || isSearch || hasProblem;
  return (
    <section className={styles.group} aria-label={title}>
      <h3>
        <button type="button" className={styles.title} aria-expanded={isShown} onClick={() => setOpen(!isShown)}>
          {title}
        </button>
      </h3>
      {isShown && rows.map((row) => <SettingRow key={row.key} row={row} />)}
    </section>
  );
}

function SettingRow({ row }: { row: Setting }) {
  switch (row.kind) {
    case "number":
      return <NumberSettingControl settingKey={row.key} />;
    case "choice":
      return <ChoiceSettingControl settingKey={row.key} />;
    case "switch":
      return <SwitchSettingControl settingKey={row.key} />;
    case "text":
      return <OwnReward row={row} />;
    default:
      return row satisfies never;
  }
}

function OwnReward({ row }: { row: Setting }) {
  const isUsed = useStore((state) => withoutEffect(row, state.settings) === null);
  return isUsed ? <RewardEditor /> : null;
}
