// A value with its 95 % interval as a dot on a line, and optionally a second, hollow one below it. The numbers stand beside it as
// text, so the drawing is hidden from screen readers.

import styles from "./IntervalBar.module.css";
import { type Interval, intervalGeometry } from "./intervalGeometry";

export interface IntervalBarProps {
  readonly interval: Interval;
  /** Drawn hollow: the same with the image masked. */
  readonly second?: Interval | undefined;
  /** Shares by default; differences have a zero line in the middle. */
  readonly domain?: readonly [number, number];
}

const width = 176;
const height = 20;

/** A small interval plot of one row. */
export function IntervalBar({ interval, second, domain = [0, 1] }: IntervalBarProps) {
  const frame = { width, domain };
  const first = intervalGeometry(interval, frame);
  const isPair = second !== undefined;
  const middle = height / 2;
  return (
    <svg className={styles.bar} width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden>
      {first.grid.map((x, i) => (
        <line key={x} className={i === 1 ? styles.middle : styles.grid} x1={x} x2={x} y1={0} y2={height} />
      ))}
      {second && <Mark geometry={intervalGeometry(second, frame)} y={middle + 4} isHollow />}
      <Mark geometry={first} y={isPair ? middle - 4 : middle} />
    </svg>
  );
}

interface MarkProps {
  readonly geometry: ReturnType<typeof intervalGeometry>;
  readonly y: number;
  readonly isHollow?: boolean;
}

function Mark({ geometry: { x, line }, y, isHollow = false }: MarkProps) {
  const name = isHollow ? styles.second : styles.first;
  return (
    <g className={name}>
      {line && <line x1={line[0]} x2={line[1]} y1={y} y2={y} />}
      {x !== null && <circle cx={x} cy={y} r={isHollow ? 2.75 : 3.5} />}
    </g>
  );
}
