// The control of one row of the settings table: slider, number field or choice, bound to the store. Every panel that shows a
// setting uses this, so a new row of `state/settings.ts` needs no other code.
import { type ChoiceSettingKey, choiceSetting, type NumberSettingKey, numberSetting, type Settings } from "@/state/settings";
import { useStore } from "@/state/store";
import { NumberField, Select } from "@/ui/Field";
import { Slider } from "@/ui/Slider";

/** Numbers with a wider range than this are typed, not dragged (seeds). */
const widestSlider = 2 ** 24;

/** Slider or number field of a number setting. */
export function NumberSettingControl({ settingKey, compact = true }: { settingKey: NumberSettingKey; compact?: boolean }) {
  const value = useStore((state) => state.settings[settingKey]);
  const setSetting = useStore((state) => state.setSetting);
  const row = numberSetting(settingKey);
  const unit = row.unit ? ` ${row.unit}` : "";
  const help = row.formula ? `${row.help}\n${row.formula}` : row.help;
  const set = (next: number) => setSetting(settingKey, next);
  if (row.max > widestSlider) {
    return (
      <NumberField
        label={row.label}
        value={value}
        min={row.min}
        max={row.max}
        integer={row.integer ?? false}
        help={help}
        onChange={set}
      />
    );
  }
  return (
    <Slider
      label={row.label}
      value={value}
      min={row.sliderMin ?? row.min}
      max={row.sliderMax ?? row.max}
      hardMin={row.min}
      hardMax={row.max}
      step={row.step}
      scale={row.scale}
      compact={compact}
      help={help}
      valueText={`${value}${unit}`}
      onChange={set}
    />
  );
}

interface ChoiceProps {
  readonly settingKey: ChoiceSettingKey;
  readonly hideLabel?: boolean;
  readonly disabled?: boolean;
}

/** Menu of a setting with named values. */
export function ChoiceSettingControl({ settingKey, hideLabel, disabled }: ChoiceProps) {
  const value = useStore((state) => state.settings[settingKey]);
  const setSetting = useStore((state) => state.setSetting);
  const row = choiceSetting(settingKey);
  return (
    <Select<string>
      label={row.label}
      value={value}
      options={row.options}
      help={row.help}
      hideLabel={hideLabel ?? false}
      disabled={disabled ?? false}
      // The options of the table are the values of the setting's type (settings.test.ts holds them together).
      onChange={(next) => setSetting(settingKey, next as Settings[typeof settingKey])}
    />
  );
}
