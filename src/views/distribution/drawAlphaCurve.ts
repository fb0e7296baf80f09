// Geometry of α over the group (paper, Eq. 5): the line that turns a rollout's mean dependency into its factor, its two ends β_min and
// β_max, and one dot per rollout. The factors come from `rl/shaping.ts`; here they only get pixels. Pure.

import { scaleLinear } from "d3-scale";
import { type ShapingRange, shapeAdvantages } from "@/rl/shaping";

/** What is drawn: α as the update has it. */
export interface AlphaInput {
  readonly meanDependency: ArrayLike<number>;
  readonly alpha: ArrayLike<number>;
  readonly range: ShapingRange | null;
  readonly betaMin: number;
  /** Per micro-batch; null where shaping does not act. */
  readonly betaMax: readonly (number | null)[];
}

export interface AlphaDot {
  readonly rollout: number;
  readonly x: number;
  readonly y: number;
  readonly mean: number;
  readonly alpha: number;
}

export interface AlphaDrawing {
  readonly dots: readonly AlphaDot[];
  /** One per β_max: from the least to the most dependent rollout. */
  readonly lines: readonly { readonly path: string; readonly betaMax: number }[];
  /** Heights of β_min, of 1, and of every β_max. */
  readonly levels: readonly { readonly label: string; readonly value: number; readonly y: number }[];
  readonly ticks: readonly { readonly value: number; readonly x: number }[];
  readonly plot: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
}

const margin = { left: 92, right: 12, top: 12, bottom: 20 };
const levelDistance = 14;

/** Draws α; without a range there are only dots, all at 1. */
export function drawAlphaCurve(input: AlphaInput, { width, height }: { width: number; height: number }): AlphaDrawing {
  const { meanDependency, alpha, range, betaMin, betaMax } = input;
  const plot = {
    left: margin.left,
    right: Math.max(width - margin.right, margin.left + 1),
    top: margin.top,
    bottom: height - margin.bottom,
  };
  const ends = [...new Set(betaMax.filter((value) => value !== null))];
  const isActive = range !== null && ends.length > 0;
  const means = Array.from(meanDependency).filter(Number.isFinite);
  const x = scaleLinear(spread(range ? [range.low, range.high] : [Math.min(...means, 0), Math.max(...means, 0)]), [
    plot.left,
    plot.right,
  ]);
  const heights = [1, ...(isActive ? [betaMin, ...ends] : []), ...Array.from(alpha)].filter(Number.isFinite);
  const y = scaleLinear(spread([Math.min(...heights), Math.max(...heights)]), [plot.bottom, plot.top]);
  const dots = Array.from(meanDependency, (mean, rollout): AlphaDot => {
    const factor = alpha[rollout] ?? Number.NaN;
    return { rollout, mean, alpha: factor, x: round(x(mean)), y: round(y(factor)) };
  }).filter((dot) => Number.isFinite(dot.mean) && Number.isFinite(dot.alpha));
  const lines = isActive
    ? ends.map((end) => {
        // A fixed upper end gives the line of this micro-batch at both ends of the range.
        const at = shapeAdvantages([range.low, range.high], range, { betaMin, betaMax: end }).alpha;
        return {
          betaMax: end,
          path: `M${round(x(range.low))},${round(y(at[0] ?? 1))}L${round(x(range.high))},${round(y(at[1] ?? 1))}`,
        };
      })
    : [];
  const named = isActive
    ? [{ label: "β_min", value: betaMin }, ...ends.map((value) => ({ label: "β_max", value })), { label: "α = 1", value: 1 }]
    : [{ label: "α = 1", value: 1 }];
  const levels: { label: string; value: number; y: number }[] = [];
  // A level that would cover the name of another one is left out; the ends come first.
  for (const level of named) {
    const at = round(y(level.value));
    if (levels.every((other) => Math.abs(other.y - at) >= levelDistance)) levels.push({ ...level, y: at });
  }
  return { dots, lines, levels, plot, ticks: x.ticks(4).map((value) => ({ value, x: round(x(value)) })) };
}

/** The dot nearest to a place within `reach` pixels. */
export function dotAt(dots: readonly AlphaDot[], at: { readonly x: number; readonly y: number }, reach: number): AlphaDot | null {
  let best: AlphaDot | null = null;
  let distance = reach;
  for (const dot of dots) {
    const away = Math.hypot(dot.x - at.x, dot.y - at.y);
    if (away <= distance) {
      best = dot;
      distance = away;
    }
  }
  return best;
}

/** A range with room at both ends; one value gets a scale as well. */
function spread([low, high]: readonly [number, number]): [number, number] {
  const room = (high - low) * 0.08 || Math.abs(low) * 0.1 || 0.1;
  return [low - room, high + room];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
