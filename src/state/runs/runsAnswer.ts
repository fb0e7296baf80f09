// From a run's rollouts to the Answer panel: showing a group with its tokens, and asking its prompt again with the weights of now.

import { answerTokens } from "@/client/live";
import type { TokenChunk } from "@/protocol/generation";
import { ask } from "../answers/askJob";
import type { AskInput } from "../session";
import { useStore } from "../store";
import type { StepRollouts } from "./runsRollouts";

/** Whether the tokens of a prompt's answers are kept, which the engine does for the first prompts of a step. */
export function hasTokens({ rollouts }: StepRollouts, prompt: number): boolean {
  return rollouts.some((rollout) => rollout.prompt === prompt && rollout.tokens !== undefined);
}

/**
 * Shows a prompt's answers with all their measurements in Answer, one of them open; returns the id of the kept answer, or null where
 * their tokens are not kept. `maxNewTokens` tells an answer that was cut.
 */
export function showRollouts(
  report: StepRollouts,
  prompt: number,
  {
    opened = 0,
    maxNewTokens,
    run,
  }: { readonly opened?: number; readonly maxNewTokens?: number | undefined; readonly run: string },
): number | null {
  const group = report.rollouts.filter((rollout) => rollout.prompt === prompt && rollout.tokens);
  const [first] = group;
  if (!first?.tokens) return null;
  const topK = first.tokens.ids.length === 0 ? 0 : first.tokens.topIds.length / (2 * first.tokens.ids.length);
  const tokens = answerTokens.start(group.length, topK);
  group.forEach(({ tokens: chunk, length }, i) => {
    if (!chunk) return;
    answerTokens.append(numbered(chunk, i), report.texts, tokens);
    answerTokens.finishRollout(i, maxNewTokens !== undefined && length >= maxNewTokens ? "length" : "stop", tokens);
  });
  const { question, answer } = first;
  const image = report.images[prompt] ?? null;
  const header = { question, answer, image, masked: [], notices: [], rewards: group.map(({ reward }) => reward) };
  const label = `${run}, step ${report.step}: ${question}`;
  return useStore
    .getState()
    .keepAnswer(
      { label, source: "training", header, tokens, input: inputOf(report, prompt), promptTokens: null, origin: null },
      { rollout: Math.min(opened, group.length - 1) },
    );
}

/** Puts a prompt into Input and asks it: the model as it is now answers. */
export async function askPrompt(report: StepRollouts, prompt: number): Promise<void> {
  const { setInput } = useStore.getState();
  setInput(inputOf(report, prompt));
  await ask();
}

/** Shows a prompt's answers of that step, asks it again, and lays the new answer beside the old one, token by token. */
export async function askBeside(report: StepRollouts, prompt: number, shown: number): Promise<void> {
  await askPrompt(report, prompt);
  const { ask: status, shownAnswer, compareWith } = useStore.getState();
  if (status.status === "finished" && shownAnswer !== shown) compareWith({ answer: shown, rollout: 0 });
}

function inputOf({ rollouts, images }: StepRollouts, prompt: number): AskInput {
  const { question = "", answer = null } = rollouts.find((rollout) => rollout.prompt === prompt) ?? {};
  return { image: images[prompt] ?? null, moreImages: [], question, answer, sample: null };
}

function numbered(chunk: TokenChunk, rollout: number): TokenChunk {
  return { ...chunk, rollout: new Int32Array(chunk.ids.length).fill(rollout) };
}
