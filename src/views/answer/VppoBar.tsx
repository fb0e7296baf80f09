// The knobs of the update and what they do to the shown answer: k, beta_min, method, dependency measure; kept tokens, their share of
// the dependency and beta_max. The numbers come from the same function that trains.
import { Redo2, Undo2 } from "lucide-react";
import { useStore as useZustand } from "zustand";
import { keptTokenCount } from "@/rl/tokenFilter";
import { type AnswerUpdate, useUpdate } from "@/state/answers/update";
import { applyPreset, presets } from "@/state/presets";
import { choiceSetting, numberSetting, type Settings, settingHelp, withoutEffect } from "@/state/settings";
import { redo, undo, useStore } from "@/state/store";
import { measureSymbols } from "@/state/tokens/tokenFacts";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/Field";
import { formatNumber } from "@/ui/formatNumber";
import { Slider } from "@/ui/Slider";
import { formatFixed, formatShare } from "@/ui/tokens/numberText";
import styles from "./VppoBar.module.css";

/** The sticky bar on top of the answer. */
export function VppoBar() {
  const update = useUpdate();
  return (
    <div className={styles.bar}>
      <div className={styles.knobs}>
        <Knob name="keepRatio" valueText={keepText} />
        <Knob name="betaMin" valueText={(value) => formatNumber(value)} />
      </div>
      <div className={styles.second}>
        <Figures update={update} />
        <div className={styles.choices}>
          <MethodSelect />
          <MeasureSelect />
        </div>
        <History />
      </div>
    </div>
  );

  function keepText(value: number): string {
    const { preview, dependencies } = update;
    const isCounted = update.policy.tokenSelection === "dependency" || update.policy.tokenSelection === "random";
    if (!preview || !isCounted) return `keep ${formatShare(value)}`;
    const kept = dependencies.reduce((count, dependency) => count + keptTokenCount(value, dependency.length), 0);
    return `keep ${formatShare(value)}, ${kept} of ${preview.tokenCount} tokens`;
  }
}

interface KnobProps {
  readonly name: "keepRatio" | "betaMin";
  readonly valueText: (value: number) => string;
}

function Knob({ name, valueText }: KnobProps) {
  const row = numberSetting(name);
  const value = useStore((state) => state.settings[name]);
  const help = useStore((state) => settingHelp(row, state.settings));
  const disabled = useStore((state) => withoutEffect(row, state.settings) !== null);
  const setSetting = useStore((state) => state.setSetting);
  return (
    <Slider
      label={row.label}
      value={value}
      min={row.sliderMin ?? row.min}
      max={row.sliderMax ?? row.max}
      hardMin={row.min}
      hardMax={row.max}
      step={row.step}
      disabled={disabled}
      onChange={(next) => setSetting(name, next)}
      valueText={valueText(value)}
      help={help}
      limitReason={row.limitReason}
    />
  );
}

function MethodSelect() {
  const row = choiceSetting("preset");
  const preset = useStore((state) => state.settings.preset);
  const isChanged = useStore(({ settings }) => !sameMethod(settings, applyPreset(settings, settings.preset)));
  const setSetting = useStore((state) => state.setSetting);
  const options = row.options.map(({ value, label, help }) => ({
    value,
    label: value === preset && isChanged ? `${label} *` : label,
    ...(help === undefined ? {} : { help }),
  }));
  const help = isChanged ? `${presets[preset].help} * Some of its values were changed.` : presets[preset].help;
  return (
    <Select
      label={row.label}
      value={preset}
      options={options}
      help={help}
      onChange={(value) => setSetting("preset", value as Settings["preset"])}
    />
  );
}

function MeasureSelect() {
  const row = choiceSetting("dependencyMeasure");
  const value = useStore((state) => state.settings.dependencyMeasure);
  const setSetting = useStore((state) => state.setSetting);
  return (
    <Select
      label={row.label}
      value={value}
      options={row.options as readonly { value: Settings["dependencyMeasure"]; label: string; help?: string }[]}
      help={row.help}
      onChange={(next) => setSetting("dependencyMeasure", next)}
    />
  );
}

function Figures({ update: { preview, policy } }: { update: AnswerUpdate }) {
  const betaMax = preview?.betaMax.find((value) => value !== null) ?? null;
  return (
    <dl className={styles.figures} aria-label="Effect on the shown answer">
      <div>
        <dt>kept</dt>
        <dd>
          <strong>{preview ? formatNumber(preview.keptCount) : "–"}</strong>
          {preview && <> of {preview.tokenCount}</>}
        </dd>
      </div>
      <div>
        <dt>of {measureSymbols[policy.dependencyMeasure]}</dt>
        <dd>
          <strong>{preview ? formatShare(preview.keptShare) : "–"}</strong>
        </dd>
      </div>
      <div>
        <dt title="Upper end of the factor on an advantage, chosen so that the mean factor is 1">β_max</dt>
        <dd>
          <strong>{betaMax === null ? "–" : formatFixed(betaMax, 2)}</strong>
        </dd>
      </div>
    </dl>
  );
}

function History() {
  const canUndo = useZustand(useStore.temporal, (state) => state.pastStates.length > 0);
  const canRedo = useZustand(useStore.temporal, (state) => state.futureStates.length > 0);
  return (
    <div className={styles.history}>
      <Button label="Undo" hint="Ctrl Z" icon={<Undo2 />} iconOnly tone="quiet" disabled={!canUndo} onPress={undo} />
      <Button label="Redo" hint="Ctrl Y" icon={<Redo2 />} iconOnly tone="quiet" disabled={!canRedo} onPress={redo} />
    </div>
  );
}

function sameMethod(a: Settings, b: Settings): boolean {
  return (Object.keys(a) as (keyof Settings)[]).every((key) => a[key] === b[key]);
}
