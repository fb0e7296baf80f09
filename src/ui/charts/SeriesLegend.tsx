// The legend of charts that share their lines: one toggle per line, with its stroke and name; a click hides or shows the line.
import styles from "./SeriesLegend.module.css";
import { comparedDash, seriesColour } from "./seriesColours";

export interface LegendEntry {
  readonly id: string;
  readonly name: string;
  readonly colour: number;
  readonly dashed: boolean;
}

/** Toggles for the lines of all charts. */
export function SeriesLegend(props: {
  readonly entries: readonly LegendEntry[];
  readonly hidden: ReadonlySet<string>;
  readonly onToggle: (id: string) => void;
}) {
  return (
    <fieldset className={styles.legend}>
      <legend className="sr-only">Runs in the charts</legend>
      {props.entries.map(({ id, name, colour, dashed }) => (
        <button
          key={id}
          type="button"
          className={styles.entry}
          aria-pressed={!props.hidden.has(id)}
          title={`${props.hidden.has(id) ? "Show" : "Hide"} ${name}`}
          onClick={() => props.onToggle(id)}
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
