// What an offered model will take, from its parameter counts alone: said before anything is read. Rough on purpose (no norms, no
// work space of training, no rounding to groups); the engine's memory plan replaces it as soon as a model is looked at.

import type { MemoryUse, PrecisionChoice, WeightFormat } from "@/protocol/model";
import type { CatalogueModel } from "./modelCatalogue";

const scaleBits = 32;
const valueBits: Readonly<Record<WeightFormat, number>> = { f32: 32, f16: 16, int8: 8, int4: 4 };

/** Bits that a weight takes with its share of a scale. */
export function bitsPerWeight(format: WeightFormat, groupSize: number): number {
  const shared = format === "int8" || format === "int4" ? scaleBits / groupSize : 0;
  return valueBits[format] + shared;
}

/** About how many bytes the weights take on the GPU. */
export function estimateWeightBytes({ sizes }: CatalogueModel, { text, vision, head, groupSize }: PrecisionChoice): number {
  const bits =
    sizes.text * bitsPerWeight(text, groupSize) +
    sizes.vision * bitsPerWeight(vision, groupSize) +
    sizes.head * bitsPerWeight(head, groupSize);
  return (bits * 1e6) / 8;
}

/**
 * About how many bytes answering takes: weights, and keys and values of one prompt for all answers, of a masked prompt for each, and of
 * every answer with its masked twin (engine/memoryPlan.ts has the same rows).
 */
export function estimateMemoryBytes(model: CatalogueModel, precision: PrecisionChoice, use: MemoryUse): number {
  const answer = use.answerTokens ?? Math.floor(use.contextTokens / 2);
  const prompt = use.contextTokens - answer;
  const rows = (1 + use.rollouts) * prompt + 2 * use.rollouts * answer;
  return estimateWeightBytes(model, precision) + model.kvBytesPerToken * rows;
}

/**
 * What a model takes with the given choice, or with the gentlest smaller one that fits, and what that one changes ("" for nothing); the
 * smaller choices follow engine/memoryPlan.ts. `fits` is null while the budget is unknown.
 */
export function estimateFit(model: CatalogueModel, precision: PrecisionChoice, use: MemoryUse, budgetBytes: number | null) {
  const needs = estimateMemoryBytes(model, precision, use);
  if (budgetBytes === null) return { needs, fits: null, changes: "" };
  if (needs <= budgetBytes) return { needs, fits: true, changes: "" };
  const int4: PrecisionChoice = { ...precision, text: "int4" };
  const formats: PrecisionChoice[] = precision.text === "int4" ? [precision] : [precision, int4];
  for (const choice of formats) {
    for (const contextTokens of [use.contextTokens, 1024, 512].filter((count) => count <= use.contextTokens)) {
      const rollouts = Math.min(use.rollouts, contextTokens === 512 ? 2 : 4);
      const answer = use.answerTokens === undefined ? {} : { answerTokens: Math.min(use.answerTokens, contextTokens / 2) };
      const bytes = estimateMemoryBytes(model, choice, { ...use, ...answer, rollouts, contextTokens });
      if (bytes > budgetBytes) continue;
      const changes = [
        ...(choice.text === precision.text ? [] : ["int4"]),
        ...(contextTokens === use.contextTokens ? [] : [`${contextTokens} tokens`]),
      ];
      return { needs: bytes, fits: true, changes: changes.length > 0 ? changes.join(", ") : `${rollouts} answers` };
    }
  }
  return { needs, fits: false, changes: "" };
}

const partNames = { text: "text", vision: "vision", head: "head" } as const;

/** Formats in words: "int8", or "int4 text, f16 vision, int8 head". */
export function precisionText({ text, vision, head }: PrecisionChoice): string {
  if (text === vision && text === head) return text;
  return `${text} ${partNames.text}, ${vision} ${partNames.vision}, ${head} ${partNames.head}`;
}
