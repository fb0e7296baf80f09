// Where the time of a job went, as a picture: the job, its phases below, and below them the kernels where they were measured. Blocks
// carry their name where it fits; the table beside it has every number.

import type { JobReport } from "@/protocol/system";
import { seriesColour } from "@/ui/charts/seriesColours";
import { formatNumber } from "@/ui/formatNumber";
import { useElementWidth } from "@/ui/useElementWidth";
import { type FlameBlock, flameBlocks, jobNames, phaseText, phaseTotals } from "./phases";
import styles from "./SystemPanel.module.css";

const rowHeight = 24;
const letterWidth = 6.6;
const padding = 6;

/** The flame bar of a job. */
export function FlameBar({ job }: { job: JobReport }) {
  const [box, width] = useElementWidth<HTMLDivElement>();
  const blocks = flameBlocks(job);
  const rows = 1 + Math.max(...blocks.map(({ level }) => level));
  return (
    <div ref={box} className={styles.flame}>
      {width > 0 && (
        <svg width={width} height={rows * rowHeight} role="img" aria-label={sentence(job)} className={styles.drawing}>
          {blocks.map((block) => (
            <Block key={`${block.level} ${block.from} ${block.name}`} block={block} width={width} />
          ))}
        </svg>
      )}
    </div>
  );
}

function Block({ block, width }: { block: FlameBlock; width: number }) {
  const { level, from, name, ms, colour, calls } = block;
  const x = rounded(from * width);
  const w = rounded(Math.max(1, block.width * width - 1));
  const label = level === 0 ? `${name}, ${milliseconds(ms)}` : name;
  const isWide = label.length * letterWidth + padding * 2 < w;
  return (
    <g>
      <title>{`${name}, ${milliseconds(ms)}${calls === undefined ? "" : `, ${calls} calls`}`}</title>
      <rect
        x={x}
        y={level * rowHeight}
        width={w}
        height={rowHeight - 2}
        rx={2}
        className={styles.block}
        style={{
          fill: `color-mix(in oklab, ${seriesColour(colour)} ${level === 0 ? 12 : 28}%, var(--surface-1))`,
          stroke: seriesColour(colour),
        }}
      />
      {isWide && (
        <text x={x + padding} y={level * rowHeight + 15} className={styles.blockText}>
          {label}
        </text>
      )}
    </g>
  );
}

/** A duration with its unit. */
export function milliseconds(ms: number): string {
  return ms >= 1000 ? `${formatNumber(ms / 1000)} s` : `${formatNumber(ms)} ms`;
}

function sentence(job: JobReport): string {
  const parts = phaseTotals(job).map(({ name, ms }) => `${phaseText(name).name} ${milliseconds(ms)}`);
  return `${jobNames[job.kind]} took ${milliseconds(job.elapsedMs)}: ${parts.join(", ")}.`;
}

const rounded = (pixels: number) => Math.round(pixels * 10) / 10;
