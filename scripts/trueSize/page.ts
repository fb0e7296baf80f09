// The browser side of `npm run truesize`: the page's own engine client, driven without the views. It measures what only a page
// can see: its long tasks, and the largest binding that the worker reports.

import { createEngineClient } from "@/client/engineClient";
import type { RgbImage } from "@/image/rgbImage";
import { createRng } from "@/lib/rng";
import type { LoadRequest } from "@/protocol/engine";
import type { AskEvent } from "@/protocol/generation";
import type { LoadTimes, MemoryPlan } from "@/protocol/model";
import { trainSettingsOf } from "@/state/requests";
import { defaultSettings } from "@/state/settings";

/** A question to a model of made-up weights. */
interface Question {
  readonly side: number;
  readonly text: string;
  readonly tokens: number;
  readonly rollouts: number;
}

let longestTaskMs = 0;
let loadStarted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    longestTaskMs = Math.max(longestTaskMs, entry.duration);
    console.log(`long task of ${entry.duration} ms, ${(entry.startTime - loadStarted).toFixed(0)} ms after the load began`);
  }
}).observe({ type: "longtask", buffered: false });

// Tasks under 50 ms are no long tasks to the browser, so the gaps between timers show how close they come.
let longestGapMs = 0;
let lastTick = performance.now();
setInterval(() => {
  const now = performance.now();
  longestGapMs = Math.max(longestGapMs, now - lastTick);
  lastTick = now;
}, 10);

let largestBinding = 0;
new BroadcastChannel("bindings").onmessage = ({ data }: MessageEvent<number>) => {
  largestBinding = Math.max(largestBinding, data);
};

let client = createEngineClient(() => new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "full" }));

const noise = (side: number): RgbImage => {
  const rng = createRng(1);
  return { width: side, height: side, data: Uint8Array.from({ length: side * side * 3 }, () => rng.int(256)) };
};

/** What the Node side calls. */
const trueSize = {
  /** A worker on WebGPU's default limits from here on. */
  useFloor(): void {
    client.terminate();
    client = createEngineClient(() => new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "floor" }));
  },

  /** Ends the worker; the next call starts another, as a reload of the page would. */
  endWorker: (): void => client.terminate(),

  cachedModels: () => client.cachedModels(),

  /** Starts the worker without a load, so that its heap can be watched from the beginning. */
  start: () => client.cachedModels(),

  async load(request: LoadRequest) {
    longestTaskMs = 0;
    longestGapMs = 0;
    const found: { plan?: MemoryPlan; times?: LoadTimes; adapter?: string } = {};
    const notices: string[] = [];
    const started = performance.now();
    loadStarted = started;
    const model = await client.load(request, (event) => {
      if (event.type === "plan") found.plan = event.plan;
      else if (event.type === "ready") found.times = event.times;
      else if (event.type === "device") found.adapter = `${event.device.backend}: ${event.device.adapter}`;
      else if (event.type === "notice") notices.push(event.message);
    });
    const wallMs = performance.now() - started;
    while (!found.times) await new Promise((resolve) => setTimeout(resolve, 10));
    return { ...found, notices, model, wallMs, longestTaskMs, longestGapMs, memory: await client.memory() };
  },

  /** The plan of a model that is cached. */
  plan: async (request: LoadRequest) => (await client.inspect(request)).plan,

  async ask({ side, text, tokens, rollouts }: Question) {
    longestTaskMs = 0;
    const lines: string[] = [];
    let promptTokens = 0;
    let finished: Extract<AskEvent, { type: "finished" }> | undefined;
    const request = {
      image: noise(side),
      question: text,
      // The made-up tokenizers have no merges: an instruction of a hundred letters would be as many tokens.
      plain: true,
      rollouts,
      sampling: { temperature: 1, topP: 1, topK: 0, seed: 1, maxNewTokens: tokens },
      mask: { strategy: "patch_blackening", ratio: 0.6, cellSize: 14, seed: 1, sharing: "trajectory" },
      // One tile for SmolVLM.
      // A small picture stays small: Qwen3-VL would enlarge it to 64 image tokens.
      pixels: { minPixels: side * side, maxPixels: 512 * 512 },
      topK: 2,
    } as const;
    const started = performance.now();
    await client.ask(request, (event) => {
      if (event.type === "started") promptTokens = event.promptTokens;
      else if (event.type === "finished") finished = event;
      else if (event.type === "tokens") {
        const { ids, stats } = event.chunk;
        ids.forEach((id, n) => {
          const [logp, logpMasked, kl] = stats.subarray(n * 7, n * 7 + 3);
          lines.push(`${id}: log p ${logp?.toFixed(3)}, masked ${logpMasked?.toFixed(3)}, KL ${kl?.toExponential(2)}`);
        });
      }
    });
    while (!finished) await new Promise((resolve) => setTimeout(resolve, 10));
    return { lines, promptTokens, ms: performance.now() - started, longestTaskMs, memory: await client.memory() };
  },

  /** One optimizer step on the shapes task. */
  async train(rollouts: number, tokens: number) {
    const change = { promptsPerStep: 1, rolloutsPerPrompt: rollouts, maxNewTokens: tokens, loraRank: 8, temperature: 1 };
    const settings = trainSettingsOf({ ...defaultSettings, ...change });
    let lengths: number[] = [];
    let done = false;
    const started = performance.now();
    await client.train({ settings, steps: 1 }, (event) => {
      if (event.type === "step") lengths = event.report.rollouts.map(({ length }) => length);
      else if (event.type === "stopped") done = true;
    });
    while (!done) await new Promise((resolve) => setTimeout(resolve, 10));
    return { lengths, ms: performance.now() - started, memory: await client.memory() };
  },

  largestBinding: () => largestBinding,
};

export type TrueSize = typeof trueSize;
Object.assign(globalThis, { trueSize });

// Failed calls reject with plain ErrorReports, of which the other side of the browser would see nothing.
for (const [name, call] of Object.entries(trueSize) as [string, (...parameters: unknown[]) => unknown][]) {
  Object.assign(trueSize, {
    [name]: async (...parameters: unknown[]) => {
      try {
        return await call(...parameters);
      } catch (error) {
        throw new Error(
          typeof error === "object" && error !== null
            ? JSON.stringify({ ...error, message: (error as Error).message })
            : String(error),
        );
      }
    },
  });
}
