// Histogram of token dependency with the cumulative curve and a threshold that can be dragged, moved by keys or, elsewhere, typed as
// k: all three are one number. Clicking a bar pins its strongest token.
import { type KeyboardEvent, type PointerEvent, useMemo } from "react";
import { useStore } from "@/state/store";
import { formatNumber } from "@/ui/formatNumber";
import { formatShare } from "@/ui/tokens/numberText";
import { useElementWidth } from "@/ui/useElementWidth";
import styles from "./DependencyHistogram.module.css";
import { drawHistogram, keepRatioAt, keepRatioFor } from "./drawHistogram";

export interface DependencyHistogramProps {
  readonly rollout: number;
  readonly values: Float32Array;
  readonly mask: Uint8Array;
  /** The smallest kept dependency; NaN where dependency alone does not decide. */
  readonly threshold: number;
  readonly filtering: boolean;
  readonly symbol: string;
  readonly unit: string;
}

const height = 104;

/** The histogram of one rollout. */
export function DependencyHistogram(props: DependencyHistogramProps) {
  const { values, mask, threshold, filtering, symbol, unit, rollout } = props;
  const [ref, width] = useElementWidth<HTMLElement>();
  const setSetting = useStore((state) => state.setSetting);
  const pin = useStore((state) => state.pin);
  const drawing = useMemo(() => drawHistogram(values, { width: Math.max(width, 240), height }), [values, width]);
  const kept = mask.reduce((count, isKept) => count + isKept, 0);
  const share = keptShare(values, mask);
  const { plot } = drawing;
  const at = drawing.x(Math.max(threshold, 0));

  const follow = (event: PointerEvent<HTMLElement>) => {
    if (event.buttons !== 1) return;
    const left = event.currentTarget.parentElement?.getBoundingClientRect().left ?? 0;
    setSetting("keepRatio", keepRatioAt(values, drawing.valueAt(event.clientX - left)));
  };
  const step = (event: KeyboardEvent) => {
    const by = { ArrowRight: -1, ArrowUp: -1, ArrowLeft: 1, ArrowDown: 1, PageUp: -10, PageDown: 10 }[event.key];
    const next = event.key === "Home" ? values.length : event.key === "End" ? 1 : by === undefined ? null : kept + by;
    if (next === null) return;
    event.preventDefault();
    setSetting("keepRatio", keepRatioFor(next, values.length));
  };
  const pinStrongest = (clickedAt: number) => {
    const bar = drawing.bars.find(({ x, width: barWidth }) => clickedAt >= x && clickedAt <= x + barWidth + 1);
    if (!bar) return;
    let strongest = -1;
    values.forEach((value, t) => {
      if (value >= bar.from && value <= bar.to && value > (values[strongest] ?? -1)) strongest = t;
    });
    if (strongest >= 0) pin({ rollout, start: strongest, end: strongest });
  };
  // Where dependency alone does not decide, no threshold divides the tokens.
  const where = Number.isNaN(threshold) ? "kept" : `at or above ${formatNumber(threshold)} ${unit}`;
  const summary = `${kept} of ${values.length} tokens are ${where} and hold ${formatShare(share)} of the rollout's ${symbol}`;

  return (
    <figure ref={ref} className={styles.figure}>
      <figcaption className={styles.caption}>
        <strong>{symbol} per token</strong>
        <span>
          {kept} of {values.length} kept · {formatShare(share)}
        </span>
      </figcaption>
      <div className={styles.frame}>
        {/* Every token can be pinned by key in the answer's listbox; the bars are a second way for the pointer. */}
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: see above */}
        <svg
          role="img"
          aria-label={`Histogram of token dependency of rollout ${rollout + 1}: ${summary}.`}
          width={Math.max(width, 240)}
          height={height}
          className={styles.svg}
          onClick={(event) => pinStrongest(event.clientX - event.currentTarget.getBoundingClientRect().left)}
        >
          {drawing.countTicks.map(({ value, y }) => (
            <g key={value}>
              <line className={styles.grid} x1={plot.left} x2={plot.right} y1={y} y2={y} />
              <text className={styles.tick} x={plot.left - 6} y={y} dy="0.32em" textAnchor="end">
                {value}
              </text>
            </g>
          ))}
          {drawing.bars.map((bar) => (
            <rect
              key={bar.x}
              className={bar.to > threshold || !filtering ? styles.barKept : styles.bar}
              x={bar.x}
              y={bar.y}
              width={bar.width}
              height={bar.height}
            />
          ))}
          <path className={styles.curve} d={drawing.curve} />
          {drawing.ticks.map(({ value, x }) => (
            <text key={value} className={styles.tick} x={x} y={height - 4} textAnchor="middle">
              {value}
            </text>
          ))}
          <text className={styles.tick} x={plot.right + 4} y={plot.top} dy="0.64em">
            100 %
          </text>
          <text className={styles.tick} x={plot.right + 4} y={plot.bottom}>
            0 %
          </text>
        </svg>
        {filtering && (
          <div
            className={styles.threshold}
            style={{ left: at }}
            role="slider"
            tabIndex={0}
            aria-label="Dependency threshold"
            aria-orientation="horizontal"
            aria-valuemin={1}
            aria-valuemax={values.length}
            aria-valuenow={kept}
            aria-valuetext={summary}
            onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
            onPointerMove={follow}
            onKeyDown={step}
          />
        )}
      </div>
    </figure>
  );
}

function keptShare(values: Float32Array, mask: Uint8Array): number {
  let kept = 0;
  let total = 0;
  values.forEach((value, t) => {
    total += value;
    if (mask[t]) kept += value;
  });
  return total === 0 ? 1 : kept / total;
}
