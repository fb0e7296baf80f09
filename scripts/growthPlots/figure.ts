// A figure of the growth bench as SVG: time and memory over the size that grows, both logarithmic, with the line that growth in
// proportion would follow, and the dispatches of each size below. Pure; numbers come from the bench's rows alone.

import { scaleLog } from "d3-scale";
import { line } from "d3-shape";

/** What was measured at one size. */
export interface GrowthPoint {
  readonly size: number;
  readonly ms: number;
  readonly megabytes: number;
  readonly dispatches: number;
}

export interface GrowthFigure {
  readonly title: string;
  /** What grows, below the axis. */
  readonly axis: string;
  readonly points: readonly GrowthPoint[];
}

const width = 640;
const height = 250;
const panel = { width: 240, height: 130, top: 48, left: 56, gap: 72 };
const style =
  "text{font:11px system-ui,sans-serif;fill:#333}.title{font-size:13px;font-weight:600}.end{text-anchor:end}.middle{text-anchor:middle}" +
  ".grid{stroke:#e4e4e4}.even{stroke:#999;stroke-dasharray:3 3}.line{fill:none;stroke:#1f5fbf;stroke-width:1.6}.dot{fill:#1f5fbf}";

/** The figure as a file of its own, on white, so that it reads on dark pages too. */
export function growthFigure({ title, axis, points }: GrowthFigure): string {
  const left = { x: panel.left, unit: "ms", of: ({ ms }: GrowthPoint) => ms };
  const right = {
    x: panel.left + panel.width + panel.gap,
    unit: "MB of GPU memory",
    of: ({ megabytes }: GrowthPoint) => megabytes,
  };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${title}</title><style>${style}</style><rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text class="title" x="12" y="20">${title}</text>`,
    ...[left, right].flatMap((side) => panelOf(points, axis, side)),
    "</svg>\n",
  ].join("\n");
}

interface Side {
  readonly x: number;
  readonly unit: string;
  readonly of: (point: GrowthPoint) => number;
}

function panelOf(points: readonly GrowthPoint[], axis: string, { x: start, unit, of }: Side): string[] {
  const [first] = points;
  if (!first) return [];
  const sizes = points.map(({ size }) => size);
  const values = points.map(of);
  const bottom = panel.top + panel.height;
  const x = scaleLog()
    .base(2)
    .domain([Math.min(...sizes), Math.max(...sizes)])
    .range([start, start + panel.width]);
  const y = scaleLog()
    .domain([Math.min(...values) / 1.3, Math.max(...values) * 1.3])
    .range([bottom, panel.top]);
  const ticks = y.ticks().filter((tick) => /^[125]e/.test(tick.toExponential()));
  const path = line<GrowthPoint>(
    (point) => rounded(x(point.size)),
    (point) => rounded(y(of(point))),
  )(points);
  // As far along the line of proportion as the panel reaches.
  const end = Math.min(Math.max(...sizes), (first.size * (y.domain()[1] as number)) / of(first));
  const even = { x: rounded(x(end)), y: rounded(y((of(first) * end) / first.size)) };
  return [
    `<text x="${start}" y="${panel.top - 10}">${unit}</text>`,
    ...ticks.flatMap((tick) => [
      `<line class="grid" x1="${start}" x2="${start + panel.width}" y1="${rounded(y(tick))}" y2="${rounded(y(tick))}"/>`,
      `<text class="end" x="${start - 6}" y="${rounded(y(tick)) + 4}">${tick}</text>`,
    ]),
    `<line class="even" x1="${start}" y1="${rounded(y(of(first)))}" x2="${even.x}" y2="${even.y}"/>`,
    `<path class="line" d="${path}"/>`,
    ...points.flatMap((point) => [
      `<circle class="dot" cx="${rounded(x(point.size))}" cy="${rounded(y(of(point)))}" r="3"/>`,
      `<text class="middle" x="${rounded(x(point.size))}" y="${bottom + 16}">${point.size}</text>`,
      ...(unit === "ms"
        ? [`<text class="middle" x="${rounded(x(point.size))}" y="${bottom + 48}">${Math.round(point.dispatches)}</text>`]
        : []),
    ]),
    `<text class="middle" x="${start + panel.width / 2}" y="${bottom + 32}">${axis}</text>`,
    ...(unit === "ms"
      ? [`<text class="middle" x="${start + panel.width / 2}" y="${bottom + 64}">dispatches, of each size</text>`]
      : []),
  ];
}

const rounded = (value: number): number => Math.round(value * 10) / 10;
