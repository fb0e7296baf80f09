// Loading, as the page does it: the recorded example first, then the embedded model behind it; adapters in and out; and what is
// reloaded after the device or the engine went away.

import { engineClient } from "@/client/engineClient";
import { answerTokens, baselineSeries } from "@/client/live";
import { fetchRecording, replayAnswer, replayRun } from "@/client/recording";
import type { AdapterFiles, BackendKind, LoadEvent, LoadRequest } from "@/protocol/engine";
import type { LoadTimes, ModelSource } from "@/protocol/model";
import type { Recording } from "@/protocol/recorded";
import { meanDependency } from "@/rl/shaping";
import { recordedRequest } from "../answers/recordedRequest";
import { loadRequestOf } from "../requests";
import { isAbort, messageOf } from "../session";
import { useStore } from "../store";
import { proposalSettings, sameKnobs } from "./fitting";
import { sourceName, withToken } from "./modelChoice";

let lastSource: ModelSource | null = null;
let newestLoad = 0;
let newestLook = 0;

/** Reads a model's small files and shows what it is and takes; the newest choice wins, and a failure stands beside it. */
export async function inspectModel(source: ModelSource): Promise<void> {
  const mine = ++newestLook;
  const { setPreview, setBudget, accessToken, preview: before } = useStore.getState();
  setPreview({ status: "looking", preview: before.status === "known" || before.status === "looking" ? before.preview : null });
  try {
    const preview = await engineClient.inspect(requestOf(withToken(source, accessToken)));
    if (mine !== newestLook) return;
    setBudget(preview.plan.budgetBytes);
    setPreview({ status: "known", preview });
    const { settings, chosenWith, fitted, setFitted } = useStore.getState();
    const { proposal, fits } = preview.plan;
    if (!fits && proposal && !fitted && chosenWith && sameKnobs(settings, chosenWith)) {
      setFitted({ before: settings, after: { ...settings, ...proposalSettings(settings, proposal) }, plan: preview.plan });
    }
  } catch (error) {
    if (mine !== newestLook) return;
    // Errors of the worker arrive as plain objects.
    const name = typeof error === "object" && error !== null && "name" in error ? String(error.name) : "Error";
    setPreview({ status: "failed", name, message: messageOf(error) });
  }
}

/** Paths of a repository's files; null after a failure, which is reported. */
export async function listFiles(source: ModelSource): Promise<readonly string[] | null> {
  const { accessToken, fail } = useStore.getState();
  try {
    return await engineClient.listFiles(requestOf(withToken(source, accessToken)));
  } catch (error) {
    fail(error);
    return null;
  }
}

/** Loads a model as the settings say, on the backend in use; status and failures go to the session. */
export async function loadModel(source: ModelSource, backend?: BackendKind): Promise<void> {
  lastSource = source;
  await load(requestOf(withToken(source, useStore.getState().accessToken), backend));
}

/** Where the model that was loaded last, or failed to, comes from; null before the first. */
export function lastLoadedSource(): ModelSource | null {
  return lastSource;
}

/** Loads what was loaded last, or failed to, once more; with the knobs as they are now. */
export async function loadAgain(backend?: BackendKind): Promise<void> {
  if (lastSource) await loadModel(lastSource, backend);
}

async function load(request: LoadRequest): Promise<void> {
  const { setModel, setLoss, setLoadError, fail, notify, model: before, device } = useStore.getState();
  const name = sourceName(request.source);
  const mine = ++newestLoad;
  let times: LoadTimes | null = null;
  // The engine lets the old model go once the new one is known to fit, or with its device.
  let isOldKept = before.status === "ready";
  setLoadError(null);
  setModel({ status: "loading", name, plan: null, progress: null });
  // What is left to fetch changes now: nothing said before may be pressed until it has been looked at again.
  const { preview } = useStore.getState();
  if (preview.status === "known") useStore.getState().setPreview({ ...preview, status: "looking" });
  try {
    const model = await engineClient.load(request, (event) => {
      if (mine !== newestLoad) return;
      if (event.type === "ready") times = event.times;
      if (event.type === "plan" && event.plan.fits) isOldKept = false;
      if (event.type === "device" && event.device.backend !== device?.backend) isOldKept = false;
      takeLoad(event);
    });
    if (mine !== newestLoad) return;
    setModel({ status: "ready", model, times });
    setLoss(null);
    forgetFailedJobs();
  } catch (error) {
    if (mine !== newestLoad) return;
    if (isAbort(error)) {
      setModel(isOldKept ? before : { status: "none" });
      notify("notice", `Loading ${name} was cancelled. What was fetched is kept for the next time.`);
    } else {
      const message = fail(error);
      setLoadError(message);
      setModel(isOldKept && useStore.getState().loss === null ? before : { status: "failed", name, message });
    }
  }
  // What was loaded, or part of it, is in the cache now.
  const { chosen } = useStore.getState();
  if (chosen) void inspectModel(chosen);
  if (useStore.getState().cache) await readCache();
}

/** Stops fetching until it is resumed. */
export async function pauseLoading(paused: boolean): Promise<void> {
  await orReport(engineClient.pauseLoad(paused));
}

/** Stops loading; what is in the cache stays. */
export async function cancelLoading(): Promise<void> {
  await orReport(engineClient.stop());
}

/** Reads what the cache holds. */
export async function readCache(): Promise<void> {
  const cache = await orReport(engineClient.cachedModels());
  if (cache) useStore.getState().setCache(cache);
}

/** Deletes one cached model, or all. */
export async function deleteCached(id: string | "all"): Promise<void> {
  const cache = await orReport(engineClient.deleteCached(id));
  if (cache) useStore.getState().setCache(cache);
}

async function orReport<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    useStore.getState().fail(error);
    return null;
  }
}

function requestOf(source: ModelSource, backend?: BackendKind): LoadRequest {
  const { settings, device } = useStore.getState();
  // A device without WebGPU is asked for again: the user may have switched it on.
  const used = device && !device.fallback ? device.backend : "auto";
  return loadRequestOf(source, settings, backend ?? used);
}

/** Brings back what was lost: a fresh device with weights and the last good adapter, or a fresh engine with the model alone. */
export async function reload(): Promise<void> {
  const { model, loss, setModel, setDevice, setLoss, fail } = useStore.getState();
  if (loss === "device" && model.status === "ready") {
    const { name } = model.model;
    setModel({ status: "loading", name, plan: null, progress: null });
    try {
      setDevice(await engineClient.recover());
      setModel(model);
      setLoss(null);
      forgetFailedJobs();
    } catch (error) {
      setModel({ status: "failed", name, message: fail(error) });
    }
    return;
  }
  // A device that was lost while loading must be replaced before anything can be loaded onto it.
  if (loss === "device") engineClient.terminate();
  await loadAgain();
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
  const { keepAnswer, pinned, rollout, input: chosen, setInput } = useStore.getState();
  const input = { image: header.image, moreImages: [], question: header.question, answer: header.answer, sample: null };
  // What the user has picked while the recording was on its way stays.
  if (chosen.image === null && chosen.question === "") setInput(input);
  // A pin from a shared link survives only if this answer has those tokens.
  const isInside = pinned !== null && pinned.end < answerTokens.length(pinned.rollout);
  keepAnswer(
    {
      label: answer.question,
      source: "recorded",
      header,
      tokens: answerTokens.snapshot,
      input,
      promptTokens: null,
      origin: recordedRequest(recording, answer, header),
    },
    { pinned: isInside ? pinned : null, rollout: isInside && rollout < answerTokens.rolloutCount ? rollout : mostDependent() },
  );
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
  const { setModel, fail, model } = useStore.getState();
  try {
    const times = model.status === "ready" ? model.times : null;
    setModel({ status: "ready", model: await engineClient.loadAdapter(files, name), times });
  } catch (error) {
    fail(error);
  }
}

function takeLoad(event: LoadEvent): void {
  const { setDevice, setModel, setBudget, notify, model } = useStore.getState();
  switch (event.type) {
    case "device":
      setDevice(event.device);
      return;
    case "plan":
      setBudget(event.plan.budgetBytes);
      if (model.status === "loading") setModel({ ...model, plan: event.plan });
      return;
    case "progress":
      if (model.status === "loading") setModel({ ...model, progress: event.progress });
      return;
    case "notice":
      notify("notice", event.message);
      return;
    case "ready":
      setModel({ status: "ready", model: event.model, times: event.times });
      return;
    default:
      event satisfies never;
  }
}
