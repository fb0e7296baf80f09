// The legend of charts that share their lines: one toggle per line, with its stroke and name. A click hides or shows the line; pointer
// and focus make it stand out.
import styles from "./SeriesLegend.module.css";
import { comparedDash, seriesColour } from "./seriesColours";

export interface LegendEntry {
  readonly id: string;
  readonly name: string;
  readonly colour: number;
  readonly dashed: boolean;
}

export interface SeriesLegendProps {
  readonly entries: readonly LegendEntry[];
  readonly hidden: ReadonlySet<string>;
  readonly onToggle: (id: string) => void;
  readonly onEmphasis?: (id: string | null) => void;
}

/** Toggles for the lines of all charts. */
export function SeriesLegend({ entries, hidden, onToggle, onEmphasis }: SeriesLegendProps) {
  return (
    <fieldset className={styles.legend}>
      <legend className="sr-only">Runs in the charts</legend>
      {entries.map(({ id, name, colour, dashed }) => (
        <button
          key={id}
          type="button"
          className={styles.entry}
          aria-pressed={!hidden.has(id)}
          title={`${hidden.has(id) ? "Show" : "Hide"} ${name}`}
          onClick={() => onToggle(id)}
          onPointerEnter={() => onEmphasis?.(id)}
          onPointerLeave={() => onEmphasis?.(null)}
          onFocus={(event) => event.currentTarget.matches(":focus-visible") && onEmphasis?.(id)}
          onBlur={() => onEmphasis?.(null)}
        >
          <svg className={styles.stroke} width="20" height="8" aria-hidden style={{ color: seriesColour(colour) }}>
            <line x1="0" x2="20" y1="4" y2="4" strokeDasharray={dashed ? comparedDash : undefined} />
          </svg>
          <span className={styles.name}>{name}</span>
        </button>
      ))}
    </fieldset>
  );
}
