// The rectangle of the region mask: dragged on the picture, or set in percent with four number fields.
import { type PointerEvent, useRef } from "react";
import type { Region } from "@/state/selection";
import { NumberInput } from "@/ui/NumberInput";
import styles from "./PromptPanel.module.css";
import { regionFromCorners } from "./regionFromCorners";

/** Lies over the picture and takes drags; the fields of `RegionFields` do the same by keyboard. */
export function RegionOverlay({ region, onChange }: { region: Region | null; onChange: (region: Region | null) => void }) {
  const start = useRef<readonly [number, number] | null>(null);
  const at = (event: PointerEvent<HTMLDivElement>): readonly [number, number] => {
    const box = event.currentTarget.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  return (
    <div
      className={styles.regionOverlay}
      data-testid="region-overlay"
      onPointerDown={(event) => {
        start.current = at(event);
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (start.current) onChange(regionFromCorners(start.current, at(event)));
      }}
      onPointerUp={() => {
        start.current = null;
      }}
    >
      {region && (
        <div
          className={styles.regionBox}
          style={{
            left: `${region[0] * 100}%`,
            top: `${region[1] * 100}%`,
            width: `${(region[2] - region[0]) * 100}%`,
            height: `${(region[3] - region[1]) * 100}%`,
          }}
        />
      )}
    </div>
  );
}

const edges = ["Left", "Top", "Right", "Bottom"] as const;
const wholePicture: Region = [0, 0, 1, 1];

/** The four edges in percent. */
export function RegionFields({ region, onChange }: { region: Region | null; onChange: (region: Region | null) => void }) {
  const shown = region ?? wholePicture;
  return (
    <fieldset className={styles.regionFields}>
      <legend className="sr-only">Region edges in percent</legend>
      {edges.map((edge, i) => (
        <div key={edge} className={styles.regionField}>
          <span aria-hidden>{edge} %</span>
          <NumberInput
            label={`${edge} edge of the region in percent`}
            value={Math.round((shown[i] as number) * 100)}
            min={0}
            max={100}
            onChange={(percent) => {
              const next = shown.map((value, j) => (j === i ? percent / 100 : value));
              onChange(regionFromCorners([next[0] as number, next[1] as number], [next[2] as number, next[3] as number]));
            }}
          />
        </div>
      ))}
    </fieldset>
  );
}
