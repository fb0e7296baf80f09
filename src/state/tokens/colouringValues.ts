// The numbers behind the colours: one value per token of the shown answer for every row of `colourings.ts`. Reads buffer and update;
// computes nothing that `rl` computes.

import { answerTokens } from "@/client/live";
import type { DependencyMeasure } from "@/rl/dependency";
import { type AnswerUpdate, currentGradient, currentUpdate } from "../answers/update";
import type { TokenRef } from "../selection";
import { type ColourBy, colourings, colourNames } from "./colourings";
import { unitOf } from "./tokenFacts";

/** What the update has to be asked for besides the tokens: colours must follow it when it changes. */
const fromUpdate: Readonly<Partial<Record<ColourBy, (update: AnswerUpdate) => unknown>>> = {
  dependency: (update) => update.dependencies,
  advantage: (update) => update.preview?.advantages,
  weight: (update) => update.preview?.weights,
  gradient: () => currentGradient(),
};

/** Something that is the same object exactly as long as the values of a colouring are the same for the same tokens. */
export function valuesSource(colourBy: ColourBy, update: AnswerUpdate): unknown {
  return fromUpdate[colourBy]?.(update) ?? null;
}

/** One value per token of a rollout; zeros where an update is needed and there is none. */
export function colouringValues(colourBy: ColourBy, rollout: number, update: AnswerUpdate): Float32Array {
  const stats = answerTokens.stats(rollout);
  const count = stats.logp.length;
  switch (colourBy) {
    case "dependency":
      return update.dependencies[rollout] ?? new Float32Array(count);
    case "deltaLogp":
      return stats.logp.map((value, t) => value - (stats.logpMasked[t] as number));
    case "logp":
      return stats.logp.map((value) => -value);
    case "entropy":
      return stats.entropy;
    case "advantage":
      return new Float32Array(count).fill(update.preview?.advantages[rollout] ?? 0);
    case "weight":
      return update.preview?.weights[rollout] ?? new Float32Array(count);
    case "gradient":
      return gradientOf(update)?.[rollout]?.map(Math.abs) ?? new Float32Array(count);
    default:
      return colourBy satisfies never;
  }
}

/** Every number that a colour can show, of one token. */
export function tokenValues({ rollout, token }: TokenRef, update: AnswerUpdate): Readonly<Record<ColourBy, number>> {
  const entries = colourNames.map((name) => [name, colouringValues(name, rollout, update)[token] ?? Number.NaN] as const);
  // One entry per name of the table.
  return Object.fromEntries(entries) as Record<ColourBy, number>;
}

/** Why a colouring has no values although there are tokens; null where it has some. */
export function whyNoValues(colourBy: ColourBy, update: AnswerUpdate): string | null {
  if (colourBy !== "gradient" || update.preview === null || gradientOf(update) !== null) return null;
  return "The KL penalty needs the model without its adapter, which has not scored this answer: set its coefficient to 0 to see the gradient.";
}

const measureFormulas: Readonly<Record<DependencyMeasure, string>> = {
  kl: "S_t = Σ_v p(v) log(p(v) / q(v))",
  k3: "S_t = e^d − d − 1, d = log q(o_t) − log p(o_t)",
  jsd: "S_t = ½ KL(p ‖ m) + ½ KL(q ‖ m), m = ½ (p + q)",
  top1_drop: "S_t = max(0, p(v*) − q(v*)), v* = argmax p",
};

/** Unit and formula of a colouring under the chosen measure of dependency. */
export function meaningOf(colourBy: ColourBy, measure: DependencyMeasure): { readonly unit: string; readonly formula: string } {
  if (colourBy === "dependency") return { unit: unitOf(measure), formula: measureFormulas[measure] };
  const { unit, formula } = colourings[colourBy];
  return { unit, formula };
}

/** The gradient belongs to the present update; for any other there is none to show. */
function gradientOf(update: AnswerUpdate): readonly Float32Array[] | null {
  return update === currentUpdate() ? (currentGradient()?.gradient ?? null) : null;
}
