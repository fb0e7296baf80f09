// One golden case against the engine: prompt, masks, image processor, vision tower, decoder, greedy decoding, token measures.
// Every line is about its own quantity: later ones start from the reference's token ids, not from ours.

import { dispose, type Tensor } from "@tensorflow/tfjs-core";
import { readTensors } from "@/gpu/readback";
import type { RgbImage } from "@/image/rgbImage";
import { largestDifference, type VerifyLine, verifyLine } from "@/lib/verifyLine";
import type { ProcessedImage } from "@/models/family";
import { k3, type TokenStats } from "@/rl/dependency";
import { generate } from "../decoding/generate";
import type { PackedPrompt } from "../packing";
import { scoreResponses } from "../score";
import type { Session } from "../session";
import { compareEach, compareIds, compareText, compareToLargest, joined } from "./compare";
import { type GoldenCase, goldenTensor } from "./goldenFiles";
import { logitsOf } from "./logits";

/** The official masking: cells of 14 pixels, half of them black. */
export const goldenMask = { strategy: "patch_blackening", ratio: 0.5, cellSize: 14, seed: 0, sharing: "trajectory" } as const;

const pixelTolerance = 1e-6;
const featureTolerance = 5e-4;
const measureTolerance = 1e-3;

/** Bytes of pictures that differ. */
export function compareMasks(
  name: string,
  session: Session,
  pictures: readonly RgbImage[],
  masked: readonly RgbImage[],
  seeds: readonly number[],
): VerifyLine {
  const made = pictures.map((picture, i) => session.mask(picture, goldenMask, seeds[i] ?? -1));
  const bytes = (images: readonly RgbImage[]) => joined(images.map(({ data }) => data));
  return verifyLine(name, largestDifference(bytes(made), bytes(masked)), 0);
}

/** Rotary positions of prompt and response, axis by axis, against get_rope_index. */
function comparePositions(session: Session, golden: GoldenCase, images: readonly ProcessedImage[]): VerifyLine {
  const { positions, axes, next } = session.model.input.positions(Int32Array.from(golden.input_ids), images);
  const count = golden.input_ids.length;
  const ours = Array.from(
    { length: 3 * count },
    (_, i) => positions[(i % count) * axes + (axes === 3 ? Math.floor(i / count) : 0)],
  );
  return compareIds("position ids", [...ours, next - count] as number[], [
    ...joined(golden.position_ids ?? []),
    golden.rope_delta ?? 0,
  ]);
}

/** The first `width` columns of features of any number of levels. */
function firstColumns(values: Float32Array, images: readonly ProcessedImage[], width: number): Float32Array {
  const rows = images.reduce((sum, { featureCount }) => sum + featureCount, 0);
  const columns = values.length / rows;
  return Float32Array.from({ length: rows * width }, (_, i) => values[Math.floor(i / width) * columns + (i % width)] as number);
}

/** Greedy continuation, by the same captured decoding as rollouts. */
async function greedyIds(session: Session, prompt: PackedPrompt, features: Tensor, count: number): Promise<Int32Array> {
  const group = { prompt, features, masked: [], rollouts: 1, firstStream: 0 };
  const [rollout] = await generate(session.model.text, [group], session.rope, {
    temperature: 0,
    topP: 1,
    topK: 0,
    seed: 0,
    maxNewTokens: count,
    eosIds: session.eosIds,
    alternatives: 0,
  });
  return rollout?.ids ?? new Int32Array();
}

function measuresOf(stats: TokenStats): Readonly<Record<string, Float32Array>> {
  return {
    token_logp: stats.logp,
    token_logp_masked: stats.logpMasked,
    token_kl: stats.kl,
    token_k3: k3(stats.logp, stats.logpMasked),
    token_entropy: stats.entropy,
    token_entropy_masked: stats.entropyMasked,
    token_jsd: stats.jsd,
    token_top1_drop: stats.top1Drop,
  };
}

/** Compares everything a case holds. */
export async function checkCase(session: Session, golden: GoldenCase, emit: (line: VerifyLine) => void): Promise<void> {
  const { pictures, maskedPictures, tensors, prompt_length: promptLength, input_ids: ids } = golden;
  const expected = (name: string) => goldenTensor(tensors, name);
  const images = pictures.map((picture) => session.process(picture));
  const maskedImages = maskedPictures.map((picture) => session.process(picture));

  const { input } = session.model;
  const built = input.prompt(session.tokenizer, session.chatTemplate, golden.messages, images);
  emit(compareText("prompt text", built.text, golden.prompt));
  emit(compareIds("prompt ids", built.ids, ids.slice(0, promptLength)));
  emit(compareIds("response ids", session.tokenizer.encodeTemplate(golden.response), ids.slice(promptLength)));

  emit(compareMasks("masked image", session, pictures, maskedPictures, golden.mask_seeds));
  const pixels = (of: typeof images) => joined(of.map(({ pixelValues }) => pixelValues));
  emit(verifyLine("pixel values", largestDifference(pixels(images), expected("pixel_values")), pixelTolerance));
  emit(
    verifyLine("masked pixel values", largestDifference(pixels(maskedImages), expected("masked_pixel_values")), pixelTolerance),
  );

  const prompt = session.promptOfIds(Int32Array.from(ids.slice(0, promptLength)), images);
  if (golden.position_ids) emit(comparePositions(session, golden, images));
  const response = Int32Array.from(ids.slice(promptLength));
  const features = session.encodeTogether(images);
  const masked = session.encodeTogether(maskedImages);
  try {
    const [values] = await readTensors([features]);
    // Levels after the first are what Qwen3-VL adds to its first blocks; the logits judge them.
    const first = firstColumns(values as Float32Array, images, session.model.text.hiddenSize);
    emit(compareToLargest("image features", first, expected("image_features"), featureTolerance));
    const logits = await logitsOf(session, prompt, response, features);
    emit(compareToLargest("logits", logits, expected("logits"), featureTolerance));
    const maskedLogits = await logitsOf(session, prompt, response, masked);
    emit(compareToLargest("masked logits", maskedLogits, expected("masked_logits"), featureTolerance));
    const greedy = await greedyIds(session, prompt, features, golden.greedy_16.length);
    emit(compareIds("greedy ids", greedy, golden.greedy_16));
    const [stats] = await scoreResponses(session, [{ prompt, responses: [response], features, masked: [masked] }]);
    for (const [name, measured] of Object.entries(stats ? measuresOf(stats) : {}))
      emit(compareEach(name, measured, expected(name), measureTolerance));
  } finally {
    dispose([features, masked]);
  }
}
