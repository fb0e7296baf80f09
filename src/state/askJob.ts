// Asking, as the page does it: builds the request from input and knobs, streams the answer into the buffers, keeps the session
// status. Latest wins: a new question stops the running one, and late events of the old one are dropped.

import { engineClient } from "@/client/engineClient";
import { answerTokens, setAnswerHeader } from "@/client/live";
import type { AskEvent, AskRequest } from "@/protocol/generation";
import { askRequestOf } from "./requests";
import { useStore } from "./store";
import { pauseTraining } from "./trainJob";

let generation = 0;
let running: Promise<void> | null = null;

/** Asks the present question about the present image; every failure ends in the status bar. */
export async function ask(): Promise<void> {
  const { input, settings, region, setAsk, fail, notify } = useStore.getState();
  const mine = ++generation;
  try {
    const request = askRequestOf(input, settings, region);
    setAsk({ status: "running", rollouts: request.rollouts });
    if (useStore.getState().training.status === "running") {
      notify("notice", "Training is paused for your question. Press Play to go on.");
      await pauseTraining();
    }
    if (running) await engineClient.stop();
    await running?.catch(() => {});
    if (mine !== generation) return;
    const job = engineClient.ask(request, (event) => {
      if (mine === generation) take(event, request, input.answer);
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

/** Stops the running answer; what has streamed so far stays. */
export async function stopAsk(): Promise<void> {
  try {
    await engineClient.stop();
  } catch (error) {
    useStore.getState().fail(error);
  }
}

function take(event: AskEvent, { question, moreImages, pixels }: AskRequest, answer: string | null): void {
  const { model, setAsk, notify, setSource, setPromptTokens, clearRewardEdits, openRollout } = useStore.getState();
  switch (event.type) {
    case "started": {
      const { image, masked, notices } = event;
      const origin = {
        model: model.status === "ready" ? model.model.name : "",
        ...(moreImages ? { moreImages } : {}),
        ...(pixels ? { pixels } : {}),
      };
      setAnswerHeader({ question, answer, image, masked, notices, rewards: null, origin });
      answerTokens.start(event.rollouts, event.topK);
      setPromptTokens(event.promptTokens);
      clearRewardEdits();
      openRollout(0);
      setSource("live");
      for (const notice of notices) notify("notice", notice);
      return;
    }
    case "tokens":
      answerTokens.append(event.chunk, event.texts);
      return;
    case "rolloutFinished":
      answerTokens.finishRollout(event.rollout, event.reason);
      return;
    case "finished":
      setAsk({ status: "finished", tokensPerSecond: event.tokensPerSecond, stopped: event.stopped });
      return;
    default:
      event satisfies never;
  }
}
