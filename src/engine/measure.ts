// Answers that are already there, compared under many masks: the pass with the picture as it is runs once, every mask is one more. The
// numbers are those that decoding gives for the same mask, because a row's numbers depend on that row alone.

import { dispose, type Tensor } from "@tensorflow/tfjs-core";
import type { MeasureEvent, MeasureRequest } from "@/protocol/measure";
import { withInstruction } from "@/tasks/instruction";
import { RequestError } from "./requestChecks";
import { maskSet, prepare } from "./rollouts";
import { ScoredRows } from "./score";
import type { Session } from "./session";

export interface MeasureOptions {
  readonly emit: (event: MeasureEvent) => void;
  readonly signal: AbortSignal;
}

/** Measures every response under every mask, in order; ends early when stopped. Throws RequestError before anything is computed. */
export async function measure(session: Session, request: MeasureRequest, { emit, signal }: MeasureOptions): Promise<void> {
  const { image, moreImages, question, plain, pixels, responses, masks } = request;
  const [prepared] = prepare(session, {
    questions: [{ image, moreImages, text: plain ? question : withInstruction(question) }],
    rollouts: 1,
    pixels,
  });
  if (!prepared) return;
  const { prompt, seen, images } = prepared;
  const longest = responses.reduce((most, { length }) => Math.max(most, length), 0);
  if (longest === 0) throw new RequestError("Nothing was measured", "there is no answer yet", "Ask first");
  if (prompt.ids.length + longest > session.contextTokens) {
    const why = `question and answer have ${prompt.ids.length + longest} tokens and the model reads ${session.contextTokens}`;
    throw new RequestError("The answer cannot be measured", why, "Ask for a shorter answer");
  }
  const rowsWith = (features: Tensor) => {
    try {
      return new ScoredRows(session, [{ prompt, responses, features }]);
    } finally {
      dispose(features);
    }
  };
  const original = rowsWith(session.encodeTogether(images));
  try {
    for (const [index, mask] of masks.entries()) {
      if (signal.aborted) return;
      const pictures = maskSet(session, seen, mask, mask.seed).map((picture) => session.process(picture, pixels));
      const masked = rowsWith(session.encodeTogether(pictures));
      try {
        emit({ type: "measured", mask: index, total: masks.length, stats: await original.against(masked) });
      } finally {
        masked[Symbol.dispose]();
      }
    }
  } finally {
    original[Symbol.dispose]();
  }
}
