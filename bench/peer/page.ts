// The browser's side of the peer bench: wraps WebGPU, opens the engines one after the other, and lets them answer in turns.

import { median } from "../timing";
import { difference, type GpuSnapshot, hideFeatures, installCounters } from "./counters";
import type { OpenEngine, PeerEngine } from "./engine";
import { type AnswerRun, agreeingTokens, measureAnswer } from "./measure";
import { lookInTurns, type PictureReference } from "./pictureTurns";
import type { ContextResult, EngineName, EngineResult, PagePeerReport, PeerPlan, ScoreResult } from "./plan";
import { promptIds } from "./sizes";

declare global {
  interface Window {
    runPeerBench(plan: PeerPlan): Promise<PagePeerReport>;
  }
}

const counters = installCounters();
const briefly = (error: unknown) => String(error).split("\n")[0]?.slice(0, 300) ?? "";
/** Below this subgroup size onnxruntime-web's prefill gives wrong logits (seen at 4 and 8). */
const sizeOfSoundSubgroups = 16;
const scorePromptTokens = 16;
/** Enough rows for the kernels that long sequences take. */
const scoreWarmUpTokens = 32;

const openers: Readonly<Record<EngineName, () => Promise<OpenEngine>>> = {
  ours: async () => (await import("./engines/ours")).openOurs,
  "transformers.js": async () => (await import("./engines/transformersJs")).openTransformersJs,
  "stock TF.js": async () => (await import("./engines/stockTfjs")).openStockTfjs,
};

interface Opened {
  readonly name: EngineName;
  readonly engine: PeerEngine;
  readonly loadMs: number;
  readonly loaded: EngineResult["loaded"];
  readonly runs: Map<number, AnswerRun[]>;
  readonly scores: GpuSnapshot[];
  coldFirstTokenMs: number;
  answering: { bytes: number; peakBytes: number };
}

async function open(name: EngineName, plan: PeerPlan): Promise<Opened> {
  counters.resetPeak();
  const { live } = counters;
  const before = { ...live };
  const started = performance.now();
  const openEngine = await openers[name]();
  const engine = await openEngine(plan);
  const loadMs = performance.now() - started;
  const [buffers, bytes, peakBytes] = [live.buffers - before.buffers, live.bytes - before.bytes, live.peakBytes - before.bytes];
  console.log(`${name}: loaded in ${loadMs.toFixed(0)} ms, ${(bytes / 1e6).toFixed(1)} MB on the device`);
  const loaded = { buffers, bytes, peakBytes };
  return { name, engine, loadMs, loaded, runs: new Map(), scores: [], coldFirstTokenMs: 0, answering: { bytes, peakBytes: 0 } };
}

/** One answer to warm up per context (the first one is the cold start), then all engines in turn. */
async function answerInTurns(opened: Opened[], plan: PeerPlan, problems: string[]): Promise<void> {
  for (const context of plan.contexts) {
    const prompt = promptIds(plan.size.vocabulary, context);
    for (let turn = -1; turn < plan.repetitions; turn++) {
      for (const one of [...opened]) {
        const count = plan.tokens[one.name];
        counters.resetPeak();
        const { bytes } = counters.live;
        try {
          const run = await measureAnswer(one.engine, prompt, count, counters.snapshot);
          if (one.coldFirstTokenMs === 0) one.coldFirstTokenMs = one.loadMs + run.first.t;
          if (turn >= 0) one.runs.set(context, [...(one.runs.get(context) ?? []), run]);
          const own = one.loaded.bytes;
          one.answering = {
            bytes: own + counters.live.bytes - bytes,
            peakBytes: Math.max(one.answering.peakBytes, own + counters.live.peakBytes - bytes),
          };
          const rate = 1000 / run.perToken.t;
          const what = turn < 0 ? "warm-up" : `run ${turn + 1} of ${plan.repetitions}`;
          console.log(
            `${one.name}, context ${context}, ${what}: first token ${run.first.t.toFixed(0)} ms, ${rate.toFixed(2)} tokens/s`,
          );
        } catch (error) {
          problems.push(`${one.name} stopped at context ${context}: ${briefly(error)}`);
          opened.splice(opened.indexOf(one), 1);
        }
      }
    }
  }
}

/** Engines in turn, after a short pass of each in which kernels are compiled. */
async function scoreInTurns(opened: readonly Opened[], plan: PeerPlan, problems: string[]): Promise<void> {
  const ids = promptIds(plan.size.vocabulary, scorePromptTokens + plan.scoreTokens);
  const prompt = ids.slice(0, scorePromptTokens);
  const taskOf = (count: number) => ({ prompt, response: ids.slice(scorePromptTokens, scorePromptTokens + count) });
  for (let turn = -1; turn < plan.scoreRepetitions; turn++) {
    const count = turn < 0 ? Math.min(scoreWarmUpTokens, plan.scoreTokens) : plan.scoreTokens;
    for (const { name, engine, scores } of opened) {
      if (!engine.score) continue;
      try {
        const before = counters.snapshot();
        await engine.score(taskOf(count));
        const work = difference(before, counters.snapshot());
        if (turn >= 0) scores.push(work);
        console.log(`${name}, scoring ${count} tokens twice: ${work.t.toFixed(0)} ms`);
      } catch (error) {
        problems.push(`${name} could not score: ${briefly(error)}`);
      }
    }
  }
}

function contextResult(context: number, runs: readonly AnswerRun[], reference?: readonly number[]): ContextResult {
  const last = runs[runs.length - 1] as AnswerRun;
  const of = (number: (run: AnswerRun) => number) => median(runs.map(number));
  const msPerToken = of(({ perToken }) => perToken.t);
  return {
    context,
    tokens: last.tokens.length,
    timeToFirstTokenMs: of(({ first }) => first.t),
    tokensPerSecond: 1000 / msPerToken,
    msPerToken,
    hostMsPerToken: of(({ perToken }) => perToken.hostMs),
    perToken: last.perToken,
    first: last.first,
    ...(reference && { agreeing: agreeingTokens(last.tokens, reference) }),
  };
}

async function adapterInfo(): Promise<PagePeerReport["adapter"]> {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("the browser offers no WebGPU adapter");
  const { vendor, architecture, description, subgroupMinSize } = adapter.info;
  const name = [vendor, architecture, description].filter(Boolean).join(" ") || "unnamed adapter";
  return { name, features: [...adapter.features].sort(), subgroupMinSize };
}

/** Greedy tokens by context length, and under "picture" those about the picture. */
type References = Readonly<Record<string, { readonly tokens: readonly number[] }>>;

/** Nothing where Python has not written them. */
async function fetchReferences(model: string): Promise<References> {
  const answer = await fetch(`${model}/reference.json`);
  return answer.ok ? ((await answer.json()) as References) : {};
}

async function pictureReference(model: string, { picture }: References): Promise<PictureReference | undefined> {
  const token = picture?.tokens[0];
  if (token === undefined) return undefined;
  const answer = await fetch(`${model}/picture_features.f32`);
  return { token, features: new Float32Array(await answer.arrayBuffer()) };
}

window.runPeerBench = async (plan) => {
  const adapter = await adapterInfo();
  const small = (adapter.subgroupMinSize ?? sizeOfSoundSubgroups) < sizeOfSoundSubgroups;
  const hide = plan.subgroups === "hide" || (plan.subgroups === "small" && small);
  const hiddenFeatures = hide ? ["subgroups", "subgroup-size-control"] : [];
  hideFeatures(hiddenFeatures);
  const references = await fetchReferences(plan.model);
  const problems: string[] = [];
  const opened: Opened[] = [];
  for (const name of plan.engines) {
    try {
      opened.push(await open(name, plan));
    } catch (error) {
      problems.push(`${name} could not be opened: ${briefly(error)}`);
    }
  }
  const all = [...opened];
  await answerInTurns(opened, plan, problems);
  if (plan.scoreTokens > 0) await scoreInTurns(opened, plan, problems);
  const look = async () => {
    const reference = await pictureReference(plan.model, references);
    return lookInTurns(opened, plan, { reference, counters, problems, say: (line) => console.log(line) });
  };
  const pictures = plan.picture ? await look() : undefined;
  const engines = all.map(({ name, engine, loadMs, loaded, runs, scores, coldFirstTokenMs, answering }): EngineResult => {
    const contexts = [...runs].map(([context, answers]) => contextResult(context, answers, references[context]?.tokens));
    const last = scores[scores.length - 1];
    const score: ScoreResult | undefined = last && {
      tokens: plan.scoreTokens,
      runs: scores.length,
      ms: median(scores.map(({ t }) => t)),
      readBytes: last.readBytes,
      work: last,
    };
    const picture = pictures?.get(name);
    const { version, notes } = engine;
    const measured = { ...(score && { score }), ...(picture && { picture }) };
    return { name, version, notes, loadMs, coldFirstTokenMs, loaded, answering, contexts, ...measured };
  });
  for (const { engine } of all) await engine.dispose();
  return { adapter, hiddenFeatures, engines, problems, gpuErrors: counters.errors, workers: counters.counts.workers };
};
