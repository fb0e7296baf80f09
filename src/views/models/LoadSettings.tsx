// How the chosen model is loaded: number format per part, context and memory limit, all rows of the settings table.
import { useStore } from "@/state/store";
import { ChoiceSettingControl, NumberSettingControl } from "@/views/settings/SettingControl";
import styles from "./LoadSettings.module.css";

/** The loading knobs. */
export function LoadSettings() {
  const hasGroups = useStore(({ settings }) =>
    [settings.textFormat, settings.visionFormat, settings.headFormat].some((format) => format === "int4" || format === "int8"),
  );
  return (
    <fieldset className={styles.settings}>
      <legend className={styles.title}>How it is loaded</legend>
      <ChoiceSettingControl settingKey="textFormat" />
      <ChoiceSettingControl settingKey="visionFormat" />
      <ChoiceSettingControl settingKey="headFormat" />
      <ChoiceSettingControl settingKey="groupSize" disabled={!hasGroups} />
      <NumberSettingControl settingKey="contextTokens" />
      <NumberSettingControl settingKey="memoryGiB" />
      <p className={styles.note}>Browsers do not tell how much memory a GPU has: 0 GiB leaves it to the engine's estimate.</p>
    </fieldset>
  );
}
