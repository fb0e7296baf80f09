// The occlusion map of the pinned tokens: picture with cells, legend, what the cell under pointer or keys says, the same as a table, and
// the buttons that measure and refine.
import { Grid2x2Plus, ScanSearch, Table2 } from "lucide-react";
import { type CSSProperties, useRef, useState } from "react";
import type { RgbImage } from "@/image/rgbImage";
import { useExportSource } from "@/state/exportSources";
import { useLook } from "@/state/look/look";
import { measureOcclusion } from "@/state/look/occlusionJob";
import { covers, faintNats, fillNames } from "@/state/look/occlusionMap";
import type { TokenSpan } from "@/state/selection";
import { Button } from "@/ui/Button";
import { binClasses } from "@/ui/color/binClasses";
import { binCount, binVariables } from "@/ui/color/maps";
import { formatNumber } from "@/ui/formatNumber";
import styles from "./Look.module.css";
import { LookStatusLine } from "./LookStatusLine";
import { MapList } from "./MapList";
import { cellText, mapTop, spreadText } from "./mapGeometry";
import { type ShownMap, useMap } from "./useMap";

const fillText = `${covers.length} fills: ${[...new Set(covers.map(({ fill }) => fillNames[fill]))]
  .map((name) => {
    const count = covers.filter(({ fill }) => fillNames[fill] === name).length;
    return count > 1 ? `${count} × ${name}` : name;
  })
  .join(", ")}`;

/** The map, or how to get one. */
export function OcclusionView({ image, span }: { image: RgbImage; span: TokenSpan | null }) {
  const shown = useMap(span);
  const isRunning = useLook((state) => state.statuses.occlusion.status === "running");
  const [asTable, setAsTable] = useState(false);
  const figure = useRef<HTMLDivElement>(null);
  useExportSource(
    shown && {
      id: "occlusion-map",
      title: "Occlusion map",
      panel: "inspector",
      table: () => tableOf(shown),
      figure: () => figure.current?.querySelector("svg") ?? null,
    },
  );
  return (
    <div className={styles.part} style={binVariables("cividis") as CSSProperties}>
      <header className={styles.header}>
        <h3 className={styles.title}>Where did it look?</h3>
        {shown && (
          <Button
            label="View as table"
            icon={<Table2 aria-hidden />}
            iconOnly
            tone="quiet"
            pressed={asTable}
            onPress={() => setAsTable(!asTable)}
          />
        )}
      </header>
      {!span && (
        <p className={styles.note}>Pin a token or a span: the map shows on which parts of the picture its prediction hangs.</p>
      )}
      {span && !shown && (
        <p className={styles.note}>
          Parts of the picture are covered one after the other; the map shows how far the prediction of{" "}
          {span.end > span.start ? "these tokens" : "this token"} moves (KL, nats), with {fillText}.
        </p>
      )}
      {shown &&
        span &&
        (asTable ? <CellTable shown={shown} /> : <MapFigure image={image} shown={shown} span={span} figure={figure} />)}
      <LookStatusLine kind="occlusion" what="Occlusion map" />
      {span && (
        <div className={styles.buttons}>
          <Button
            label={shown ? "Refine where it is strong" : "Measure the map"}
            icon={<ScanSearch aria-hidden />}
            disabled={isRunning}
            onPress={() => void measureOcclusion(span, { asked: true })}
          />
          {shown && (
            <Button
              label="Refine everywhere"
              icon={<Grid2x2Plus aria-hidden />}
              disabled={isRunning}
              onPress={() => void measureOcclusion(span, { asked: true, everywhere: true })}
            />
          )}
        </div>
      )}
    </div>
  );
}

interface MapFigureProps {
  readonly image: RgbImage;
  readonly shown: ShownMap;
  readonly span: TokenSpan;
  readonly figure: React.RefObject<HTMLDivElement | null>;
}

function MapFigure({ image, shown, span, figure }: MapFigureProps) {
  const active = useLook((state) => state.cell);
  const { map, cells } = shown;
  const top = mapTop(cells);
  const strongest = cells.reduce((best, one) => (one.density > best.density ? one : best));
  const under = cells.find(({ key }) => key === active);
  const whole = map.whole(span);
  return (
    <figure className={styles.figure} ref={figure}>
      <MapList image={image} shown={shown} top={top} />
      <div className={styles.legend}>
        <div className={styles.ramp} role="img" aria-label={`Colour legend: 0 to ${formatNumber(top)} nats per patch, linear`}>
          {Array.from({ length: binCount }, (_, bin) => (
            <i key={binClasses[bin]} className={binClasses[bin]} />
          ))}
        </div>
        <p className={styles.ticks} aria-hidden>
          <span>0</span>
          <span>{formatNumber(top / 2)}</span>
          <span>{formatNumber(top)} nats per patch</span>
        </p>
        <p className={styles.note}>
          <span className={styles.hatchKey} aria-hidden /> below twice its spread over the fills: may be noise
        </p>
      </div>
      <figcaption className={styles.note}>
        {under ? (
          <>
            <strong>Covered</strong> {cellText(under)}
          </>
        ) : (
          <>
            <strong>Strongest</strong> {cellText(strongest)}
          </>
        )}
        .{" "}
        {strongest.spread.mean < faintNats &&
          `No part moves ${span.end > span.start ? "these tokens" : "this token"} by ${faintNats} nats: there is nothing to read from this map. `}
        Whole picture covered: {spreadText(whole)} nats. KL between the prediction with the picture and with the cell covered
        {span.end > span.start ? ", summed over the span" : ""}; mean ± sd over {fillText}.
      </figcaption>
    </figure>
  );
}

function CellTable({ shown: { cells } }: { shown: ShownMap }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable
    <section className={styles.tableBox} aria-label="Occlusion map as a table" tabIndex={0}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Rows</th>
            <th scope="col">Columns</th>
            <th scope="col">KL, nats</th>
            <th scope="col">per patch</th>
            <th scope="col">noise?</th>
          </tr>
        </thead>
        <tbody>
          {cells
            .toSorted((a, b) => b.density - a.density)
            .map(({ key, cell, spread, density, isNoise }) => (
              <tr key={key}>
                <td>{rangeOf(cell.row, cell.rows)}</td>
                <td>{rangeOf(cell.column, cell.columns)}</td>
                <td>{spreadText(spread)}</td>
                <td>{formatNumber(density)}</td>
                <td>{isNoise ? "maybe" : ""}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </section>
  );
}

const rangeOf = (start: number, length: number) => (length === 1 ? String(start + 1) : `${start + 1}–${start + length}`);

function tableOf({ cells }: ShownMap) {
  return {
    columns: ["row", "column", "rows", "columns", "kl_nats_mean", "kl_nats_sd", "fills", "kl_nats_per_patch", "may_be_noise"],
    rows: cells.map(({ cell, spread, density, isNoise }) => [
      cell.row,
      cell.column,
      cell.rows,
      cell.columns,
      spread.mean,
      spread.sd,
      spread.count,
      density,
      isNoise ? 1 : 0,
    ]),
  };
}
