// Logits of whole rows, which the engine itself never keeps (its head works in tiles): for comparisons with reference numbers and
// between number formats.

import { type Tensor, tidy } from "@tensorflow/tfjs-core";
import { readTensors } from "@/gpu/readback";
import type { ProcessedImage } from "@/models/family";
import { linear } from "@/ops/linear/linear";
import { textBatch } from "../batch";
import { type PackedPrompt, packGroups } from "../packing";
import { finalHidden } from "../score";
import type { Session } from "../session";

/** Logits [T, V] of prompt and response with these features. */
export async function logitsOf(
  session: Session,
  prompt: PackedPrompt,
  response: Int32Array,
  features: Tensor,
): Promise<Float32Array> {
  // A row's input is the token before its target: one more target makes the last response token an input, too.
  const extended = Int32Array.from([...response, 0]);
  const batch = textBatch(packGroups([{ prompt, responses: [extended] }]), session.rope);
  const { text } = session.model;
  const logits = tidy(() => linear(finalHidden(text, batch, [features]), text.weights.head));
  const [values] = await readTensors([logits]);
  logits.dispose();
  batch.dispose();
  return values as Float32Array;
}

/** Logits [T, V] of token ids of which the first `promptLength` are the prompt with the image tokens of these pictures. */
export async function logitsOfIds(
  session: Session,
  ids: readonly number[],
  promptLength: number,
  images: readonly ProcessedImage[],
): Promise<Float32Array> {
  const prompt = session.promptOfIds(Int32Array.from(ids.slice(0, promptLength)), images);
  const features = session.encodeTogether(images);
  const logits = await logitsOf(session, prompt, Int32Array.from(ids.slice(promptLength)), features);
  features.dispose();
  return logits;
}
