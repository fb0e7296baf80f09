// A line chart as SVG inside an exported HTML file: the geometry of the page's own charts, colours by class, so that it follows the
// reader's theme. Pure.
import { html, type Markup } from "@/formats/markup";
import { describeSeries, lineGeometry } from "@/ui/charts/lineGeometry";
import { comparedDash, seriesColours, seriesDash } from "@/ui/charts/seriesColours";
import type { ChartSpec } from "@/views/training/charts";

const size = { width: 340, height: 180 } as const;

/** A chart with its title and the newest values. */
export function chartMarkup({ title, unit, series, include, format }: ChartSpec): Markup {
  const geometry = lineGeometry(series, { ...size, ...(include ? { include } : {}) });
  const { plot, lines, xTicks, yTicks } = geometry;
  const colour = (i: number) => (series[i]?.colour ?? i) % seriesColours.length;
  const dash = (i: number) => (series[i]?.dashed ? comparedDash : seriesDash(series[i]?.colour ?? i));
  return html`<figure><figcaption>${title}${unit && ` (${unit})`}: ${series.map(
    ({ label, ys }, i) =>
      html`${i > 0 && ", "}<span class="s${colour(i)}">${series.length > 1 && `${label} `}${newest(ys, format)}</span>`,
  )}</figcaption><svg width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${series
    .map(({ label, ys }) => describeSeries(label, ys))
    .join(". ")}" font-size="11" font-family="system-ui, sans-serif">${yTicks.map(
    ({ y, label }) =>
      html`<line x1="${plot.left}" x2="${plot.right}" y1="${y}" y2="${y}" stroke="currentColor" stroke-opacity="0.2"/><text x="${plot.left - 6}" y="${y}" dy="0.32em" text-anchor="end" fill="currentColor">${label}</text>`,
  )}${xTicks.map(
    ({ x, label, anchor }) =>
      html`<text x="${x}" y="${size.height - 4}" text-anchor="${anchor}" fill="currentColor">${label}</text>`,
  )}${lines.map(
    ({ path, end }, i) =>
      html`<g class="s${colour(i)}"><path d="${path}" fill="none" stroke="currentColor" stroke-width="1.5" stroke-dasharray="${dash(i) ?? "none"}"/>${
        end && html`<circle cx="${end.x}" cy="${end.y}" r="2.5" fill="currentColor"/>`
      }</g>`,
  )}</svg></figure>`;
}

function newest(ys: ArrayLike<number>, format: (value: number) => string): string {
  return ys.length > 0 ? format(ys[ys.length - 1] as number) : "–";
}
