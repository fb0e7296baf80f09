// The two predictions of one position: per token one bar with the image and one with the masked image, its term of the KL, and the
// rest of the vocabulary, so that the terms add up to the KL in the last row. Every token is a button: the answer goes on from there with
// it, as a branch.
import { Split } from "lucide-react";
import { useRef, useState } from "react";
import { answerTokens } from "@/client/live";
import { branchFrom } from "@/state/answers/askJob";
import type { PairedToken, PairedTop } from "@/state/answers/pairedTop";
import { useExportSource } from "@/state/exportSources";
import type { TokenRef } from "@/state/selection";
import { classes } from "@/ui/classes";
import { Select } from "@/ui/Field";
import { formatNumber } from "@/ui/formatNumber";
import { tokenLabel } from "@/ui/tokens/chunking";
import { formatFixed, formatProbability } from "@/ui/tokens/numberText";
import styles from "./PairedBars.module.css";

type Order = "probability" | "contribution";

const orders = [
  { value: "probability", label: "by probability" },
  { value: "contribution", label: "by part of KL" },
] as const satisfies readonly { value: Order; label: string }[];

export interface PairedBarsProps {
  readonly pairs: PairedTop;
  readonly kl: number;
  /** Where the position is in the shown answer. */
  readonly at: TokenRef;
}

/** Paired top tokens of a position. */
export function PairedBars({ pairs, kl, at }: PairedBarsProps) {
  const [order, setOrder] = useState<Order>("probability");
  const rows =
    order === "probability" ? pairs.rows : [...pairs.rows].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  const table = useRef<HTMLTableElement>(null);
  useExportSource({
    id: "paired-predictions",
    title: "Next token, both predictions",
    panel: "inspector",
    figure: () => table.current,
    table: () => ({
      columns: ["token", "id", "p_image", "p_masked", "kl_part_nats", "sampled"],
      rows: [
        ...rows.map((row) => [
          answerTokens.text(row.id),
          row.id,
          row.probability,
          row.probabilityMasked,
          row.contribution,
          row.sampled ? 1 : 0,
        ]),
        ["all other", "", pairs.tail.probability, pairs.tail.probabilityMasked, pairs.tail.contribution, 0],
      ],
    }),
  });
  return (
    <section className={styles.section} aria-labelledby="paired-title">
      <header className={styles.header}>
        <h3 id="paired-title" className={styles.title}>
          Next token
        </h3>
        <div className={styles.order}>
          <Select label="Order" hideLabel value={order} options={orders} onChange={setOrder} />
        </div>
      </header>
      <table ref={table} className={styles.table}>
        <colgroup>
          <col className={styles.tokenColumn} />
          <col />
          <col className={styles.valueColumn} />
          <col className={styles.partColumn} />
        </colgroup>
        <thead>
          <tr>
            <th scope="col">Token</th>
            <th scope="col" colSpan={2}>
              <span className={styles.keyImage} aria-hidden="true" /> Image{" "}
              <span className={styles.keyMasked} aria-hidden="true" /> Masked
            </th>
            <th scope="col" title="p · (ln p − ln q), in nats">
              KL part
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id} className={classes(row.sampled && styles.sampled)}>
              <th scope="row">
                <BranchButton row={row} at={at} />
              </th>
              <Bars image={row.probability} masked={row.probabilityMasked} />
              <td className={styles.part}>{formatFixed(row.contribution, 3)}</td>
            </tr>
          ))}
          <tr className={styles.tail}>
            <th scope="row">all other</th>
            <Bars image={pairs.tail.probability} masked={pairs.tail.probabilityMasked} />
            <td className={styles.part}>{formatFixed(pairs.tail.contribution, 3)}</td>
          </tr>
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={3}>
              KL, the sum
            </th>
            <td className={styles.part}>{formatNumber(kl)}</td>
          </tr>
        </tfoot>
      </table>
    </section>
  );
}

/** "bus", "bus (sampled)": the token, and what pressing it does. */
function BranchButton({ row, at }: { row: PairedToken; at: TokenRef }) {
  const label = tokenLabel(answerTokens.text(row.id));
  const what = row.sampled
    ? "the token that was sampled. Press to answer again from here"
    : "press to branch: the answer goes on from here with this token";
  return (
    <button
      type="button"
      className={styles.branch}
      aria-label={`${label}${row.sampled ? " (sampled), answer again from here" : ", branch from here"}`}
      title={`“${label}”: ${what}`}
      onClick={() => void branchFrom({ ...at, id: row.id })}
    >
      <span className={styles.label}>{label}</span>
      <Split aria-hidden />
    </button>
  );
}

function Bars({ image, masked }: { image: number; masked: number }) {
  return (
    <>
      <td className={styles.bars} aria-hidden="true">
        <span className={styles.barImage} style={{ width: `${image * 100}%` }} />
        <span className={styles.barMasked} style={{ width: `${masked * 100}%` }} />
      </td>
      <td className={styles.values}>
        <span>{formatProbability(image)}</span>
        <span>{formatProbability(masked)}</span>
      </td>
    </>
  );
}
