// What the gradient-variance meter says: the measured Var(g_VPPO) / Var(g_GRPO), the theorem's k · E[α²] (paper, section 3.3, appendix
// D), and each assumption with its number; measured = k · E[α²] × the product of the five factors (rl/varianceTheorem.ts).
// An assumption that holds has a factor of 1. Pure.

import { formatNumber } from "@/ui/formatNumber";

export interface VarianceFactor {
  readonly key: string;
  readonly assumption: string;
  readonly value: number;
  readonly holds: boolean;
  readonly sentence: string;
}

export interface VarianceFacts {
  readonly measured: number;
  readonly bound: number;
  readonly factors: readonly VarianceFactor[];
  /** The whole finding in one or two sentences. */
  readonly summary: string;
}

interface Assumption {
  readonly key: string;
  readonly assumption: string;
  /** What it means that the factor is above 1, or below. */
  readonly above: string;
  readonly below: string;
}

/** Factors within a tenth of 1 count as holding: two dozen trajectories do not tell more. */
const tolerance = 1.1;
const ratioKey = "vppo/gradient_variance_ratio";
const boundKey = "vppo/variance_bound";

const assumptions: readonly Assumption[] = [
  {
    key: "vppo/variance_cross_terms",
    assumption: "1. Gradients of different tokens do not add up",
    above: "The kept tokens' gradients point the same way more than all tokens' do, so keeping few loses less variance",
    below: "All tokens' gradients point the same way more than the kept ones' do, so keeping few loses more variance",
  },
  {
    key: "vppo/variance_advantage_norms",
    assumption: "2. The advantage does not depend on the gradients",
    above: "Answers with a large weight have tokens with large gradients among those kept",
    below: "Answers with a large weight have tokens with small gradients among those kept",
  },
  {
    key: "vppo/variance_alpha_advantage",
    assumption: "3. α is uncorrelated with the advantage",
    above: "Answers with a large advantage also have a large α, so shaping makes them heavier",
    below: "Answers with a large advantage have a small α, so shaping makes them lighter",
  },
  {
    key: "vppo/variance_mean_gradient",
    assumption: "4. The mean gradient is negligible",
    above: "Of GRPO's gradient a larger part is common to all answers, which is signal and no variance",
    below: "Of VPPO's gradient a larger part is common to all answers, which is signal and no variance",
  },
  {
    key: "vppo/variance_token_norms",
    assumption: "5. All tokens have gradients of one size",
    above: "Kept tokens have larger gradients than the others: the model is less sure of them",
    below: "Kept tokens have smaller gradients than the others: the model is surer of them",
  },
];

/** The facts of a step's metrics; undefined when the step was not measured. */
export function varianceFacts(metrics: Readonly<Record<string, number>>): VarianceFacts | undefined {
  const measured = metrics[ratioKey];
  const bound = metrics[boundKey];
  if (!isNumber(measured) || !isNumber(bound)) return undefined;
  const factors = assumptions.flatMap((one): VarianceFactor[] => {
    const value = metrics[one.key];
    if (!isNumber(value)) return [];
    const holds = value > 0 && Math.abs(Math.log(value)) <= Math.log(tolerance);
    const why = value > 1 ? one.above : one.below;
    const sentence = holds ? "Holds here." : `Fails here, ${effect(value)}: ${why.charAt(0).toLowerCase()}${why.slice(1)}.`;
    return [{ key: one.key, assumption: one.assumption, value, holds, sentence }];
  });
  return { measured, bound, factors, summary: summaryOf(measured, bound, factors) };
}

function effect(value: number): string {
  return `and makes the ratio ${formatNumber(value > 1 ? value : 1 / value)} times ${value > 1 ? "larger" : "smaller"}`;
}

function summaryOf(measured: number, bound: number, factors: readonly VarianceFactor[]): string {
  const percent = Math.round(Math.abs(1 - measured) * 100);
  const change = measured < 1 ? `${percent} % less` : `${percent} % more`;
  const quotient = measured / bound;
  const first = `VPPO's gradient varied ${change} than GRPO's; the theorem says ${formatNumber(bound)}`;
  if (Math.abs(Math.log(quotient)) <= Math.log(tolerance)) return `${first}, and ${formatNumber(measured)} was measured.`;
  const strongest = [...factors].sort((a, b) => Math.abs(Math.log(b.value)) - Math.abs(Math.log(a.value)))[0];
  const because = strongest ? ` The assumption that is furthest off is number ${strongest.assumption.charAt(0)}.` : "";
  return `${first}, measured was ${formatNumber(quotient)} times that.${because}`;
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value);
}

/** The newest step at or before `step` (the newest of all for null) that has the measurement; undefined without any. */
export function measuredStep(steps: ArrayLike<number>, ratios: ArrayLike<number>, step: number | null): number | undefined {
  for (let i = ratios.length - 1; i >= 0; i--) {
    const at = steps[i] as number;
    if (Number.isFinite(ratios[i]) && (step === null || at <= step)) return at;
  }
  return undefined;
}

/** Names of all metrics of the meter. */
export const varianceKeys: readonly string[] = [ratioKey, boundKey, ...assumptions.map(({ key }) => key)];
export const varianceRatioKey = ratioKey;
