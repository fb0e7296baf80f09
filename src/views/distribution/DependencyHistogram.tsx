// Histogram of token dependency with the cumulative curve and a threshold that can be dragged, moved by keys or, elsewhere, typed as
// k: all three are one number. Clicking a bar lists its tokens, and the bar of the token under the pointer stands out.
import { List } from "lucide-react";
import {
  type KeyboardEvent,
  lazy,
  type PointerEvent,
  type RefObject,
  Suspense,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { type ExportTable, useExportSource } from "@/state/exportSources";
import { useStore } from "@/state/store";
import { Button } from "@/ui/Button";
import { formatNumber } from "@/ui/formatNumber";
import { formatShare } from "@/ui/tokens/numberText";
import { useElementWidth } from "@/ui/useElementWidth";
import styles from "./DependencyHistogram.module.css";
import { drawHistogram, type Histogram, keepRatioAt, keepRatioFor } from "./drawHistogram";

const BarTokens = lazy(async () => ({ default: (await import("./BarTokens")).BarTokens }));

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
  const svg = useRef<SVGSVGElement>(null);
  const highlight = useRef<SVGRectElement>(null);
  const [openBar, setOpenBar] = useState<number | null>(null);
  const setSetting = useStore((state) => state.setSetting);
  const drawing = useMemo(() => drawHistogram(values, { width: Math.max(width, 240), height }), [values, width]);
  const kept = mask.reduce((count, isKept) => count + isKept, 0);
  const share = keptShare(values, mask);
  const { plot } = drawing;
  useHoveredBar(highlight, { rollout, values, drawing });
  useExportSource({
    id: "dependency-histogram",
    title: "Histogram of dependency",
    panel: "distribution",
    figure: () => svg.current,
    table: () => barTable(drawing, values, unit),
  });
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
  const barAt = (clickedAt: number) => {
    const bar = drawing.bars.findIndex(({ x, width: barWidth }) => clickedAt >= x && clickedAt <= x + barWidth + 1);
    if ((drawing.bars[bar]?.count ?? 0) > 0) setOpenBar(bar);
  };
  const strongestBar = () => drawing.bars.findLastIndex(({ count }) => count > 0);
  // Where dependency alone does not decide, no threshold divides the tokens.
  const where = Number.isNaN(threshold) ? "kept" : `at or above ${formatNumber(threshold)} ${unit}`;
  const summary = `${kept} of ${values.length} tokens are ${where} and hold ${formatShare(share)} of the rollout's ${symbol}`;

  return (
    <figure ref={ref} className={styles.figure}>
      <figcaption className={styles.caption}>
        <strong>{symbol} per token</strong>
        <span className={styles.effect}>
          {kept} of {values.length} kept · {formatShare(share)}
          <Button label="Tokens of a bar" icon={<List />} iconOnly tone="quiet" onPress={() => setOpenBar(strongestBar())} />
        </span>
      </figcaption>
      <div className={styles.frame}>
        {/* The button above opens the same list for keys. */}
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: see above */}
        <svg
          ref={svg}
          role="img"
          aria-label={`Histogram of token dependency of rollout ${rollout + 1}: ${summary}.`}
          width={Math.max(width, 240)}
          height={height}
          className={styles.svg}
          onClick={(event) => barAt(event.clientX - event.currentTarget.getBoundingClientRect().left)}
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
          <rect ref={highlight} className={styles.highlight} visibility="hidden" />
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
      {openBar !== null && (
        <Suspense fallback={null}>
          <BarTokens
            rollout={rollout}
            values={values}
            mask={mask}
            drawing={drawing}
            bar={openBar}
            unit={unit}
            anchor={() => svg.current?.getBoundingClientRect()}
            onBar={setOpenBar}
            onClose={() => setOpenBar(null)}
          />
        </Suspense>
      )}
    </figure>
  );
}

interface HoveredBar {
  readonly rollout: number;
  readonly values: Float32Array;
  readonly drawing: Histogram;
}

/** Moves the highlight to the bar of the token under the pointer, without a render. */
function useHoveredBar(highlight: RefObject<SVGRectElement | null>, { rollout, values, drawing }: HoveredBar): void {
  useEffect(() => {
    const move = () => {
      const { hover } = useStore.getState();
      const value = hover?.rollout === rollout ? values[hover.token] : undefined;
      const bar = value === undefined ? undefined : drawing.bars[drawing.barOf(value)];
      const mark = highlight.current;
      if (!mark) return;
      mark.setAttribute("visibility", bar ? "visible" : "hidden");
      if (!bar) return;
      // From the top of the plot: the bar itself may be a pixel high.
      const place = { x: bar.x, y: drawing.plot.top, width: bar.width, height: drawing.plot.bottom - drawing.plot.top };
      for (const [name, size] of Object.entries(place)) mark.setAttribute(name, String(size));
    };
    move();
    return useStore.subscribe((state, before) => {
      if (state.hover !== before.hover) move();
    });
  }, [highlight, rollout, values, drawing]);
}

function barTable({ bars }: Histogram, values: Float32Array, unit: string): ExportTable {
  const suffix = unit === "" ? "" : `_${unit}`;
  const total = values.reduce((sum, value) => sum + value, 0);
  return {
    columns: [`from${suffix}`, `to${suffix}`, "tokens", "share_at_or_above"],
    rows: bars.map(({ from, to, count }) => {
      const above = values.reduce((sum, value) => (value >= from ? sum + value : sum), 0);
      return [from, to, count, total === 0 ? Number.NaN : above / total];
    }),
  };
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
