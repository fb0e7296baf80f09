// GPU memory a model will take, from its configuration alone: weights to the byte, KV cache and activations by the shapes the
// engine will allocate. Shown before anything is fetched, and the judge of whether loading may begin. Pure arithmetic.

import type { ModelConfig } from "@/models/family";
import type { Precision, WeightRequest } from "@/models/weights";
import { splitFloats, splitsKeys } from "@/ops/attention/splitKeys";
import type { MemoryLine, MemoryPlan, MemoryUse, PrecisionChoice } from "@/protocol/model";
import type { LoraTarget } from "@/protocol/training";
import { countParameters } from "./loading/listing";
import { requestBytes } from "./loading/loadWeights";

const float = 4;
const mebibyte = 1024 * 1024;
/** What stock operations have read waits for the next submit before its buffers can be used again (gpu/dispatcher). */
const pendingBytes = 64 * mebibyte;
/** Blocks on the tape until a submit, and the share of what they make that stock operations have read. */
const tapedBlocksPerSubmit = 16;
const readByStock = 0.75;
/** Logits, and as many slopes, that exist at a time (ops/headStats). */
const logitBytes = 6.5e6;
/** Free buffers that are held for the next tensor of their size (gpu/memory). */
const idleBytes = 256 * mebibyte;
/** Rows that a decoding pass feeds at most at a time while it reads prompts (engine/decoding/prefill). */
export const prefillRows = 512;
/** Patch rows of pictures that are encoded together; a picture's rows stay together (engine/session). */
const visionRows = 4096;
/** On the tape a block's backward pass makes this much for every byte of its forward pass. */
const backwardShare = 1.5;

/** A model reduced to what memory depends on. */
export interface PlannedModel {
  readonly config: ModelConfig;
  readonly requests: readonly WeightRequest[];
}

/** What decoding and training of `use` need, line by line. */
export function memoryLines(model: PlannedModel, precision: Precision, use: MemoryUse): readonly MemoryLine[] {
  const { config, requests } = model;
  const { text } = config;
  const weights = (parts: readonly string[]) =>
    requests.reduce((sum, request) => (parts.includes(partOf(request)) ? sum + requestBytes(request, precision) : sum), 0);
  const answer = use.answerTokens ?? Math.floor(use.contextTokens / 2);
  const prompt = use.contextTokens - answer;
  const pictureTokens = Math.min(use.pictureTokens ?? prompt, prompt);
  // One prompt for all answers, one masked prompt per answer; then every answer and its twin.
  const promptRows = (1 + use.rollouts) * prompt;
  const decodedRows = 2 * use.rollouts;
  const keyWidth = text.numKeyValueHeads * text.headDim;
  const kv = (promptRows + decodedRows * answer) * 2 * text.numHiddenLayers * keyWidth * float;
  // A block's outputs: two norms, attention's and the MLP's output; queries, turned queries and mixed values; keys, turned keys
  // and values; gate, up and their product.
  const queryWidth = text.numAttentionHeads * text.headDim;
  const perRow = (4 * text.hiddenSize + 3 * queryWidth + 3 * keyWidth + 3 * text.intermediateSize) * float;
  const blocks = text.numHiddenLayers;
  const features = (1 + use.rollouts) * pictureTokens * text.hiddenSize * float;
  // Without a gradient blocks are fused (nn/fusedDecoder): mixed values, attention's and the MLP's output and the product of gate
  // and up are left; what a row brings along, its queries among it, is there once.
  const fusedRow = (2 * text.hiddenSize + queryWidth + text.numAttentionHeads + text.intermediateSize) * float;
  const brought = 4 + text.headDim + queryWidth;
  const reading = blockBytes(Math.min(prefillRows, promptRows), fusedRow, 2 * text.hiddenSize + brought);
  // A recorded step owns every tensor it makes, and its logits.
  const attended = { pairs: decodedRows * text.numAttentionHeads, width: text.headDim, mostKeys: use.contextTokens };
  const split = splitsKeys(attended) ? splitFloats(attended) * float : 0;
  const step = decodedRows * (blocks * fusedRow + (brought + text.vocabSize) * float) + split;
  const decoding = Math.max(reading, step, pictureBytes(model, pictureTokens, 1 + use.rollouts) - kv) + 2 * features;
  const trainedRows = prompt + use.rollouts * answer;
  // Every block's input is kept; one block at a time is recomputed with its activations and their cotangents.
  const kept = trainedRows * (blocks + 2) * text.hiddenSize * float;
  // Blocks with nothing but adapters to train are differentiated by hand (engine/training/update/decoderGradient), others on the tape.
  const handRow = (4 * text.hiddenSize + 3 * queryWidth + 3 * keyWidth + text.intermediateSize) * float;
  const backwardRow = use.trainable === "full" ? perRow * backwardShare : handRow;
  const ofDecoder = use.trainable === "full" ? tapedBytes : blockBytes;
  const decoder = ofDecoder(trainedRows, perRow + backwardRow, text.hiddenSize, blocks);
  const tower = trainedPictureBytes(model, pictureTokens, use);
  // Tower and decoder work one after the other, but in buffers of other sizes: those of the one idle while the other works.
  const atDecoder = decoder + Math.min(idleBytes, tower.forward);
  const atTower = tower.backward + Math.min(idleBytes, decoder);
  // Rows that predict a token before and after the norm, their cotangents, and logits; and what the fused forward pass brought along.
  const predicting = use.rollouts * answer * 4 * text.hiddenSize * float;
  const head = predicting + Math.min(logitBytes, use.rollouts * answer * 2 * text.vocabSize * float);
  const around = head + trainedRows * brought * float;
  const training = kept + tower.kept + Math.max(atDecoder, atTower) + around + 2 * features;
  return [
    { what: "vision weights", bytes: weights(["vision"]) },
    { what: "text weights", bytes: weights(["text"]) },
    { what: "embedding and head", bytes: weights(["embedding", "head"]) },
    { what: "KV cache", bytes: kv },
    { what: "decoding", bytes: decoding },
    { what: "training step", bytes: training },
    { what: "trained weights", bytes: trainedBytes(requests, use) },
  ];
}

/**
 * Bytes that exist while `rows` rows pass through a chain of blocks: those of one block, whose buffers the next one takes again, and the
 * chain's own rows of `width` numbers.
 */
function blockBytes(rows: number, perRow: number, width: number): number {
  return rows * (perRow + width * float);
}

/** The same on the tape, whose sums are stock operations: what blocks left for the next submit is there, too. */
function tapedBytes(rows: number, perRow: number, width: number, blocks: number): number {
  const block = rows * perRow;
  const left = Math.min((blocks - 1) * block * readByStock, pendingBytes, tapedBlocksPerSubmit * block);
  return left + blockBytes(rows, perRow, width);
}

/** What memory depends on of a tower: a chain of blocks over patch rows. */
interface TowerShape {
  readonly blocks: number;
  readonly width: number;
  /** Bytes that one row leaves in a block. */
  readonly perRow: number;
  /** Numbers of a patch. */
  readonly patchWidth: number;
  /** Patches of an image token. */
  readonly patches: number;
}

/** The tower by the matrices of its first block; undefined where the model has none. */
function towerOf({ requests }: PlannedModel): TowerShape | undefined {
  const matrices = requests.flatMap((request) => (request.kind === "matrix" && request.part === "vision" ? [request] : []));
  const inBlocks = /\.(?:layers|blocks)\.(\d+)\./;
  const first = matrices.filter(({ name }) => inBlocks.exec(name)?.[1] === "0");
  const width = Math.min(...first.map(({ columns }) => columns));
  if (!Number.isFinite(width)) return undefined;
  const blocks = 1 + Math.max(...matrices.map(({ name }) => Number(inBlocks.exec(name)?.[1] ?? 0)));
  const inner = Math.max(...first.map(({ columns }) => columns));
  const outputs = first.reduce((sum, { rows }) => sum + rows, 0);
  // One product for queries, keys and values is cut in three, and two of them are turned.
  const turned = first.some(({ rows }) => rows === 3 * width) ? 5 * width : 0;
  // And two norms, mixed values, and the activation.
  const perRow = (outputs + turned + 3 * width + inner) * float;
  const outside = matrices.filter(({ name }) => !inBlocks.test(name));
  const patchWidth = Math.max(0, ...outside.map(({ name, columns }) => (isPatchEmbedding(name) ? columns : 0)));
  // What joins patches to image tokens has the width of as many patches.
  const patches = Math.max(1, ...outside.map(({ name, columns }) => (isPatchEmbedding(name) ? 0 : columns / width)));
  return { blocks, width, perRow, patchWidth, patches };
}

/** What encoding a picture and its masked copies takes. */
function pictureBytes(model: PlannedModel, pictureTokens: number, pictures: number): number {
  const tower = towerOf(model);
  const picture = Math.ceil(pictureTokens * (tower?.patches ?? 0));
  if (!tower || picture === 0) return 0;
  const together = Math.min(pictures, Math.max(1, Math.floor(visionRows / picture)));
  return blockBytes(together * picture, tower.perRow, 3 * tower.width);
}

/** What a training step holds of a prompt's pictures: inputs of the tower's stages, and the blocks at work; nothing where it is frozen. */
function trainedPictureBytes(
  model: PlannedModel,
  pictureTokens: number,
  { trainable, loraTargets = ["text"] }: MemoryUse,
): { readonly kept: number; readonly forward: number; readonly backward: number } {
  const trainsBlocks = trainable === "full" || loraTargets.includes("vision");
  const tower = trainsBlocks || loraTargets.includes("projector") ? towerOf(model) : undefined;
  if (!tower) return { kept: 0, forward: 0, backward: 0 };
  const { blocks, width, perRow, patchWidth, patches } = tower;
  const rows = Math.ceil(pictureTokens * patches);
  return {
    kept: rows * (patchWidth + (blocks + 1) * width) * float,
    forward: blockBytes(rows, perRow, width),
    // The way back ends at the projector where nothing before it is trained.
    backward: trainsBlocks ? tapedBytes(rows, perRow * (1 + backwardShare), width, blocks) : 0,
  };
}

const isPatchEmbedding = (name: string) => name.includes("patch_embed");

/** Bytes as a refusal says them. */
export function inGibibytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
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

/** The most that exists while answers of `use` are decoded; `loraRank` 0 without an adapter. */
export function decodingPeakBytes(model: PlannedModel, precision: Precision, use: MemoryUse): number {
  const lines = memoryLines(model, precision, use);
  return weightsOf(lines) + lines.reduce((sum, { what, bytes }) => (whileDecoding.includes(what) ? sum + bytes : sum), 0);
}

const whileDecoding: readonly MemoryLine["what"][] = ["KV cache", "decoding", "trained weights"];

/** Decoding and training do not overlap: the larger of the two counts. */
function peakOf(lines: readonly MemoryLine[]): number {
  const bytes = (what: MemoryLine["what"]) => lines.find((line) => line.what === what)?.bytes ?? 0;
  return weightsOf(lines) + bytes("trained weights") + Math.max(bytes("KV cache") + bytes("decoding"), bytes("training step"));
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

/** What training adds beside activations: value, gradient and two moments of an adapter, or gradient and moments of all weights. */
function trainedBytes(requests: readonly WeightRequest[], { loraRank, loraTargets = ["text"], trainable }: MemoryUse): number {
  if (trainable === "full") return countParameters(requests) * 3 * float;
  return requests.reduce((sum, request) => {
    const target = targetOf(request);
    if (request.kind !== "matrix" || target === undefined || !loraTargets.includes(target)) return sum;
    return sum + loraRank * (request.rows + request.columns) * 4 * float;
  }, 0);
}

/** The adapter's target that a projection belongs to; undefined for tables and the patch embedding, which take none. */
function targetOf(request: WeightRequest): LoraTarget | undefined {
  if (request.kind !== "matrix") return undefined;
  if (request.part === "text") return "text";
  if (request.part !== "vision" || isPatchEmbedding(request.name)) return undefined;
  return /connector|merger/.test(request.name) ? "projector" : "vision";
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
