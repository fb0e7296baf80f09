// The browser side of `npm run record`: the page's own engine client, worker and default settings, driven without the views.
// Every number in the recording comes out of this.

import { engineClient } from "@/client/engineClient";
import type { BackendKind, LoadRequest } from "@/protocol/engine";
import type { AskEvent, TokenChunk, TokenTexts } from "@/protocol/generation";
import type { RecordedAnswer } from "@/protocol/recorded";
import type { StepMetrics } from "@/protocol/training";
import { exactMatch } from "@/rl/reward/extractBoxed";
import { maskOf, samplingOf, shownAlternatives, trainSettingsOf } from "@/state/requests";
import { defaultSettings, type Settings } from "@/state/settings";
import { samples } from "@/views/prompt/samples";

const base64 = (array: Float32Array | Int32Array | Uint8Array): string => {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
};

/** What the Node side calls. */
const recorder = {
  settings: defaultSettings,

  async load(backend: BackendKind) {
    let adapter = "";
    const url = new URL("/models/shapes-vlm/", location.href).href;
    const request: LoadRequest = {
      source: { kind: "url", url },
      precision: { text: "int8", vision: "int8", head: "int8", groupSize: 32 },
      backend,
      useCache: false,
      memory: { contextTokens: 512, rollouts: 8, loraRank: 8 },
    };
    const model = await engineClient.load(request, (event) => {
      if (event.type === "device") adapter = `${event.device.backend}: ${event.device.adapter}`;
    });
    return { adapter, model };
  },

  evaluate: (problems: number, masked: boolean) =>
    engineClient.evaluate(
      {
        task: "shapes",
        reward: { kind: "exact", tolerance: 0 },
        problems,
        rollouts: 8,
        sampling: { temperature: 1, topP: 1, topK: 0, maxNewTokens: 96 },
        masked,
        seed: 2026,
      },
      () => undefined,
    ),

  async train(steps: number, change: Partial<Settings>): Promise<StepMetrics[]> {
    const settings = trainSettingsOf({ ...defaultSettings, ...change });
    const reports: StepMetrics[] = [];
    await engineClient.train({ settings, steps }, (event) => {
      if (event.type === "step") {
        reports.push(event.report.metrics);
        console.log(`step ${event.report.step} ${JSON.stringify(event.report.metrics)}`);
      } else if (event.type === "notice") console.log(event.message);
    });
    // The last event may still be on its way when the call returns.
    while (reports.length < steps) await new Promise((resolve) => setTimeout(resolve, 50));
    return reports;
  },

  async adapter() {
    const { config, weights } = await engineClient.saveAdapter();
    return { config, weights: base64(weights) };
  },

  async ask(index: number): Promise<{ answer: RecordedAnswer; texts: TokenTexts }> {
    const sample = samples()[index];
    if (!sample) throw new RangeError(`there is no sample ${index}`);
    const { image, question } = sample;
    const chunks: TokenChunk[] = [];
    const texts: Record<number, string> = {};
    let masked = image;
    let finished = false;
    const settings = defaultSettings;
    const request = {
      image,
      question,
      rollouts: settings.rollouts,
      sampling: samplingOf(settings),
      mask: maskOf(settings, null),
      topK: shownAlternatives,
    };
    await engineClient.ask(request, (event: AskEvent) => {
      if (event.type === "started") masked = event.masked[0] ?? image;
      else if (event.type === "tokens") {
        chunks.push(event.chunk);
        Object.assign(texts, event.texts);
      } else if (event.type === "finished") finished = true;
    });
    while (!finished) await new Promise((resolve) => setTimeout(resolve, 20));
    const picture = ({ width, height, data }: typeof image) => ({ width, height, rgb: base64(data) });
    const rollouts = Array.from({ length: settings.rollouts }, (_, r) => {
      const columns = gather(chunks, r);
      const text = Array.from(columns.ids, (id) => texts[id] ?? "").join("");
      return {
        reward: sample.answer === undefined ? 0 : exactMatch(text, sample.answer),
        ids: base64(columns.ids),
        stats: base64(columns.stats),
        topIds: base64(columns.topIds),
        topLogp: base64(columns.topLogp),
        topOther: base64(columns.topOther),
      };
    });
    const answer: RecordedAnswer = {
      question,
      image: picture(image),
      masked: picture(masked),
      topK: shownAlternatives,
      ...(sample.answer !== undefined && { answer: sample.answer }),
      rollouts,
    };
    return { answer, texts };
  },
};

/** The tokens of one rollout, in order. */
function gather(chunks: readonly TokenChunk[], rollout: number) {
  const rows = chunks.flatMap((chunk) => Array.from(chunk.rollout).flatMap((r, at) => (r === rollout ? [{ chunk, at }] : [])));
  const width = shownAlternatives * 2;
  const pick = (key: "stats" | "topLogp" | "topOther", columns: number) => {
    const out = new Float32Array(rows.length * columns);
    rows.forEach(({ chunk, at }, n) => {
      out.set(chunk[key].subarray(at * columns, (at + 1) * columns), n * columns);
    });
    return out;
  };
  const topIds = new Int32Array(rows.length * width);
  rows.forEach(({ chunk, at }, n) => {
    topIds.set(chunk.topIds.subarray(at * width, (at + 1) * width), n * width);
  });
  return {
    ids: Int32Array.from(rows, ({ chunk, at }) => chunk.ids[at] as number),
    stats: pick("stats", 7),
    topIds,
    topLogp: pick("topLogp", width),
    topOther: pick("topOther", width),
  };
}

export type Recorder = typeof recorder;
Object.assign(globalThis, { recorder });
