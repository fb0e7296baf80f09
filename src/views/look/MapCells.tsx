// The cells of an occlusion map as SVG: colour by bin, the picture showing through weak ones, a hatch where the value is not
// distinguishable from noise. Drawn over the original in Input and, larger, in the Inspector.
import { useId } from "react";
import { classes } from "@/ui/classes";
import { binClasses } from "@/ui/color/binClasses";
import styles from "./Look.module.css";
import type { DrawnCell } from "./mapGeometry";

/** Id of a cell's element, for the list that holds it. */
export const cellId = (list: string, key: string) => `${list}-${key}`;

/** The cells; with `list` they are the options of that listbox. */
export function MapCells({ cells, active, list }: { cells: readonly DrawnCell[]; active: string | null; list?: string }) {
  const hatch = useId();
  return (
    <>
      <defs>
        <pattern id={hatch} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          {/* A dark and a light line: one of them is seen on any colour. */}
          <line className={styles.hatch} x1="0.5" x2="0.5" y1="0" y2="6" />
          <line className={styles.hatchLight} x1="1.5" x2="1.5" y1="0" y2="6" />
        </pattern>
      </defs>
      {cells.map(({ key, x, y, width, height, bin, opacity, isHatched, label }) => (
        <g
          key={key}
          className={binClasses[bin]}
          {...(list ? { id: cellId(list, key), role: "option", "aria-selected": key === active, "aria-label": label } : {})}
        >
          <rect className={styles.cell} x={x} y={y} width={width} height={height} fillOpacity={opacity} />
          {isHatched && <rect x={x} y={y} width={width} height={height} fill={`url(#${hatch})`} />}
          <rect
            className={classes(key === active ? styles.activeCell : styles.cellEdge)}
            x={x + 0.5}
            y={y + 0.5}
            width={Math.max(0, width - 1)}
            height={Math.max(0, height - 1)}
          />
        </g>
      ))}
    </>
  );
}
