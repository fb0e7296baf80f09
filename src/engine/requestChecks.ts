// What the engine refuses before it starts a job, each with a sentence.

import { UserError } from "@/lib/errors";
import type { AskRequest } from "@/protocol/generation";
import { decodingPeakBytes, inGibibytes } from "./memoryPlan";
import type { PackedPrompt } from "./packing";
import type { Session } from "./session";

/** A request that cannot be met as it is. */
export class RequestError extends UserError {
  override readonly name = "RequestError";
}

const maxQuestionLetters = 4000;
const maxRollouts = 64;
const maxImages = 8;

/** Parses adapter_config.json; throws RequestError. */
export function parseAdapterConfig(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new RequestError(
      "The adapter could not be read",
      "adapter_config.json is not valid JSON",
      "Choose the two files of one PEFT adapter",
      { cause },
    );
  }
}

/** Refuses questions, pictures and numbers of rollouts that no answer can come from; throws RequestError. */
export function checkAsk({ question, rollouts, image, moreImages = [] }: AskRequest): void {
  if (question.trim() === "") throw new RequestError("Nothing was asked", "the question is empty", "Type a question");
  if (question.length > maxQuestionLetters) {
    throw new RequestError(
      "The question is too long",
      `it has ${question.length} letters and at most ${maxQuestionLetters} are read`,
      "Shorten it",
    );
  }
  if (!Number.isInteger(rollouts) || rollouts < 1 || rollouts > maxRollouts) {
    throw new RequestError("The number of rollouts cannot be used", `it is ${rollouts}`, `Choose 1 to ${maxRollouts}`);
  }
  if (moreImages.length >= maxImages) {
    throw new RequestError("Too many pictures", `there are ${moreImages.length + 1}`, `Ask about at most ${maxImages}`);
  }
  if (![image, ...moreImages].every(({ width, height, data }) => width > 0 && height > 0 && data.length === width * height * 3)) {
    throw new RequestError("The picture cannot be used", "its size and its data do not match", "Choose another picture");
  }
}

/** Bytes that exist while so many answers to a prompt are decoded, the model's included. */
export function answerBytes(
  session: Session,
  { ids, featureCount }: PackedPrompt,
  { rollouts, maxNewTokens }: { readonly rollouts: number; readonly maxNewTokens: number },
): number {
  return decodingPeakBytes(session, session.precision, {
    contextTokens: ids.length + maxNewTokens,
    answerTokens: maxNewTokens,
    pictureTokens: featureCount,
    rollouts,
    loraRank: session.model.text.projections[0]?.lora?.a.shape[0] ?? 0,
  });
}

/** Refuses answers that would not fit beside the model, with both numbers, before anything is allocated; throws RequestError. */
export function checkMemory(
  session: Session,
  prompt: PackedPrompt,
  { rollouts, maxNewTokens }: { readonly rollouts: number; readonly maxNewTokens: number },
  budgetBytes: number,
): void {
  const bytes = answerBytes(session, prompt, { rollouts, maxNewTokens });
  if (bytes <= budgetBytes) return;
  throw new RequestError(
    "The answers do not fit",
    `${rollouts} of up to ${maxNewTokens} tokens need ${inGibibytes(bytes)} of GPU memory with the model, and ${inGibibytes(budgetBytes)} may be used`,
    "Ask for fewer or shorter answers, or raise the memory in Models",
  );
}
