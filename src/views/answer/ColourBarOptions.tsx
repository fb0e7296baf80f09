// The rarer choices of the answer's view: colour map and where it ends, value of a part and the pattern that cuts parts, marking, line
// spacing, signs for white space. Opened from the colour bar.
import { useState } from "react";
import { numberSetting, settingHelp, withoutEffect } from "@/state/settings";
import { useStore } from "@/state/store";
import { readPattern } from "@/state/tokens/granularity";
import { useGranularityPattern } from "@/state/tokens/granularityPattern";
import { useTokenColours } from "@/state/tokens/tokenColours";
import { niceAbove } from "@/ui/color/binning";
import { formatEditable, formatNumber } from "@/ui/formatNumber";
import { Slider } from "@/ui/Slider";
import { TextField } from "@/ui/TextField";
import { ChoiceSettingControl, SwitchSettingControl } from "@/views/settings/SettingControl";
import styles from "./ColourBar.module.css";

/** Controls of the view; takes no props. */
export function ColourBarOptions() {
  const isPattern = useStore((state) => state.settings.granularity === "pattern");
  return (
    <fieldset className={styles.options}>
      <legend className="sr-only">View options</legend>
      <ChoiceSettingControl settingKey="colourMap" />
      <EndControl />
      <ChoiceSettingControl settingKey="groupValue" />
      <ChoiceSettingControl settingKey="marking" />
      <ChoiceSettingControl settingKey="density" />
      <SwitchSettingControl settingKey="whitespace" />
      {isPattern && <PatternField />}
    </fieldset>
  );
}

/** Where the colours end, over the values there are. */
function EndControl() {
  const row = numberSetting("colourMax");
  const value = useStore((state) => state.settings.colourMax);
  const help = useStore((state) => settingHelp(row, state.settings));
  const disabled = useStore((state) => withoutEffect(row, state.settings) !== null);
  const setSetting = useStore((state) => state.setSetting);
  const { domain, meaning } = useTokenColours();
  const max = niceAbove(Math.max(domain.sorted.at(-1) ?? 0, value, 1e-6));
  const auto = `auto, ${formatNumber(domain.max)}`;
  return (
    <Slider
      label={row.label}
      value={value}
      min={0}
      max={max}
      hardMax={row.max}
      step={max / 100}
      compact
      disabled={disabled || meaning.overlay !== null}
      help={help}
      format={(end) => (end === 0 ? "auto" : formatEditable(end))}
      valueText={`${value === 0 ? auto : formatNumber(value)} ${meaning.unit}`.trim()}
      onChange={(next) => setSetting("colourMax", next)}
    />
  );
}

/** The pattern is used when the field is left or Enter is pressed: half a pattern cuts something else. */
function PatternField() {
  const { source, setSource } = useGranularityPattern();
  const [draft, setDraft] = useState(source);
  const read = readPattern(draft);
  return (
    <form
      className={styles.pattern}
      onBlur={() => setSource(draft)}
      onSubmit={(event) => {
        event.preventDefault();
        setSource(draft);
      }}
    >
      <TextField
        label="A part ends with"
        value={draft}
        onChange={setDraft}
        help="A regular expression. It stays in this tab: a link does not hold it."
        error={"problem" in read ? read.problem : null}
      />
    </form>
  );
}
