// What the colours mean: which number, on which scale, averaged over what, and the legend with its unit.
import { colourings } from "@/state/colourings";
import { type ChoiceSettingKey, choiceSetting, type Settings } from "@/state/settings";
import { useStore } from "@/state/store";
import { type TokenColours, useTokenColours } from "@/state/tokenColours";
import { unitOf } from "@/state/tokenFacts";
import { binClasses } from "@/ui/color/binClasses";
import { valueAtPosition } from "@/ui/color/binning";
import { binCount } from "@/ui/color/maps";
import { Select } from "@/ui/Field";
import { formatNumber } from "@/ui/formatNumber";
import styles from "./ColourBar.module.css";

/** Pickers and legend of the token colours. */
export function ColourBar() {
  const colours = useTokenColours();
  const colourBy = useStore((state) => state.settings.colourBy);
  const measure = useStore((state) => state.settings.dependencyMeasure);
  const unit = colourBy === "dependency" ? unitOf(measure) : colourings[colourBy].unit;
  return (
    <div className={styles.bar}>
      <div className={styles.pickers}>
        <Picker name="colourBy" />
        <Picker name="scale" />
        <Picker name="granularity" />
        <Picker name="marking" />
      </div>
      <Legend colours={colours} unit={unit} help={colourings[colourBy].help} />
    </div>
  );
}

function Picker({ name }: { name: ChoiceSettingKey }) {
  const row = choiceSetting(name);
  const value = useStore((state) => state.settings[name]);
  const setSetting = useStore((state) => state.setSetting);
  return (
    <Select
      label={row.label}
      hideLabel
      value={value}
      // The table holds exactly the values of this key.
      options={row.options as readonly { value: Settings[typeof name]; label: string; help?: string }[]}
      help={`${row.label}: ${row.help}`}
      onChange={(next) => setSetting(name, next)}
    />
  );
}

function Legend({ colours: { domain, scale }, unit, help }: { colours: TokenColours; unit: string; help: string }) {
  const low = domain.signed ? -domain.max : 0;
  const middle = valueAtPosition(domain.signed ? 0.5 : 0.5, domain, scale);
  const end = scale === "rank" ? valueAtPosition(1, domain, scale) : domain.max;
  const label = `${formatNumber(low)} to ${formatNumber(end)} ${unit}, ${scale} scale`;
  return (
    <figure className={styles.legend} title={help}>
      <div className={styles.ramp} role="img" aria-label={`Colour legend: ${label}`}>
        {Array.from({ length: binCount }, (_, bin) => (
          <i key={binClasses[bin]} className={binClasses[bin]} />
        ))}
      </div>
      <figcaption className={styles.ticks} aria-hidden="true">
        <span>{formatNumber(low)}</span>
        <span>{formatNumber(middle)}</span>
        <span>
          {scale === "rank" ? "" : "≥ "}
          {formatNumber(end)} {unit}
        </span>
      </figcaption>
      <p className={styles.key}>
        <span className={styles.dot} aria-hidden="true" /> kept
      </p>
    </figure>
  );
}
