// Tables as CSV, RFC 4180: comma, CRLF, quotes doubled, UTF-8 without a mark at the start. Text that a spreadsheet would take for a
// formula gets an apostrophe before it (OWASP, "CSV injection"); numbers are never touched. Pure.

/** Rows under named columns. */
export interface CsvTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** Starts of a formula in Excel, LibreOffice and Google Sheets, full-width ones and those behind a tab or line break included. */
const formulaStart = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** The table as text, the header first. */
export function writeCsv({ columns, rows }: CsvTable): string {
  return [columns, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(value: string | number): string {
  if (typeof value === "number") return String(value);
  const text = formulaStart.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
