// Loading, as the page does it: the recorded example first, then the embedded model behind it; adapters in and out; and what is
// reloaded after the device or the engine went away.

import { engineClient } from "@/client/engineClient";
import { answerTokens, baselineSeries, setAnswerHeader } from "@/client/live";
import { fetchRecording, replayAnswer, replayRun } from "@/client/recording";
import type { AdapterFiles, LoadEvent, LoadRequest } from "@/protocol/engine";
import type { Recording } from "@/protocol/recorded";
import { meanDependency } from "@/rl/shaping";
import { useStore } from "./store";

let lastRequest: LoadRequest | null = null;

/** Loads a checkpoint; status and failures go to the session. */
export async function loadModel(request: LoadRequest): Promise<void> {
  const { setModel, setLoss, fail } = useStore.getState();
  lastRequest = request;
  setModel({ status: "loading", file: "", loadedBytes: 0, totalBytes: 0 });
  try {
    const model = await engineClient.load(request, takeLoad);
    setModel({ status: "ready", model });
    setLoss(null);
  } catch (error) {
    setModel({ status: "failed", message: fail(error) });
  }
}

/** Brings back what was lost: a fresh device with weights and the last good adapter, or a fresh engine with the model alone. */
export async function reload(): Promise<void> {
  const { model, loss, setModel, setDevice, setLoss, fail } = useStore.getState();
  if (loss === "device" && model.status === "ready") {
    setModel({ status: "loading", file: "", loadedBytes: 0, totalBytes: 0 });
    try {
      setDevice(await engineClient.recover());
      setModel(model);
      setLoss(null);
      forgetFailedJobs();
    } catch (error) {
      setModel({ status: "failed", message: fail(error) });
    }
    return;
  }
  // A device that was lost while loading must be replaced before anything can be loaded onto it.
  if (loss === "device") engineClient.terminate();
  if (lastRequest) await loadModel(lastRequest);
}

/** What failed with the lost device is no longer what stands in the way. */
function forgetFailedJobs(): void {
  const { ask, training, setAsk, setTraining } = useStore.getState();
  if (ask.status === "failed") setAsk({ status: "idle" });
  if (training.status === "failed") setTraining({ status: "idle", step: training.step });
}

/** Shows a recorded answer and its run; a live answer that came first stays. */
export async function openRecording(url: string, index = 0): Promise<Recording | null> {
  const { fail } = useStore.getState();
  try {
    const recording = await fetchRecording(url);
    replayRun(recording, baselineSeries);
    if (useStore.getState().source === "none") showRecordedAnswer(recording, index);
    return recording;
  } catch (error) {
    fail(error);
    return null;
  }
}

/** Shows one of the recorded answers; throws RecordingError when its data is damaged. */
export function showRecordedAnswer(recording: Recording, index: number): void {
  const answer = recording.answers[index];
  if (!answer) return;
  const header = replayAnswer(recording, answer, answerTokens);
  setAnswerHeader(header);
  const { clearRewardEdits, setSource, setInput, pinned, rollout } = useStore.getState();
  clearRewardEdits();
  setSource("recorded");
  setInput({ image: header.image, question: header.question, answer: header.answer });
  // A pin from a shared link survives only if this answer has those tokens.
  const isInside = pinned !== null && pinned.end < answerTokens.length(pinned.rollout);
  useStore.setState({
    pinned: isInside ? pinned : null,
    rollout: isInside && rollout < answerTokens.rolloutCount ? rollout : mostDependent(),
  });
}

/** The rollout that depends most on the picture on average: the one worth seeing first. */
function mostDependent(): number {
  let best = { rollout: 0, mean: -1 };
  for (let rollout = 0; rollout < answerTokens.rolloutCount; rollout++) {
    const mean = meanDependency(answerTokens.stats(rollout).kl);
    if (mean > best.mean) best = { rollout, mean };
  }
  return best.rollout;
}

/** The trained adapter as PEFT files; null after a failure, which is reported. */
export async function saveAdapter(): Promise<AdapterFiles | null> {
  try {
    return await engineClient.saveAdapter();
  } catch (error) {
    useStore.getState().fail(error);
    return null;
  }
}

/** Puts an adapter under the loaded model; the model stays as it was when the adapter does not fit. */
export async function loadAdapter(files: AdapterFiles, name: string): Promise<void> {
  const { setModel, fail } = useStore.getState();
  try {
    setModel({ status: "ready", model: await engineClient.loadAdapter(files, name) });
  } catch (error) {
    fail(error);
  }
}

function takeLoad(event: LoadEvent): void {
  const { setDevice, setModel, model } = useStore.getState();
  switch (event.type) {
    case "device":
      setDevice(event.device);
      return;
    case "file": {
      const { file, loadedBytes, totalBytes } = event;
      if (model.status === "loading") setModel({ status: "loading", file, loadedBytes, totalBytes });
      return;
    }
    case "ready":
      setModel({ status: "ready", model: event.model });
      return;
    default:
      event satisfies never;
  }
}
