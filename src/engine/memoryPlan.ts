// GPU memory a model will take, from its configuration alone: weights to the byte, KV cache and activations by the shapes the
// engine will allocate. Shown before anything is fetched, and the judge of whether loading may begin. Pure arithmetic.

import type { ModelConfig } from "@/models/family";
import type { Precision, WeightRequest } from "@/models/weights";
import type { MemoryLine, MemoryPlan, MemoryUse, PrecisionChoice } from "@/protocol/model";
import { requestBytes } from "./loading/loadWeights";

const float = 4;
const mebibyte = 1024 * 1024;
/** Idle buffers the pool keeps for reuse, and the head's chunks of logits (ops/headStats). */
const scratchBytes = 24 * mebibyte;
/** Rows that a decoding pass feeds at most at a time while it reads prompts (engine/prefill). */
export const prefillRows = 512;

/** A model reduced to what memory depends on. */
export interface PlannedModel {
  readonly config: ModelConfig;
  readonly requests: readonly WeightRequest[];
}

/** What decoding and training of `use` need, line by line. */
export function memoryLines({ config, requests }: PlannedModel, precision: Precision, use: MemoryUse): readonly MemoryLine[] {
  const { text } = config;
  const weights = (parts: readonly string[]) =>
    requests.reduce((sum, request) => (parts.includes(partOf(request)) ? sum + requestBytes(request, precision) : sum), 0);
  const answer = use.answerTokens ?? Math.floor(use.contextTokens / 2);
  const prompt = use.contextTokens - answer;
  const keyWidth = text.numKeyValueHeads * text.headDim;
  // One prompt for all answers, one masked prompt per answer; then every answer and its twin.
  const cacheRows = (1 + use.rollouts) * prompt + 2 * use.rollouts * answer;
  const kv = cacheRows * 2 * text.numHiddenLayers * keyWidth * float;
  // Inside a block: residual, norms, queries, keys, values and attention; then gate, up and their product.
  const queryWidth = text.numAttentionHeads * text.headDim;
  const perRow = 4 * text.hiddenSize + 2 * queryWidth + 2 * keyWidth + 3 * text.intermediateSize;
  const decoding = Math.min(prefillRows, cacheRows) * perRow * float + 2 * use.rollouts * text.vocabSize * float + scratchBytes;
  const trainedRows = prompt + use.rollouts * answer;
  // Every block's input is kept; one block at a time is recomputed with its activations and their cotangents.
  const training = trainedRows * ((text.numHiddenLayers + 2) * text.hiddenSize + 2 * perRow) * float + scratchBytes;
  return [
    { what: "vision weights", bytes: weights(["vision"]) },
    { what: "text weights", bytes: weights(["text"]) },
    { what: "embedding and head", bytes: weights(["embedding", "head"]) },
    { what: "KV cache", bytes: kv },
    { what: "decoding", bytes: decoding },
    { what: "training step", bytes: training },
    // Value, gradient and two moments.
    { what: "LoRA", bytes: loraParameters(requests, use.loraRank) * 4 * float },
  ];
}

/** The plan for a choice, with a smaller proposal when it does not fit. */
export function planMemory(model: PlannedModel, precision: PrecisionChoice, use: MemoryUse, budgetBytes: number): MemoryPlan {
  const lines = memoryLines(model, precision, use);
  const peakBytes = peakOf(lines);
  const plan = { lines, weightBytes: weightsOf(lines), peakBytes, budgetBytes, fits: peakBytes <= budgetBytes };
  if (plan.fits) return plan;
  const proposal = smaller(precision, use)
    .map((choice) => ({ ...choice, peakBytes: peakOf(memoryLines(model, choice.precision, choice.use)) }))
    .find((choice) => choice.peakBytes <= budgetBytes);
  return proposal ? { ...plan, proposal } : plan;
}

/** Decoding and training do not overlap: the larger of the two counts. */
function peakOf(lines: readonly MemoryLine[]): number {
  const bytes = (what: MemoryLine["what"]) => lines.find((line) => line.what === what)?.bytes ?? 0;
  return weightsOf(lines) + bytes("LoRA") + Math.max(bytes("KV cache") + bytes("decoding"), bytes("training step"));
}

function weightsOf(lines: readonly MemoryLine[]): number {
  const weights: readonly MemoryLine["what"][] = ["vision weights", "text weights", "embedding and head"];
  return lines.reduce((sum, { what, bytes }) => (weights.includes(what) ? sum + bytes : sum), 0);
}

/** Choices that need less, gentlest first: shorter texts and fewer answers before coarser weights. */
function smaller(precision: PrecisionChoice, use: MemoryUse): { precision: PrecisionChoice; use: MemoryUse }[] {
  const uses = [
    use,
    { ...use, rollouts: Math.min(use.rollouts, 4) },
    { ...use, rollouts: Math.min(use.rollouts, 4), contextTokens: Math.min(use.contextTokens, 1024) },
    { ...use, rollouts: Math.min(use.rollouts, 2), contextTokens: Math.min(use.contextTokens, 512) },
  ].map((each) => (each.answerTokens ? { ...each, answerTokens: Math.min(each.answerTokens, each.contextTokens / 2) } : each));
  const precisions: PrecisionChoice[] = [
    precision,
    { ...precision, text: "int8", vision: "f16", head: "int8" },
    { ...precision, text: "int4", vision: "f16", head: "int8" },
    { ...precision, text: "int4", vision: "int8", head: "int8" },
    { text: "int4", vision: "int8", head: "int4", groupSize: 64 },
  ];
  const size: Record<string, number> = { f32: 4, f16: 2, int8: 1, int4: 0 };
  const coarser = (a: PrecisionChoice) =>
    (["text", "vision", "head"] as const).every((part) => (size[a[part]] ?? 0) <= (size[precision[part]] ?? 0));
  return precisions.filter(coarser).flatMap((p) => uses.map((u) => ({ precision: p, use: u })));
}

/** Part of a request; small tensors belong to the tower or to the decoder by their names. */
function partOf(request: WeightRequest): string {
  if (request.kind === "matrix") return request.part;
  return /vision|visual|connector/.test(request.name) ? "vision" : "text";
}

/** LoRA on every projection of the decoder: r · (in + out) each. */
function loraParameters(requests: readonly WeightRequest[], rank: number): number {
  return requests.reduce(
    (sum, request) =>
      request.kind === "matrix" && request.part === "text" ? sum + rank * (request.rows + request.columns) : sum,
    0,
  );
}

/**
 * GPU memory that may be used when the user says nothing. Browsers do not tell how much there is; devices that allow larger
 * buffers have more, and the figure errs on the small side.
 * @param maxBufferSize The device's limit; absent without WebGPU.
 */
export function guessBudget(maxBufferSize: number | undefined): number {
  const gibibyte = 1024 ** 3;
  if (maxBufferSize === undefined) return 2 * gibibyte;
  return maxBufferSize >= 4 * gibibyte - 4 ? 8 * gibibyte : maxBufferSize >= 2 * gibibyte - 4 ? 4 * gibibyte : 2 * gibibyte;
}
