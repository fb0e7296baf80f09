// One bar per token of the open rollout, in order: where in the answer the image mattered. Pointing at a bar points at the token,
// clicking pins it. Drawn as a path per colour bin, so its cost does not grow with React nodes.
import { type MouseEvent, useMemo } from "react";
import { answerTokens } from "@/client/live";
import { useStore } from "@/state/store";
import { binClasses } from "@/ui/color/binClasses";
import { displayText } from "@/ui/tokens/chunking";
import { keptPath, stripPaths } from "@/ui/tokens/stripPaths";
import { useElementWidth } from "@/ui/useElementWidth";
import styles from "./TokenStrip.module.css";

export interface TokenStripProps {
  readonly rollout: number;
  readonly values: Float32Array;
  readonly mask: Uint8Array;
  readonly bins: Uint8Array;
  readonly symbol: string;
}

const barsHeight = 80;
const ticksHeight = 4;

/** The strip of one rollout. */
export function TokenStrip({ rollout, values, mask, bins, symbol }: TokenStripProps) {
  const [ref, measured] = useElementWidth<HTMLElement>();
  const width = Math.max(measured, 240);
  const setHover = useStore((state) => state.setHover);
  const pin = useStore((state) => state.pin);
  const hovered = useStore((state) => (state.hover?.rollout === rollout ? state.hover.token : -1));
  const pinned = useStore((state) => (state.pinned?.rollout === rollout ? state.pinned : null));
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
  const tokenAt = (event: MouseEvent<SVGElement>) => {
    const { left } = event.currentTarget.getBoundingClientRect();
    return Math.min(values.length - 1, Math.max(0, Math.floor((event.clientX - left) / pitch)));
  };
  const label = `${symbol} of the ${values.length} tokens of rollout ${rollout + 1} in order; largest at token ${strongest + 1}, ${displayText(answerTokens.tokenText(rollout, strongest)).trim()}`;
  return (
    <figure ref={ref} className={styles.figure}>
      <figcaption className={styles.caption}>
        <strong>Token by token</strong>
        <span>
          rollout {rollout + 1} · {values.length} tokens
        </span>
      </figcaption>
      {/* Every token is reachable by key in the answer's listbox; the strip is a second way for the pointer. */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: see above */}
      <svg
        role="img"
        aria-label={label}
        className={styles.svg}
        width={width}
        height={barsHeight + ticksHeight + 4}
        onPointerMove={(event) => setHover({ rollout, token: tokenAt(event) })}
        onPointerLeave={() => setHover(null)}
        onClick={(event) => {
          const token = tokenAt(event);
          pin({ rollout, start: token, end: token });
        }}
      >
        {pinned && (
          <rect
            className={styles.pinned}
            x={pinned.start * pitch}
            width={(pinned.end - pinned.start + 1) * pitch}
            y={0}
            height={barsHeight + ticksHeight + 4}
          />
        )}
        {hovered >= 0 && (
          <rect className={styles.hovered} x={hovered * pitch} width={pitch} y={0} height={barsHeight + ticksHeight + 4} />
        )}
        <path className={styles.kept} d={kept} />
        <g transform={`translate(0 ${ticksHeight + 4})`} className={styles.bars}>
          {paths.map((path, bin) => path && <path key={binClasses[bin]} className={binClasses[bin]} d={path} />)}
        </g>
      </svg>
    </figure>
  );
}
