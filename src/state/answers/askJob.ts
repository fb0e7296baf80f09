// Asking, as the page does it: builds the request from input and knobs, streams the answer into the buffers, keeps the session
// status. A branch is asked in the same way, with a beginning. Every answer is kept in the tree (answers.ts) and streams into its own
// tokens, shown or not. Latest wins: a new question stops the running one, and late events of the old one are dropped.

import { engineClient } from "@/client/engineClient";
import { type AnswerOrigin, answerTokens } from "@/client/live";
import { TokenBuffer, type TokenSnapshot } from "@/client/tokenBuffer";
import type { AskEvent, AskRequest } from "@/protocol/generation";
import { isSpecialToken, tokenLabel } from "@/ui/tokens/chunking";
import { askRequestOf } from "../requests";
import { useRuns } from "../runs/runs";
import { pauseTraining } from "../runs/trainJob";
import { useStore } from "../store";
import { keptAnswers } from "./answers";
import { type AnswerNode, type BranchPoint, type ModelMark, modelText, sameModel } from "./answerTree";
import { BranchError, beginningOf, continued, requestOfRollout } from "./branchRequest";

type Started = Extract<AskEvent, { type: "started" }>;

interface Job {
  readonly request: AskRequest;
  /** Keeps the answer that starts; returns where its tokens go. */
  readonly begin: (event: Started) => TokenSnapshot;
}

let generation = 0;
let running: Promise<void> | null = null;

/** Asks the present question about the present image; every failure ends in the status bar. */
export async function ask(): Promise<void> {
  const { input, settings, region } = useStore.getState();
  await run(() => {
    const request = askRequestOf(input, settings, region);
    return {
      request,
      begin: ({ image, masked, notices, rollouts, topK, promptTokens }) => {
        const tokens = answerTokens.start(rollouts, topK);
        const model = currentModel();
        const label = request.question;
        const origin = originOf(request, model);
        const header = { question: label, answer: input.answer, image, masked, notices, rewards: null, origin };
        const asked = model && { request, model };
        useStore.getState().keepAnswer({ label, source: "live", header, tokens, input, promptTokens, origin: asked });
        return tokens;
      },
    };
  });
}

/**
 * Goes on from a place of the shown answer with another token: same picture, question, mask and sampling, one rollout. What cannot be
 * gone on from is told in the status bar.
 */
export async function branchFrom(point: BranchPoint): Promise<void> {
  const { shownAnswer, fail } = useStore.getState();
  const parent = keptAnswers(useStore.getState()).find(({ id }) => id === shownAnswer);
  let branch: Branch;
  try {
    branch = branchOf(parent, point);
  } catch (error) {
    fail(error);
    return;
  }
  if (endsAnswer(branch.reader, point.id)) {
    answerTokens.finishRollout(0, "stop", branch.begin(branch.parent.header));
    return;
  }
  await run(() => {
    // Training may have taken a step until it paused.
    const { begin, request } = branchOf(parent, point);
    return { request, begin: ({ image, masked, notices }) => begin({ image, masked, notices }) };
  });
}

interface Branch {
  readonly parent: AnswerNode;
  readonly reader: TokenBuffer;
  readonly request: AskRequest;
  /** Keeps the branch with its beginning; returns where its other tokens go. */
  readonly begin: (header: Pick<AnswerNode["header"], "image" | "masked" | "notices">) => TokenSnapshot;
}

/** The branch of an answer at a place; throws BranchError where there can be none. */
function branchOf(parent: AnswerNode | undefined, point: BranchPoint): Branch {
  const model = currentModel();
  if (!parent?.origin) {
    throw new BranchError("how this answer was asked for is not known", "Ask the question yourself and branch from that answer");
  }
  if (!model) throw new BranchError("no model is loaded", "Load the model that gave the answer and try again");
  const { origin: asked } = parent;
  if (!sameModel(model, asked.model)) {
    const why = `the answer came from ${modelText(asked.model)}, and ${modelText(model)} would go on from it`;
    throw new BranchError(why, "Ask again and branch from the new answer");
  }
  const reader = new TokenBuffer();
  reader.put(parent.tokens);
  const beginning = beginningOf(reader, point);
  const texts = reader.textsOf(beginning);
  const own = requestOfRollout(asked.request, point.rollout);
  const before = reader.tokenText(point.rollout, point.token);
  const label = branchLabel(before, reader.text(point.id), point.token);
  return {
    parent,
    reader,
    request: continued(own, beginning.ids),
    begin: ({ image, masked, notices }) => {
      const tokens = answerTokens.start(1, reader.topK);
      answerTokens.append(beginning, texts);
      const { question, answer } = parent.header;
      // The mask of the branch is that of its rollout.
      const twins = masked.length > 1 ? masked.slice(point.rollout, point.rollout + 1) : masked;
      const header = { question, answer, image, masked: twins, notices, rewards: null, origin: originOf(own, model) };
      const { input, promptTokens } = parent;
      const pinned = { rollout: 0, start: point.token, end: point.token };
      useStore
        .getState()
        .keepAnswer(
          { label, source: "live", header, tokens, input, promptTokens, origin: { request: own, model } },
          { parent: { id: parent.id, from: point }, pinned },
        );
      return tokens;
    },
  };
}

/** What it takes to measure an answer again. */
function originOf({ image, moreImages, pixels }: AskRequest, model: ModelMark | null): AnswerOrigin {
  return {
    model: model?.name ?? "",
    picture: image,
    ...(moreImages ? { moreImages } : {}),
    ...(pixels ? { pixels } : {}),
  };
}

function branchLabel(before: string, after: string, token: number): string {
  const place = `token ${token + 1}`;
  if (before === after) return `again from “${tokenLabel(after)}” at ${place}`;
  return `“${tokenLabel(before)}” → “${tokenLabel(after)}” at ${place}`;
}

/** Whether a token ends an answer: one that has ended another, or one that is no text. */
function endsAnswer(reader: TokenBuffer, id: number): boolean {
  for (let rollout = 0; rollout < reader.rolloutCount; rollout++) {
    if (reader.finished(rollout) === "stop" && reader.ids(rollout).at(-1) === id) return true;
  }
  return isSpecialToken(reader.text(id));
}

/** Stops the running answer; what has streamed so far stays. */
export async function stopAsk(): Promise<void> {
  try {
    await engineClient.stop();
  } catch (error) {
    useStore.getState().fail(error);
  }
}

async function run(prepare: () => Job): Promise<void> {
  const { setAsk, fail, notify } = useStore.getState();
  const mine = ++generation;
  try {
    const { rollouts } = prepare().request;
    setAsk({ status: "running", rollouts });
    if (useStore.getState().training.status === "running") {
      notify("notice", "Training is paused for your question. Press Play to go on.");
      await pauseTraining();
    }
    if (running) await engineClient.stop();
    await running?.catch(() => {});
    if (mine !== generation) return;
    const { request, begin } = prepare();
    let tokens: TokenSnapshot | null = null;
    const job = engineClient.ask(request, (event) => {
      if (mine !== generation) return;
      if (event.type === "started") tokens = begun(event, begin);
      else take(event, tokens);
    });
    running = job;
    await job;
  } catch (error) {
    if (mine === generation) setAsk({ status: "failed", message: fail(error) });
    else fail(error);
    return;
  } finally {
    if (mine === generation) running = null;
  }
  // The stream's last event says more; without it the job is still over.
  if (mine === generation && useStore.getState().ask.status === "running") setAsk({ status: "idle" });
}

function begun(event: Started, begin: Job["begin"]): TokenSnapshot {
  const { notify } = useStore.getState();
  const tokens = begin(event);
  for (const notice of event.notices) notify("notice", notice);
  return tokens;
}

function take(event: Exclude<AskEvent, Started>, tokens: TokenSnapshot | null): void {
  if (!tokens) return;
  switch (event.type) {
    case "tokens":
      answerTokens.append(event.chunk, event.texts, tokens);
      return;
    case "rolloutFinished":
      answerTokens.finishRollout(event.rollout, event.reason, tokens);
      return;
    case "finished":
      useStore.getState().setAsk({ status: "finished", tokensPerSecond: event.tokensPerSecond, stopped: event.stopped });
      return;
    default:
      event satisfies never;
  }
}

/** What tells the weights in use from others; null while no model is loaded. */
export function currentModel(): ModelMark | null {
  const { model, training } = useStore.getState();
  if (model.status !== "ready") return null;
  const { name, adapter, precision } = model.model;
  const run = training.step > 0 ? (useRuns.getState().open?.id ?? null) : null;
  const { text, vision, head, groupSize } = precision;
  return { name, adapter: adapter ?? null, step: training.step, run, precision: `${text} ${vision} ${head} ${groupSize}` };
}
