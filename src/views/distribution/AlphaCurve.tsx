// α over the group as a figure: the mean dependency of each rollout and the factor it gets. Pointing names a rollout, clicking opens it.
// Follows β_min because the update does; computes nothing of its own.
import { type MouseEvent, type ReactNode, useMemo, useRef, useState } from "react";
import type { AnswerUpdate } from "@/state/answers/update";
import { useExportSource } from "@/state/exportSources";
import { useStore } from "@/state/store";
import { formatNumber } from "@/ui/formatNumber";
import { formatFixed } from "@/ui/tokens/numberText";
import { useElementWidth } from "@/ui/useElementWidth";
import styles from "./AlphaCurve.module.css";
import { dotAt, drawAlphaCurve } from "./drawAlphaCurve";

export interface AlphaCurveProps {
  readonly update: AnswerUpdate;
  readonly preview: NonNullable<AnswerUpdate["preview"]>;
  readonly unit: string;
  /** What chooses between this figure and another one. */
  readonly choice: ReactNode;
}

const height = 80;
const narrowest = 240;
const reach = 16;

/** The factors of one group. */
export function AlphaCurve({ update, preview, unit, choice }: AlphaCurveProps) {
  const [ref, measured] = useElementWidth<HTMLElement>();
  const svg = useRef<SVGSVGElement>(null);
  const width = Math.max(measured, narrowest);
  const open = useStore((state) => state.rollout);
  const openRollout = useStore((state) => state.openRollout);
  const [pointed, setPointed] = useState<number | null>(null);
  const { betaMin } = update.policy;
  const drawing = useMemo(() => drawAlphaCurve({ ...preview, betaMin }, { width, height }), [preview, betaMin, width]);
  const { dots, lines, levels, ticks, plot } = drawing;
  useExportSource({
    id: "alpha-curve",
    title: "α over the group",
    panel: "distribution",
    figure: () => svg.current,
    table: () => ({
      columns: ["rollout", `mean_dependency${unit === "" ? "" : `_${unit}`}`, "alpha", "reward", "advantage", "shaped_advantage"],
      rows: dots.map(({ rollout, mean, alpha }) => [
        rollout + 1,
        mean,
        alpha,
        update.rewards[rollout] ?? Number.NaN,
        preview.advantages[rollout] ?? Number.NaN,
        preview.shapedAdvantages[rollout] ?? Number.NaN,
      ]),
    }),
  });
  const named = dots.find(({ rollout }) => rollout === (pointed ?? open));
  const dotUnder = (event: MouseEvent<SVGSVGElement>) => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    return dotAt(dots, { x: event.clientX - left, y: event.clientY - top }, reach)?.rollout ?? null;
  };
  return (
    <figure ref={ref} className={styles.figure}>
      <figcaption className={styles.caption}>
        {choice}
        <span>
          {dots.length} {dots.length === 1 ? "rollout" : "rollouts"}
        </span>
      </figcaption>
      {/* Every rollout is opened by key in the list above, which shows its S̄ and α; the dots are a second way for the pointer. */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: see above */}
      <svg
        ref={svg}
        role="img"
        aria-label={sentence(update, preview, unit)}
        className={styles.svg}
        width={width}
        height={height}
        onPointerMove={(event) => setPointed(dotUnder(event))}
        onPointerLeave={() => setPointed(null)}
        onClick={(event) => {
          const rollout = dotUnder(event);
          if (rollout !== null) openRollout(rollout);
        }}
      >
        {levels.map(({ label, value, y }) => (
          <g key={label + value}>
            <line className={label === "α = 1" ? styles.one : styles.level} x1={plot.left} x2={plot.right} y1={y} y2={y} />
            <text className={styles.tick} x={plot.left - 6} y={y} dy="0.32em" textAnchor="end">
              {label === "α = 1" ? label : `${label} = ${formatFixed(value, 2)}`}
            </text>
          </g>
        ))}
        {ticks.map(({ value, x }) => (
          <text key={value} className={styles.tick} x={x} y={height - 4} textAnchor="middle">
            {formatNumber(value)}
          </text>
        ))}
        {lines.map(({ path }) => (
          <path key={path} className={styles.line} d={path} />
        ))}
        {dots.map(({ rollout, x, y }) => (
          <circle
            key={rollout}
            className={styles.dot}
            cx={x}
            cy={y}
            r={rollout === pointed ? 6 : 4}
            data-open={rollout === open || undefined}
          />
        ))}
        <text className={styles.tick} x={plot.left - 6} y={height - 4} textAnchor="end">
          S̄{unit === "" ? "" : `, ${unit}`}
        </text>
      </svg>
      <p className={styles.named}>
        {named && `rollout ${named.rollout + 1}: S̄ ${formatNumber(named.mean)} ${unit}, α ${formatFixed(named.alpha, 3)}`}
      </p>
    </figure>
  );
}

/** What the figure says to someone who does not see it. */
function sentence({ policy }: AnswerUpdate, { alpha, range, betaMax }: AlphaCurveProps["preview"], unit: string): string {
  const end = betaMax.find((value) => value !== null);
  if (policy.shaping === "off") return "This method scales no advantages: α is 1 for every rollout.";
  if (range === null || end === undefined || end === null) {
    return "The rollouts do not differ in their mean dependency, so α is 1 for every rollout.";
  }
  return (
    `α of ${alpha.length} rollouts rises from β_min ${formatFixed(policy.betaMin, 2)} at a mean dependency of ` +
    `${formatNumber(range.low)} ${unit} to β_max ${formatFixed(end, 2)} at ${formatNumber(range.high)} ${unit}.`
  );
}
