// A small table of the System tab: a name per row, texts in columns; every column and row says what it means on request.
import { classes } from "@/ui/classes";
import styles from "./SystemPanel.module.css";

export interface DataRow {
  readonly name: string;
  /** What the row counts, for its title. */
  readonly help?: string;
  readonly cells: readonly string[];
}

export interface DataTableProps {
  /** Spoken name of the table. */
  readonly label: string;
  /** Heads of the columns, that of the names first. */
  readonly columns: readonly string[];
  readonly rows: readonly DataRow[];
  /** The last column is a sentence, not a number. */
  readonly endsInText?: boolean;
}

/** The table; it scrolls sideways on its own where it is too wide. */
export function DataTable({ label, columns, rows, endsInText }: DataTableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={styles.tableBox} aria-label={label} tabIndex={0}>
      <table className={classes(styles.table, endsInText && styles.endsInText)}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, help, cells }) => (
            <tr key={name} title={help}>
              <th scope="row">{name}</th>
              {cells.map((cell, i) => (
                <td key={columns[i + 1]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
