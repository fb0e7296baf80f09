// One bar per token of the open rollout, in order: where in the answer the image mattered. Pointing at a bar points at the token,
// clicking pins it, dragging pins a part, which gets its numbers here and comes into view in the text; two number fields are the way
// without a drag. Drawn as a path per colour bin, so its cost does not grow with React nodes, and the hover moves one rectangle.
import { type PointerEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { answerTokens } from "@/client/live";
import { useExportSource } from "@/state/exportSources";
import type { TokenSpan } from "@/state/selection";
import { useStore } from "@/state/store";
import { binClasses } from "@/ui/color/binClasses";
import { formatNumber } from "@/ui/formatNumber";
import { NumberInput } from "@/ui/NumberInput";
import { displayText } from "@/ui/tokens/chunking";
import { formatShare } from "@/ui/tokens/numberText";
import { keptPath, stripPaths } from "@/ui/tokens/stripPaths";
import { useElementWidth } from "@/ui/useElementWidth";
import { partOf } from "./partOf";
import styles from "./TokenStrip.module.css";

export interface TokenStripProps {
  readonly rollout: number;
  readonly values: Float32Array;
  readonly mask: Uint8Array;
  readonly bins: Uint8Array;
  readonly symbol: string;
  readonly unit: string;
  /** What chooses between this figure and another one; a title without it. */
  readonly choice?: ReactNode;
}

const barsHeight = 68;
const ticksHeight = 4;
const height = barsHeight + ticksHeight + 4;

/** The strip of one rollout. */
export function TokenStrip({ rollout, values, mask, bins, symbol, unit, choice }: TokenStripProps) {
  const [ref, measured] = useElementWidth<HTMLElement>();
  const svg = useRef<SVGSVGElement>(null);
  const hovered = useRef<SVGRectElement>(null);
  const width = Math.max(measured, 240);
  const setHover = useStore((state) => state.setHover);
  const pin = useStore((state) => state.pin);
  const pinned = useStore((state) => (state.pinned?.rollout === rollout ? state.pinned : null));
  const [brush, setBrush] = useState<{ readonly anchor: number; readonly to: number } | null>(null);
  const strongest = useMemo(() => values.reduce((best, value, t) => (value > (values[best] as number) ? t : best), 0), [values]);
  const paths = useMemo(() => {
    const largest = Math.max(values[strongest] ?? 0, 1e-6);
    // A square root, as on the histogram's axis: small values stay visible beside large ones.
    return stripPaths(
      values.map((value) => Math.sqrt(Math.max(value, 0) / largest)),
      bins,
      { width, height: barsHeight },
    );
  }, [values, bins, width, strongest]);
  const kept = useMemo(() => keptPath(mask, { width, height: ticksHeight }), [mask, width]);
  const pitch = width / values.length;
  useHoveredToken(hovered, { rollout, pitch });
  useExportSource({
    id: "token-strip",
    title: "Dependency token by token",
    panel: "distribution",
    figure: () => svg.current,
    table: () => ({
      columns: ["token", "text", unit === "" ? "dependency" : `dependency_${unit}`, "kept"],
      rows: Array.from(values, (value, t) => [t + 1, answerTokens.tokenText(rollout, t), value, mask[t] ?? 0]),
    }),
  });
  const tokenAt = (event: PointerEvent<SVGElement>) => {
    const { left } = event.currentTarget.getBoundingClientRect();
    return Math.min(values.length - 1, Math.max(0, Math.floor((event.clientX - left) / pitch)));
  };
  const span = brush ? spanOf(rollout, brush.anchor, brush.to) : pinned;
  const release = (event: PointerEvent<SVGElement>) => {
    if (!brush) return;
    const token = tokenAt(event);
    // Shift goes on from the pinned token, as in the text.
    const anchor = event.shiftKey && pinned ? pinned.start : brush.anchor;
    setBrush(null);
    pin(spanOf(rollout, anchor, token));
  };
  const label = `${symbol} of the ${values.length} tokens of rollout ${rollout + 1} in order; largest at token ${strongest + 1}, ${displayText(answerTokens.tokenText(rollout, strongest)).trim()}`;
  return (
    <figure ref={ref} className={styles.figure}>
      <figcaption className={styles.caption}>
        {choice ?? <strong>Token by token</strong>}
        <span>{values.length} tokens</span>
      </figcaption>
      <svg
        ref={svg}
        role="img"
        aria-label={label}
        className={styles.svg}
        width={width}
        height={height}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          const token = tokenAt(event);
          setBrush({ anchor: token, to: token });
        }}
        onPointerMove={(event) => {
          const token = tokenAt(event);
          if (!brush) setHover({ rollout, token });
          else if (token !== brush.to) setBrush({ ...brush, to: token });
        }}
        onPointerUp={release}
        onPointerCancel={() => setBrush(null)}
        onPointerLeave={() => setHover(null)}
      >
        {span && (
          <rect
            className={styles.pinned}
            x={span.start * pitch}
            width={(span.end - span.start + 1) * pitch}
            y={0}
            height={height}
          />
        )}
        <rect ref={hovered} className={styles.hovered} y={0} width={0} height={height} />
        <path className={styles.kept} d={kept} />
        <g transform={`translate(0 ${ticksHeight + 4})`} className={styles.bars}>
          {paths.map((path, bin) => path && <path key={binClasses[bin]} className={binClasses[bin]} d={path} />)}
        </g>
      </svg>
      <PartFacts span={span ?? spanOf(rollout, 0, values.length - 1)} values={values} mask={mask} symbol={symbol} unit={unit} />
    </figure>
  );
}

interface PartProps {
  readonly span: TokenSpan;
  readonly values: Float32Array;
  readonly mask: Uint8Array;
  readonly symbol: string;
  readonly unit: string;
}

/** First and last token of a part as numbers that can be typed, and what is in it; without a part, the whole rollout. */
function PartFacts({ span, values, mask, symbol, unit }: PartProps) {
  const pin = useStore((state) => state.pin);
  const { mean, share, kept } = partOf(values, mask, span);
  const last = values.length;
  return (
    <p className={styles.part}>
      <NumberInput
        label="First token of the part"
        value={span.start + 1}
        min={1}
        max={last}
        integer
        onChange={(first) => pin({ ...span, start: first - 1, end: Math.max(first - 1, span.end) })}
      />
      to
      <NumberInput
        label="Last token of the part"
        value={span.end + 1}
        min={1}
        max={last}
        integer
        onChange={(end) => pin({ ...span, start: Math.min(end - 1, span.start), end: end - 1 })}
      />
      <span title={`Mean ${symbol} of these tokens, their share of the rollout's, and how many of them are kept`}>
        mean {formatNumber(mean)} {unit} · {formatShare(share)} · {kept} kept
      </span>
    </p>
  );
}

function spanOf(rollout: number, a: number, b: number): TokenSpan {
  return { rollout, start: Math.min(a, b), end: Math.max(a, b) };
}

/** Moves the mark of the token under the pointer, wherever it is pointed at, without a render. */
function useHoveredToken(
  mark: { readonly current: SVGRectElement | null },
  { rollout, pitch }: { readonly rollout: number; readonly pitch: number },
): void {
  useEffect(() => {
    const move = () => {
      const { hover } = useStore.getState();
      const isHere = hover?.rollout === rollout;
      if (isHere) mark.current?.setAttribute("x", String(hover.token * pitch));
      mark.current?.setAttribute("width", String(isHere ? pitch : 0));
    };
    move();
    return useStore.subscribe((state, before) => {
      if (state.hover !== before.hover) move();
    });
  }, [mark, rollout, pitch]);
}
