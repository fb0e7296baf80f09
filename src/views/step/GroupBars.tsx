// The values of a group as bars, one per rollout: filled as they are now, outlined as they were measured. Dumb; small in the strip of
// stages, with numbers in an open stage.
import { classes } from "@/ui/classes";
import { formatNumber } from "@/ui/formatNumber";
import styles from "./GroupBars.module.css";
import { layOutBars } from "./groupBars";

export interface GroupBarsProps {
  /** What the values are: "Advantage". */
  readonly label: string;
  readonly values: readonly number[];
  /** As measured, where rewards were edited. */
  readonly before: readonly number[] | null;
  /** The rollout that is open. */
  readonly open: number;
  readonly width: number;
  readonly height: number;
  /** Number of the first rollout, for the labels below; without it there are none. */
  readonly labels?: boolean;
}

const labelSpace = 16;

/** An SVG of bars. */
export function GroupBars({ label, values, before, open, width, height, labels }: GroupBarsProps) {
  const plot = labels ? height - 2 * labelSpace : height - 2;
  const { bars, ghosts, zero } = layOutBars(values, before, { width, height: plot, gap: labels ? 8 : 2 });
  const top = labels ? labelSpace : 1;
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      className={styles.chart}
      role="img"
      aria-label={sentence(label, values, before)}
    >
      <g transform={`translate(0 ${top})`}>
        {ghosts.map((box, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its place
          <rect key={i} {...box} className={styles.ghost} />
        ))}
        {bars.map((box, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its place
          <rect key={i} {...box} className={classes(styles.bar, i === open && styles.open)} />
        ))}
        <line x1={0} x2={width} y1={zero} y2={zero} className={styles.zero} />
        {labels &&
          bars.map(({ x, y, width: wide, height: high }, i) => {
            const below = (values[i] ?? 0) < 0;
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its place
              <text key={i} x={x + wide / 2} y={below ? y + high + 11 : y - 4} className={styles.value}>
                {formatNumber(values[i] ?? 0)}
              </text>
            );
          })}
      </g>
    </svg>
  );
}

function sentence(label: string, values: readonly number[], before: readonly number[] | null): string {
  const now = `${label} of ${values.length} rollouts: ${values.map(formatNumber).join(", ")}`;
  return before ? `${now}; as measured ${before.map(formatNumber).join(", ")}` : now;
}
