// Rows of the token table: their order and which of them are in view. Pure.

import type { TokenColumns } from "@/state/tokens/tokenFactsTable";

/** The column that orders the rows. */
export interface TokenOrder {
  readonly column: string;
  readonly descending: boolean;
}

/** Tokens in the order of a column; what is not a number comes last, equal values keep the order of the text. */
export function sortedTokens(columns: TokenColumns, count: number, { column, descending }: TokenOrder): readonly number[] {
  const tokens = Array.from({ length: count }, (_, t) => t);
  const of = columns.find(([name]) => name === column)?.[1];
  if (!of) return tokens;
  const values = tokens.map(of);
  const sign = descending ? -1 : 1;
  return tokens.sort((a, b) => compare(values[a], values[b], sign) || a - b);
}

function compare(a: number | string | undefined, b: number | string | undefined, sign: number): number {
  if (typeof a === "string" || typeof b === "string") return sign * String(a).localeCompare(String(b));
  const [aIsNone, bIsNone] = [a === undefined || Number.isNaN(a), b === undefined || Number.isNaN(b)];
  if (aIsNone || bIsNone) return Number(aIsNone) - Number(bIsNone);
  return sign * ((a as number) - (b as number));
}

/** Heights in pixels and the number of rows. */
export interface RowFrame {
  readonly rowHeight: number;
  readonly viewHeight: number;
  readonly count: number;
}

const spareRows = 6;

/** First row to draw and one past the last: those in view and a few around them. */
export function rowsInView(scrollTop: number, { rowHeight, viewHeight, count }: RowFrame): { first: number; last: number } {
  const first = Math.max(0, Math.min(count, Math.floor(scrollTop / rowHeight)) - spareRows);
  const last = Math.min(count, Math.ceil((scrollTop + viewHeight) / rowHeight) + spareRows);
  // An answer that became shorter leaves the old scroll position behind for a moment.
  return { first: Math.min(first, last), last };
}
