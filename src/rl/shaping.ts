// Trajectory-level scaling (TAS, paper Eq. 5): trajectories that depend more on the image get a larger factor
// alpha_i in [betaMin, betaMax]. By default betaMax is chosen so that the mean alpha is 1, as in the official code (dp_actor.py); a
// fixed number is the paper's Table 3 only. The official code takes the range of the mean dependency over the mini-batch and the
// mean of z over the micro-batch, so both sets are parameters here. What alpha multiplies is decided in `vppo.ts`: the advantage,
// or the reward (`rewardShaping.ts`). An empty trajectory has mean dependency NaN: it takes no part, and its alpha is 1.

import type { PolicySettings } from "./settings";

/** Lowest and highest mean dependency of a mini-batch. */
export interface ShapingRange {
  readonly low: number;
  readonly high: number;
}

/** The scaling factors of one set of trajectories. */
export interface Shaping {
  /** alpha_i per trajectory. */
  readonly alpha: Float32Array;
  /** The upper end of alpha; null where shaping does not act (all alpha are 1). */
  readonly betaMax: number | null;
}

/** The ends of alpha. */
export type ShapingEnds = Pick<PolicySettings, "betaMin" | "betaMax">;

const smallestSpread = 1e-6;
const meanEpsilon = 1e-8;

/** Mean dependency of one trajectory over all its tokens, kept or not; NaN when it has none. */
export function meanDependency(dependency: Float32Array): number {
  let sum = 0;
  for (let t = 0; t < dependency.length; t++) sum += dependency[t] as number;
  return sum / dependency.length;
}

/** Range of the mean dependencies of a mini-batch; null when fewer than two trajectories have tokens. */
export function shapingRange(meanDependencies: ArrayLike<number>): ShapingRange | null {
  let count = 0;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < meanDependencies.length; i++) {
    const mean = meanDependencies[i] as number;
    if (Number.isNaN(mean)) continue;
    count++;
    low = Math.min(low, mean);
    high = Math.max(high, mean);
  }
  return count > 1 ? { low, high } : null;
}

/**
 * alpha_i = betaMin + z_i (betaMax - betaMin), z_i = (S_i - low) / (high - low); "dynamic" betaMax is
 * betaMin + (1 - betaMin) / (mean z + 1e-8) over the given trajectories. All 1 when the range is missing or at most 1e-6 wide.
 */
export function shapeAdvantages(meanDependencies: ArrayLike<number>, range: ShapingRange | null, ends: ShapingEnds): Shaping {
  const { betaMin } = ends;
  const alpha = new Float32Array(meanDependencies.length).fill(1);
  if (range === null || !(range.high - range.low > smallestSpread)) return { alpha, betaMax: null };
  const z = Float64Array.from(meanDependencies, (mean) => clampToUnit((mean - range.low) / (range.high - range.low)));
  let sum = 0;
  let count = 0;
  for (const value of z) {
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  if (count === 0) return { alpha, betaMax: null };
  const betaMax = ends.betaMax === "dynamic" ? betaMin + (1 - betaMin) / (sum / count + meanEpsilon) : ends.betaMax;
  for (let i = 0; i < z.length; i++) {
    const value = z[i] as number;
    if (!Number.isNaN(value)) alpha[i] = betaMin + value * (betaMax - betaMin);
  }
  return { alpha, betaMax };
}

function clampToUnit(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}
