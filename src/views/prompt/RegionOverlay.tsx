// The rectangle on the picture: dragged, moved and sized with the arrow keys, or set in percent with four number fields.
import { type KeyboardEvent, type PointerEvent, useRef } from "react";
import { useLook } from "@/state/look/look";
import type { Region } from "@/state/selection";
import { classes } from "@/ui/classes";
import { formatPercent } from "@/ui/formatNumber";
import { NumberInput } from "@/ui/NumberInput";
import { movedRegion } from "./movedRegion";
import styles from "./PromptPanel.module.css";
import { regionFromCorners } from "./regionFromCorners";

export interface RegionOverlayProps {
  readonly region: Region | null;
  readonly onChange: (region: Region | null) => void;
  /** Where the pointer is while it draws nothing, in fractions of the picture; null when it has left. */
  readonly onPoint: (point: readonly [number, number] | null) => void;
}

/** Lies over the picture and takes drags and keys; a click without a drag changes nothing. */
export function RegionOverlay({ region, onChange, onPoint }: RegionOverlayProps) {
  const isTool = useLook((state) => state.isRegionTool);
  const start = useRef<readonly [number, number] | null>(null);
  const setDragging = (isDragging: boolean) => useLook.getState().set({ isDragging });
  const at = (event: PointerEvent<HTMLDivElement>): readonly [number, number] => {
    const box = event.currentTarget.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  const end = () => {
    start.current = null;
    setDragging(false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      onChange(null);
    }
    const next = movedRegion(region, event);
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    onChange(next);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: no element is a rectangle that is moved with arrows
    <div
      className={classes(styles.regionOverlay, isTool && styles.regionTool)}
      data-testid="region-overlay"
      role="group"
      aria-roledescription="region"
      aria-label={regionText(region)}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys work here
      tabIndex={0}
      onPointerDown={(event) => {
        // A finger scrolls, unless the tool is on.
        if (event.button !== 0 || (event.pointerType === "touch" && !isTool)) return;
        start.current = at(event);
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (!start.current) {
          onPoint(at(event));
          return;
        }
        const next = regionFromCorners(start.current, at(event));
        if (!next) return;
        onPoint(null);
        setDragging(true);
        onChange(next);
      }}
      onPointerLeave={() => onPoint(null)}
      onPointerUp={end}
      onPointerCancel={end}
      onKeyDown={onKeyDown}
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

function regionText(region: Region | null): string {
  if (!region) return "Region on the picture: none. Arrow keys draw one.";
  const [left, top, right, bottom] = region.map(formatPercent);
  return `Region on the picture: left ${left}, top ${top}, right ${right}, bottom ${bottom}`;
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
