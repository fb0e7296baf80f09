// One bar per token, coloured by bin: an overview of a rollout in a few pixels of height. Dumb: bins in, nothing out.
import { memo } from "react";
import { binClasses } from "../color/binClasses";
import styles from "./HeatStrip.module.css";
import { stripPaths } from "./stripPaths";

export interface HeatStripProps {
  readonly bins: Uint8Array;
  readonly height: number;
}

const width = 1000;

/** A decorative strip that stretches to its container; the numbers are in the text beside it. */
export const HeatStrip = memo(function HeatStrip({ bins, height }: HeatStripProps) {
  const paths = stripPaths(new Uint8Array(bins.length).fill(1), bins, { width, height });
  return (
    <svg
      className={styles.strip}
      viewBox={`0 0 ${width} ${height}`}
      height={height}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {paths.map((path, bin) => path && <path key={binClasses[bin]} className={binClasses[bin]} d={path} />)}
    </svg>
  );
});
