// `npm run truesize -- --model synthetic/SmolVLM-256M-Instruct`: loads a model of true size from the synthetic hub (no true weights,
// nothing stored) in headless Chromium, through the page's client, worker, loader and cache, and reports what it took against
// the limits of docs/models.md: time, JavaScript heap, page's tasks, bindings, GPU bytes against the plan, second load without
// network, a few decoded and scored tokens. Exits with 1 when a limit is passed.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { LoadRequest } from "@/protocol/engine";
import type { MemoryPlan, PrecisionChoice, WeightFormat } from "@/protocol/model";
import { openBrowserPage } from "./browserPage";
import { serveSyntheticHub } from "./syntheticHub/server";
import { HeapWatch } from "./trueSize/heapWatch";
import type { TrueSize } from "./trueSize/page";
import { TaskWatch } from "./trueSize/taskWatch";

declare global {
  var trueSize: TrueSize;
}

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    model: { type: "string", default: "synthetic/SmolVLM-256M-Instruct" },
    /** text,vision,head,group */
    precision: { type: "string", default: "int4,f16,int8,32" },
    /** MiB; 128 asks for WebGPU's default limits. */
    "binding-limit": { type: "string" },
    tokens: { type: "string", default: "8" },
    rollouts: { type: "string", default: "1" },
    /** Side of the picture in pixels. */
    side: { type: "string", default: "56" },
    train: { type: "boolean", default: false },
    /** Image tokens of that picture: 64 for a tile of SmolVLM, 4 for 56 or 64 pixels and Qwen. */
    "picture-tokens": { type: "string" },
    "no-ask": { type: "boolean", default: false },
    "no-second-load": { type: "boolean", default: false },
  },
});

const mebibyte = 2 ** 20;
const mib = (bytes: number) => `${(bytes / mebibyte).toFixed(1)} MiB`;
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const percent = (plan: number, found: number) => `${(((plan - found) / found) * 100).toFixed(1)} %`;
const failures: string[] = [];

function line(what: string, value: string, ok = true): void {
  console.log(`${what.padEnd(34)}${value}${ok ? "" : "   ABOVE THE LIMIT"}`);
  if (!ok) failures.push(what);
}

function precisionOf(text: string): PrecisionChoice {
  const [textFormat, vision, head, group] = text.split(",");
  const groupSize = Number(group ?? 32);
  if (groupSize !== 32 && groupSize !== 64 && groupSize !== 128) throw new Error(`groups of ${group}: use 32, 64 or 128`);
  const format = (name: string | undefined): WeightFormat => {
    if (name === "f32" || name === "f16" || name === "int8" || name === "int4") return name;
    throw new Error(`"${name}" is no number format: --precision text,vision,head,group as in int4,f16,int8,32`);
  };
  return { text: format(textFormat), vision: format(vision), head: format(head), groupSize };
}

const floor = values["binding-limit"] !== undefined;
if (floor && values["binding-limit"] !== "128") throw new Error("--binding-limit takes 128, WebGPU's default");
const [tokens, rollouts] = [Number(values.tokens), Number(values.rollouts)];
const hub = await serveSyntheticHub();
// The cache belongs on a disk: a browser's private mode keeps gigabytes in memory, or loses them.
const profile = mkdtempSync(join(tmpdir(), "truesize-"));
const browser = await openBrowserPage("scripts/trueSize/page.html", "trueSize", profile);
const { page, crashed } = browser;
const heap = await HeapWatch.open(page);
const tasks = await TaskWatch.open(page);

const request: LoadRequest = {
  source: { kind: "hub", repo: values.model, revision: "main" },
  precision: precisionOf(values.precision),
  backend: "webgpu",
  useCache: true,
  hubHost: hub.url,
  memory: { contextTokens: 512, answerTokens: tokens, rollouts, loraRank: 8 },
  budgetBytes: 12 * 2 ** 30,
};

async function measuredLoad(name: string) {
  hub.log.length = 0;
  await page.evaluate(() => trueSize.start());
  await heap.collect();
  heap.reset();
  await tasks.start();
  const load = await Promise.race([page.evaluate((text) => trueSize.load(JSON.parse(text)), JSON.stringify(request)), crashed]);
  const task = await tasks.stop();
  const sent = hub.log.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
  const { worker, page: own } = heap.peaks;
  const { times, plan, memory } = load;
  if (!times || !plan) throw new Error("the load told no times or no plan");
  console.log(`\n${name}: ${values.model}, ${values.precision}${floor ? ", WebGPU's default limits" : ""} (${load.adapter})`);
  for (const notice of load.notices) console.log(`  ${notice}`);
  line("wall time", seconds(load.wallMs));
  line(
    "  network / quantise / upload / cache",
    [times.networkMs, times.quantizeMs, times.uploadMs, times.cacheMs].map(seconds).join(" / "),
  );
  line("network requests, bytes", `${hub.log.length}, ${mib(sent)}`);
  line(
    "worker heap, peak",
    `${mib(worker.bytes)} (objects ${mib(worker.objects)}, buffers ${mib(worker.buffers)}; ${worker.samples} samples)`,
  );
  line("page heap, peak", mib(own.bytes));
  line("heap of both, peak", mib(worker.bytes + own.bytes), worker.bytes + own.bytes <= 150 * 1e6);
  line(
    "longest task of the page",
    `${task.cpuMs.toFixed(1)} ms of work (${task.wallMs.toFixed(0)} ms on the wall), ${task.count} tasks`,
    task.cpuMs <= 50,
  );
  line(
    "  by the page's own measure",
    `long tasks up to ${load.longestTaskMs.toFixed(0)} ms, timers up to ${load.longestGapMs.toFixed(0)} ms late`,
  );
  line("GPU bytes after loading", `${mib(memory.gpuBytes)}, peak ${mib(memory.gpuPeakBytes)}`);
  line(
    "  plan: weights",
    `${mib(plan.weightBytes)} (${percent(plan.weightBytes, memory.gpuBytes)})`,
    Math.abs(plan.weightBytes / memory.gpuBytes - 1) <= 0.1,
  );
  const { models, quotaBytes } = await page.evaluate(() => trueSize.cachedModels());
  const kept = models.map(({ bytes, complete }) => `${mib(bytes)}${complete ? "" : ", incomplete"}`).join("; ");
  line("cached", `${kept}${quotaBytes === undefined ? "" : ` of ${mib(quotaBytes)} that the browser grants`}`);
  return load;
}

function planLines(plan: MemoryPlan): void {
  for (const { what, bytes } of plan.lines) line(`    ${what}`, mib(bytes));
}

async function bindings(): Promise<void> {
  const largest = await page.evaluate(() => trueSize.largestBinding());
  line("largest binding", mib(largest), !floor || largest <= 128 * mebibyte);
}

try {
  if (floor) await page.evaluate(() => trueSize.useFloor());
  await measuredLoad("First load");
  await bindings();

  if (!values["no-second-load"]) {
    await page.evaluate(() => trueSize.endWorker());
    if (floor) await page.evaluate(() => trueSize.useFloor());
    await measuredLoad("Second load");
    if (hub.log.length > 0) failures.push("the second load used the network");
  }

  if (!values["no-ask"]) {
    const question = { side: Number(values.side), text: "What is this?", tokens, rollouts };
    heap.reset();
    const asked = await Promise.race([page.evaluate((q) => trueSize.ask(q), question), crashed]);
    console.log(
      `\n${tokens} tokens x ${rollouts} with masked twins, prompt of ${asked.promptTokens} tokens: ${seconds(asked.ms)}`,
    );
    for (const text of asked.lines.slice(0, 8)) console.log(`    ${text}`);
    const pictureTokens = Number(values["picture-tokens"] ?? (values.model.includes("SmolVLM") ? 64 : 4));
    const used = { pictureTokens, contextTokens: asked.promptTokens + tokens, answerTokens: tokens, rollouts, loraRank: 8 };
    const plan = await page.evaluate((text) => trueSize.plan(JSON.parse(text)), JSON.stringify({ ...request, memory: used }));
    line("GPU bytes, peak", mib(asked.memory.gpuPeakBytes));
    // Nothing is trained, so there is no adapter either.
    const bytes = (...names: string[]) =>
      plan.lines.reduce((sum, { what, bytes: b }) => (names.includes(what) ? sum + b : sum), 0);
    const planned = plan.weightBytes + bytes("KV cache", "decoding");
    line(
      "  plan: weights, KV cache, decoding",
      `${mib(planned)} (${percent(planned, asked.memory.gpuPeakBytes)})`,
      Math.abs(planned / asked.memory.gpuPeakBytes - 1) <= 0.1,
    );
    planLines(plan);
    line("worker heap, peak", mib(heap.peaks.worker.bytes));
    await bindings();
  }

  if (values.train) {
    const trained = await Promise.race([page.evaluate(([g, t]) => trueSize.train(g, t), [rollouts, tokens] as const), crashed]);
    console.log(`\none training step, ${rollouts} rollouts of ${trained.lengths.join(", ")} tokens: ${seconds(trained.ms)}`);
    line("GPU bytes, peak", mib(trained.memory.gpuPeakBytes));
    await bindings();
  }
} finally {
  heap.close();
  await browser.close();
  await hub.close();
  rmSync(profile, { recursive: true, force: true });
}
console.log(failures.length > 0 ? `\nAbove the limits: ${failures.join("; ")}` : "\nWithin the limits.");
process.exitCode = failures.length > 0 ? 1 : 0;
