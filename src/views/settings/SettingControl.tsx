// The control of one row of the settings table: slider, number field, choice or switch, bound to the store. Every panel that shows a
// setting uses this, so a new row of `state/settings.ts` needs no other code. A setting without effect is shown, but disabled.
import { settingProblems } from "@/state/settingChecks";
import {
  type ChoiceSettingKey,
  choiceSetting,
  type NumberSettingKey,
  numberSetting,
  type Setting,
  type SettingOption,
  type Settings,
  type SwitchSettingKey,
  settingHelp,
  switchSetting,
  withoutEffect,
} from "@/state/settings";
import { useStore } from "@/state/store";
import { NumberField, Select, Switch } from "@/ui/Field";
import { formatEditable } from "@/ui/formatNumber";
import { Slider } from "@/ui/Slider";

/** Numbers with a wider range than this are typed, not dragged (seeds). */
const widestSlider = 2 ** 24;
const smallestWritten = 1e-4;

/** Tooltip, sentence below the field and whether the row can be changed, as the present settings have it. */
function useRow(row: Setting) {
  const help = useStore((state) => settingHelp(row, state.settings));
  const problem = useStore((state) => {
    // A knob of asking is disturbed by what only training minds once training has been refused for it.
    const isShared = row.group === "sampling" || row.group === "mask";
    return isShared && state.training.status !== "failed" ? undefined : settingProblems(state.settings, state.device)[row.key];
  });
  const disabled = useStore((state) => withoutEffect(row, state.settings) !== null);
  return { help, problem, disabled };
}

/** Slider or number field of a number setting. */
export function NumberSettingControl({ settingKey, compact = true }: { settingKey: NumberSettingKey; compact?: boolean }) {
  const value = useStore((state) => state.settings[settingKey]);
  const setSetting = useStore((state) => state.setSetting);
  const row = numberSetting(settingKey);
  const { zeroText, limitReason, label, integer = false, unit } = row;
  const format = (number: number) => {
    if (number === 0) return zeroText ?? "0";
    // The field has room for seven characters.
    return Math.abs(number) < smallestWritten ? number.toExponential() : formatEditable(number);
  };
  const common = { ...useRow(row), label, value, integer, limitReason, format };
  const set = (next: number) => setSetting(settingKey, next);
  if (row.max > widestSlider) return <NumberField {...common} min={row.min} max={row.max} onChange={set} />;
  return (
    <Slider
      {...common}
      min={row.sliderMin ?? row.min}
      max={row.sliderMax ?? row.max}
      hardMin={row.min}
      hardMax={row.max}
      step={row.step}
      scale={row.scale}
      compact={compact}
      valueText={value === 0 && zeroText ? zeroText : `${value}${unit ? ` ${unit}` : ""}`}
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
export function ChoiceSettingControl({ settingKey, hideLabel, disabled: isDisabled = false }: ChoiceProps) {
  const settings = useStore((state) => state.settings);
  const setSetting = useStore((state) => state.setSetting);
  const row = choiceSetting(settingKey);
  const { help, problem, disabled } = useRow(row);
  const value = settings[settingKey];
  const device = useStore((state) => state.device);
  const options = (row.optionsFor?.(settings) ?? row.options).map((option) => {
    const why = device ? row.missing?.(option.value, device) : undefined;
    return why ? { ...option, isMissing: true, help: `Not here: ${why}.` } : option;
  });
  return (
    <Select<string>
      label={row.label}
      value={value}
      options={withCurrent(options, row.options, value)}
      help={helpOfOption(options, value, help)}
      problem={problem}
      hideLabel={hideLabel ?? false}
      disabled={isDisabled || disabled}
      // The options of the table are the values of the setting's type (settings.test.ts holds them together).
      onChange={(next) => setSetting(settingKey, next as Settings[typeof settingKey])}
    />
  );
}

/** A value that is no option of the moment is shown all the same, beside the sentence that says why it cannot be used. */
function withCurrent(options: readonly SettingOption[], all: readonly SettingOption[], value: string): readonly SettingOption[] {
  if (options.some((option) => option.value === value)) return options;
  return [...options, ...all.filter((option) => option.value === value)];
}

function helpOfOption(options: readonly SettingOption[], value: string, help: string): string {
  const chosen = options.find((option) => option.value === value);
  return chosen?.help ? `${help}\n${chosen.label}: ${chosen.help}` : help;
}

/** Switch of a setting that is on or off. */
export function SwitchSettingControl({ settingKey }: { settingKey: SwitchSettingKey }) {
  const value = useStore((state) => state.settings[settingKey]);
  const setSetting = useStore((state) => state.setSetting);
  const row = switchSetting(settingKey);
  return <Switch {...useRow(row)} label={row.label} value={value} onChange={(next) => setSetting(settingKey, next)} />;
}
