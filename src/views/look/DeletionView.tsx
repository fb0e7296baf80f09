// Can the map be trusted? What the pinned tokens lose while the picture is covered from the map's strongest parts down, against as much of
// it by chance, and a sentence that says so when the map is no better.
import { Eraser, Table2 } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { useExportSource } from "@/state/exportSources";
import { type DeletionResult, deletionResult, deletionShares, measureDeletion } from "@/state/look/deletionJob";
import { useLook } from "@/state/look/look";
import { covers, faintNats, occlusionMap } from "@/state/look/occlusionMap";
import type { TokenSpan } from "@/state/selection";
import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { formatNumber, formatPercent } from "@/ui/formatNumber";
import { deletionGeometry } from "./deletionGeometry";
import styles from "./Look.module.css";
import { LookStatusLine } from "./LookStatusLine";
import { spreadText } from "./mapGeometry";

const width = 320;
const height = 176;
const names = { map: "map first", random: "by chance" } as const;

/** The subsection "Can the map be trusted?". */
export function DeletionView({ span }: { span: TokenSpan }) {
  useLook((state) => state.version);
  const isRunning = useLook((state) => state.statuses.deletion.status === "running");
  const result = deletionResult();
  const isOfSpan = result !== null && sameSpan(result.span, span);
  const map = occlusionMap(span.rollout);
  return (
    <details className={styles.details}>
      <summary>Can the map be trusted?</summary>
      {isOfSpan ? (
        <Curves result={result} />
      ) : (
        <p className={styles.note}>
          The check covers the picture from the map’s strongest parts down, and as much of it by chance. A good map makes the
          log-prob of the pinned tokens fall earlier.
        </p>
      )}
      <LookStatusLine kind="deletion" what="Check of the map" />
      <div className={styles.buttons}>
        <Button
          label={isOfSpan ? "Check again" : "Check the map"}
          icon={<Eraser aria-hidden />}
          disabled={isRunning || !map}
          onPress={() => void measureDeletion(span)}
        />
        {!map && <span className={styles.note}>needs the map first</span>}
      </div>
    </details>
  );
}

function Curves({ result }: { result: DeletionResult }) {
  const [asTable, setAsTable] = useState(false);
  const figure = useRef<HTMLElement>(null);
  const geometry = useMemo(() => deletionGeometry(deletionShares, result, { width, height }), [result]);
  useExportSource({
    id: "deletion-curves",
    title: "Check of the occlusion map",
    panel: "inspector",
    table: () => ({
      columns: [
        "covered_share",
        ...result.map.map((_, i) => `map_logp_nats_${i}`),
        ...result.random.map((_, i) => `random_logp_nats_${i}`),
      ],
      rows: deletionShares.map((share, i) => [share, ...[...result.map, ...result.random].map((curve) => curve[i] as number)]),
    }),
    figure: () => figure.current?.querySelector("svg") ?? null,
  });
  const { plot, lines, xTicks, yTicks } = geometry;
  return (
    <figure ref={figure} className={styles.figure}>
      <figcaption className={styles.header}>
        <span>
          Log-prob of the pinned tokens <span className={styles.note}>nats</span>
        </span>
        <Button
          label="View the check as table"
          icon={<Table2 aria-hidden />}
          iconOnly
          tone="quiet"
          pressed={asTable}
          onPress={() => setAsTable(!asTable)}
        />
      </figcaption>
      {asTable ? (
        <CurveTable geometry={geometry} />
      ) : (
        <svg viewBox={`0 0 ${width} ${height}`} className={styles.chart} role="img" aria-label={sentenceOf(result)}>
          {yTicks.map(({ y, label }) => (
            <g key={label}>
              <line className={styles.grid} x1={plot.left} x2={plot.right} y1={y} y2={y} />
              <text className={styles.tick} x={plot.left - 6} y={y} dy="0.32em" textAnchor="end">
                {label}
              </text>
            </g>
          ))}
          {xTicks.map(({ x, label }) => (
            <text key={label} className={styles.tick} x={x} y={plot.bottom + 14} textAnchor="middle">
              {label}
            </text>
          ))}
          <text className={styles.tick} x={(plot.left + plot.right) / 2} y={height - 4} textAnchor="middle">
            of the picture covered
          </text>
          {lines.map(({ name, path, band, end }) => (
            <g key={name} className={classes(name === "map" ? styles.lineMap : styles.lineRandom)}>
              <path className={styles.band} d={band} />
              <path className={styles.line} d={path} strokeDasharray={name === "random" ? "5 3" : undefined} />
              <text className={styles.lineName} x={end.x + 6} y={labelHeight(lines, name)} dy="0.32em">
                {names[name]}
              </text>
            </g>
          ))}
        </svg>
      )}
      <p>{sentenceOf(result)}</p>
      <p className={styles.note}>
        {`Bands: one sd, over ${covers.length} fills for the map and ${result.random.length} drawn orders of the same cells for chance.`}
      </p>
    </figure>
  );
}

function CurveTable({ geometry }: { geometry: ReturnType<typeof deletionGeometry> }) {
  return (
    <table className={styles.table} aria-label="Check of the occlusion map as a table">
      <thead>
        <tr>
          <th scope="col">Covered</th>
          {geometry.lines.map(({ name }) => (
            <th key={name} scope="col">
              {names[name]}, nats
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {deletionShares.map((share, i) => (
          <tr key={share}>
            <th scope="row">{formatPercent(share)}</th>
            {geometry.lines.map(({ name, points }) => (
              <td key={name}>{spreadText(points[i] ?? { mean: Number.NaN, sd: Number.NaN })}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What the curves say, honestly. */
export function sentenceOf({ verdict: { map, random, beaten, drawn, verdict } }: DeletionResult): string {
  if (Math.max(Math.abs(map.mean), Math.abs(random.mean)) < faintNats) {
    return `Covering the picture changes these tokens by less than ${faintNats} nats, in whatever order: there is nothing that a map could find.`;
  }
  const numbers = `On average over the curve the map’s order costs ${spreadText(map)} nats, chance ${spreadText(random)} nats; it falls faster than ${formatNumber(beaten)} of ${drawn} drawn orders`;
  switch (verdict) {
    case "better":
      return `${numbers}: the map finds what these tokens hang on.`;
    case "noise":
      return `${numbers}: the map is no better than chance. Do not read places from it.`;
    case "worse":
      return `${numbers}: the map is worse than chance. What these tokens hang on is spread over the picture, or the fills mislead.`;
    default:
      return verdict satisfies never;
  }
}

/** Names at the ends of the lines keep apart. */
function labelHeight(lines: ReturnType<typeof deletionGeometry>["lines"], name: "map" | "random"): number {
  const [a = 0, b = 0] = lines.map(({ end }) => end.y);
  const push = Math.max(0, 14 - Math.abs(a - b)) / 2;
  const isUpper = a <= b === (name === "map");
  return (name === "map" ? a : b) + (isUpper ? -push : push);
}

function sameSpan(a: TokenSpan, b: TokenSpan): boolean {
  return a.rollout === b.rollout && a.start === b.start && a.end === b.end;
}
