// What the colours mean: which number, on which scale, over which part of the text, the legend with unit and formula, and the badge of
// an overlay that has taken the colouring's place. The rarer choices of the view open below, from a file of their own.
import { SlidersHorizontal, Table2, X } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useUpdate } from "@/state/answers/update";
import { type ChoiceSettingKey, choiceSetting, type Settings } from "@/state/settings";
import { useStore } from "@/state/store";
import { type ColourBy, colourings } from "@/state/tokens/colourings";
import { whyNoValues } from "@/state/tokens/colouringValues";
import { clearOverlay, colourTokensBy, useTokenColours } from "@/state/tokens/tokenColours";
import { Button } from "@/ui/Button";
import { binClasses } from "@/ui/color/binClasses";
import { valueAtPosition } from "@/ui/color/binning";
import { binCount } from "@/ui/color/maps";
import { Select } from "@/ui/Field";
import { formatNumber } from "@/ui/formatNumber";
import styles from "./ColourBar.module.css";

const ViewOptions = lazy(async () => ({ default: (await import("./ColourBarOptions")).ColourBarOptions }));

/** Pickers and legend of the token colours. */
export function ColourBar() {
  const colourBy = useStore((state) => state.settings.colourBy);
  const answerAs = useStore((state) => state.settings.answerAs);
  const setSetting = useStore((state) => state.setSetting);
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <div className={styles.bar}>
        <div className={styles.pickers}>
          <ColourByPicker value={colourBy} />
          <Picker name="scale" />
          <Picker name="granularity" />
          <Button
            label="View options"
            icon={<SlidersHorizontal />}
            iconOnly
            tone="quiet"
            pressed={isOpen}
            onPress={() => setOpen(!isOpen)}
          />
          <Button
            label="Tokens as a table"
            hint="T"
            icon={<Table2 />}
            iconOnly
            tone="quiet"
            pressed={answerAs === "table"}
            onPress={() => setSetting("answerAs", answerAs === "table" ? "text" : "table")}
          />
        </div>
        <Legend />
      </div>
      <OverlayBadge />
      {isOpen && (
        <Suspense fallback={null}>
          <ViewOptions />
        </Suspense>
      )}
    </>
  );
}

// Each of these follows the tokens by itself, so that a streaming answer does not draw the pickers again.

/** What has taken the colouring's place, with its way out; or why the chosen number is missing. */
function OverlayBadge() {
  const { overlay } = useTokenColours().meaning;
  const update = useUpdate();
  const colourBy = useStore((state) => state.settings.colourBy);
  const missing = whyNoValues(colourBy, update);
  if (!overlay) return missing && <p className={styles.note}>{missing}</p>;
  return (
    <p className={styles.badge} role="status">
      <span>
        Colours show: <strong>{overlay.label}</strong>
      </span>
      <Button label="Clear the overlay" hint="Esc" icon={<X />} iconOnly tone="quiet" onPress={() => clearOverlay()} />
    </p>
  );
}

function ColourByPicker({ value }: { value: ColourBy }) {
  const { label, help } = choiceSetting("colourBy");
  const options = Object.entries(colourings).map(([name, row]) => ({
    // The names of the table are its keys.
    value: name as ColourBy,
    label: row.label,
    help: `${row.help} ${row.formula}`,
  }));
  return <Select label={label} hideLabel value={value} options={options} help={`${label}: ${help}`} onChange={colourTokensBy} />;
}

function Picker({ name }: { name: Exclude<ChoiceSettingKey, "colourBy"> }) {
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

function Legend() {
  const { domain, scale, meaning } = useTokenColours();
  const low = domain.signed ? -domain.max : 0;
  const middle = valueAtPosition(0.5, domain, scale);
  const end = scale === "rank" ? valueAtPosition(1, domain, scale) : domain.max;
  const { label, unit, formula, help } = meaning;
  const range = `${formatNumber(low)} to ${formatNumber(end)} ${unit}`.trim();
  return (
    <figure className={styles.legend} title={help}>
      <div className={styles.ramp} role="img" aria-label={`Colour legend: ${label}, ${range}, ${scale} scale`}>
        {Array.from({ length: binCount }, (_, bin) => (
          <i key={binClasses[bin]} className={binClasses[bin]} />
        ))}
      </div>
      <figcaption className={styles.caption}>
        <span className={styles.ticks} aria-hidden="true">
          <span>
            {domain.signed && scale !== "rank" ? "≤ " : ""}
            {formatNumber(low)}
          </span>
          <span>{formatNumber(middle)}</span>
          <span>
            {scale === "rank" ? "" : "≥ "}
            {formatNumber(end)} {unit}
          </span>
        </span>
        <span className={styles.formula}>{formula}</span>
      </figcaption>
      <p className={styles.key}>
        <span className={styles.dot} aria-hidden="true" /> kept
      </p>
    </figure>
  );
}
