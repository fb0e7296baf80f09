// One question answered: what is asked is checked, shown as the model sees it, and decoded with masked twins while tokens stream out.
// It keeps nothing; the adapter in use, the device and the order of jobs are the service's.

import type { AskEvent, AskRequest, TokenTexts } from "@/protocol/generation";
import { withInstruction } from "@/tasks/instruction";
import type { DecodedStep } from "./decoding/generate";
import { prepare, rollOut } from "./decoding/rollouts";
import { checkAsk, checkMemory, RequestError } from "./requestChecks";
import type { Session } from "./session";

export interface AnswerOptions {
  /** Bytes the model and its answers may take together. */
  readonly budgetBytes: number;
  readonly emit: (event: AskEvent) => void;
  readonly signal: AbortSignal;
  /** Awaited before each phase. */
  readonly onPhase?: (phase: "pictures" | "prompt" | "decoding") => Promise<void>;
  /** Texts of tokens that have not been sent before. */
  readonly textsOf: (step: DecodedStep) => TokenTexts;
}

/** Streams the answers to a request; throws RequestError before anything is computed. A stopped answer ends like a finished one. */
export async function answer(
  session: Session,
  request: AskRequest,
  { budgetBytes, emit, signal, onPhase, textsOf }: AnswerOptions,
): Promise<void> {
  checkAsk(request);
  const { image, moreImages, question, plain, prefix, rollouts, sampling, mask, topK, pixels } = request;
  const text = plain ? question : withInstruction(question);
  const job = { questions: [{ image, moreImages, text, prefix }], rollouts, sampling, mask, pixels };
  const prepared = prepare(session, job);
  const first = prepared[0];
  if (!first) throw new RequestError("Nothing was asked", "there is no question", "Type a question");
  const room = session.contextTokens - first.prompt.ids.length;
  if (room < 2) {
    const why = `with its picture it has ${first.prompt.ids.length} tokens and the model reads at most ${session.contextTokens}`;
    throw new RequestError("The question is too long", why, "Shorten it, or lower the picture's maximum pixels");
  }
  const limited = { ...sampling, maxNewTokens: Math.min(sampling.maxNewTokens, room) };
  checkMemory(session, first.prompt, { rollouts, ...limited }, budgetBytes);
  emit({
    type: "started",
    rollouts,
    topK,
    promptTokens: first.prompt.ids.length,
    image: first.seen[0] ?? image,
    masked: first.masked.map(([picture]) => picture ?? image),
    notices: sampling.maxNewTokens > room ? [`The answer is limited to ${room} tokens by the model's context.`] : [],
  });
  const started = performance.now();
  let tokens = 0;
  const alternatives = Math.max(1, Math.min(topK, session.config.text.vocabSize));
  const onStep = (step: DecodedStep) => {
    tokens += step.ids.length;
    emit({ type: "tokens", chunk: step, texts: textsOf(step) });
    step.ids.forEach((id, n) => {
      if (session.eosIds.includes(id)) emit({ type: "rolloutFinished", rollout: step.rollout[n] as number, reason: "stop" });
    });
  };
  if (onPhase) await onPhase("pictures");
  const decoded = { ...job, sampling: limited, alternatives, signal, onStep, ...(onPhase && { onPhase }) };
  const results = await rollOut(session, decoded, prepared);
  results.forEach(({ reason }, rollout) => {
    if (reason === "length") emit({ type: "rolloutFinished", rollout, reason });
  });
  const elapsedMs = performance.now() - started;
  emit({ type: "finished", tokensPerSecond: (tokens * 1000) / elapsedMs, elapsedMs, stopped: signal.aborted });
}
