// The open rollout as a table: one row per token with all its numbers, sorted by any of them. Only the rows in view are nodes, so that
// an answer of thousands of tokens scrolls; what is shown is what the export holds.
import { useEffect, useMemo, useRef, useState } from "react";
import { useUpdate } from "@/state/answers/update";
import { useStore } from "@/state/store";
import { useTokenColours } from "@/state/tokens/tokenColours";
import { type TokenColumns, tokenColumns } from "@/state/tokens/tokenFactsTable";
import { classes } from "@/ui/classes";
import { binClasses } from "@/ui/color/binClasses";
import { formatNumber } from "@/ui/formatNumber";
import { tokenLabel } from "@/ui/tokens/chunking";
import styles from "./TokenViewTable.module.css";
import { rowsInView, sortedTokens, type TokenOrder } from "./tokenRows";

const rowHeight = 28;
const headHeight = 32;
const viewHeight = 340;
/** The rollout is the same for all rows. */
const notShown = "rollout";
/** Whole numbers and texts, which are not rounded. */
const exactColumns = new Set(["token", "id", "rank"]);

/** The table of one rollout. */
export function TokenViewTable({ rollout }: { rollout: number }) {
  const update = useUpdate();
  const colours = useTokenColours();
  const pinned = useStore((state) => (state.pinned?.rollout === rollout ? state.pinned : null));
  const pin = useStore((state) => state.pin);
  const setHover = useStore((state) => state.setHover);
  const [order, setOrder] = useState<TokenOrder>({ column: "token", descending: false });
  const [scrollTop, setScrollTop] = useState(0);
  const box = useRef<HTMLElement>(null);
  const count = update.dependencies[rollout]?.length ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: an overlay is a column, and the colours change with it
  const columns = useMemo(() => shownColumns(tokenColumns(rollout, update)), [rollout, update, colours]);
  const tokens = useMemo(() => sortedTokens(columns, count, order), [columns, count, order]);
  const { first, last } = rowsInView(scrollTop, { rowHeight, viewHeight, count });
  const bins = colours.bins[rollout];
  const start = pinned?.start ?? -1;
  useEffect(() => {
    const at = tokens.indexOf(start) * rowHeight;
    if (!box.current || at < 0) return;
    const top = box.current.scrollTop;
    if (at < top || at + rowHeight > top + viewHeight - headHeight) box.current.scrollTop = at - viewHeight / 3;
  }, [start, tokens]);
  return (
    <section
      ref={box}
      className={styles.box}
      style={{ maxHeight: viewHeight }}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keys
      tabIndex={0}
      aria-label={`Tokens of rollout ${rollout + 1} as a table`}
      onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
      onPointerLeave={() => setHover(null)}
    >
      <table className={styles.table} aria-rowcount={count + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map(([name]) => (
              <Heading key={name} name={name} order={order} onSort={setOrder} />
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 && <tr style={{ height: first * rowHeight }} />}
          {tokens.slice(first, last).map((token, i) => (
            <tr
              key={token}
              aria-rowindex={first + i + 2}
              data-pinned={(pinned && token >= pinned.start && token <= pinned.end) || undefined}
              onPointerEnter={() => setHover({ rollout, token })}
            >
              {columns.map(([name, of]) =>
                name === "token" ? (
                  <th key={name} scope="row">
                    <button
                      type="button"
                      className={styles.pin}
                      aria-label={`Pin token ${token + 1}`}
                      aria-pressed={token === start}
                      onClick={() => pin({ rollout, start: token, end: token })}
                    >
                      {token + 1}
                    </button>
                  </th>
                ) : (
                  <td key={name} className={name === "text" ? classes(styles.text, binClasses[bins?.[token] ?? 0]) : undefined}>
                    {cellText(name, of(token))}
                  </td>
                ),
              )}
            </tr>
          ))}
          {last < count && <tr style={{ height: (count - last) * rowHeight }} />}
        </tbody>
      </table>
    </section>
  );
}

interface HeadingProps {
  readonly name: string;
  readonly order: TokenOrder;
  readonly onSort: (order: TokenOrder) => void;
}

function Heading({ name, order, onSort }: HeadingProps) {
  const isSorted = order.column === name;
  // Numbers of interest are the large ones; order and names start at the front.
  const first = !exactColumns.has(name) && name !== "text";
  return (
    <th scope="col" aria-sort={isSorted ? (order.descending ? "descending" : "ascending") : "none"}>
      <button
        type="button"
        className={styles.sort}
        onClick={() => onSort({ column: name, descending: isSorted ? !order.descending : first })}
      >
        {headingText(name)}
        <span aria-hidden="true">{isSorted ? (order.descending ? " ↓" : " ↑") : ""}</span>
      </button>
    </th>
  );
}

function shownColumns(columns: TokenColumns): TokenColumns {
  return columns.filter(([name]) => name !== notShown);
}

/** "entropy_masked_nats" as people read it: "entropy masked, nats". */
function headingText(name: string): string {
  return name.replace(/_nats$/, ", nats").replaceAll("_", " ");
}

function cellText(name: string, value: number | string): string {
  if (name === "kept") return value === 1 ? "●" : "–";
  if (typeof value === "string") return tokenLabel(value);
  if (Number.isNaN(value)) return "–";
  return exactColumns.has(name) ? String(value) : formatNumber(value);
}
