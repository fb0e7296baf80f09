// From what the pages found to rows of the bench table: this engine's number, transformers.js' beside it, stock TensorFlow.js in
// the note. Pure.

import type { BenchRow } from "../report";
import type { ContextResult, EngineName, EngineResult, PagePeerReport, PictureResult } from "./plan";
import type { ProcessMemory } from "./processMemory";

/** One engine alone in a browser: what the processes took. */
export interface SoloReport {
  readonly name: EngineName;
  readonly processes: readonly ProcessMemory[];
  readonly report: PagePeerReport;
}

/** Results of one model size. */
export interface SizeReport {
  readonly size: string;
  readonly report: PagePeerReport;
  readonly solo: readonly SoloReport[];
}

const counterRows = [
  ["dispatches", "dispatches"],
  ["submits", "queue.submit"],
  ["passes", "compute passes"],
  ["maps", "mapAsync"],
  ["readBytes", "bytes read back"],
  ["uploads", "uploads"],
  ["bindGroups", "bind groups"],
  ["buffersCreated", "buffers created"],
] as const;

const megabytes = 1e-6;

/** The table rows of one model size. */
export function peerRows({ size, report, solo }: SizeReport): BenchRow[] {
  const rows: BenchRow[] = [];
  const all = report.engines;
  const contexts = [...new Set(all.flatMap((engine) => engine.contexts.map(({ context }) => context)))];
  for (const context of contexts) {
    const at = (engine: EngineResult) => engine.contexts.find((result) => result.context === context);
    const row = (name: string, unit: BenchRow["unit"], number: (result: ContextResult) => number, note?: string) =>
      push(rows, all, `${size}, context ${context}: ${name}`, unit, (engine) => mapped(at(engine), number), note);
    row("decode", "tokens/s", ({ tokensPerSecond }) => tokensPerSecond, countsNote(all, at));
    row("host time per token", "ms", ({ hostMsPerToken }) => hostMsPerToken);
    row("time to first token, warm", "ms", ({ timeToFirstTokenMs }) => timeToFirstTokenMs);
    for (const [key, name] of counterRows) row(`${name} per decoded token`, "", ({ perToken }) => perToken[key]);
    for (const [key, name] of counterRows.slice(0, 5)) row(`${name} until the first token`, "", ({ first }) => first[key]);
  }
  const whole = (name: string, unit: BenchRow["unit"], number: (engine: EngineResult) => number | undefined, note?: string) =>
    push(rows, all, `${size}: ${name}`, unit, number, note);
  const look = (name: string, unit: BenchRow["unit"], number: (picture: PictureResult) => number, note?: string) =>
    whole(`one picture: ${name}`, unit, ({ picture }) => mapped(picture, number), note);
  look("time to first token, warm", "ms", ({ ms }) => ms, pictureNote(all));
  look("host time until the first token", "ms", ({ hostMs }) => hostMs);
  for (const [key, name] of counterRows) look(`${name} until the first token`, "", ({ work }) => work[key]);
  whole("score two conditions", "ms", ({ score }) => score?.ms, scoreNote(all));
  whole("bytes read back by scoring", "", ({ score }) => score?.readBytes);
  whole("load and first token, cold", "ms", ({ coldFirstTokenMs }) => coldFirstTokenMs || undefined);
  whole("GPU bytes of the loaded model", "MB", ({ loaded }) => loaded.bytes * megabytes);
  whole("GPU bytes at the worst moment of loading", "MB", ({ loaded }) => loaded.peakBytes * megabytes);
  // On one page this engine and the stock operations use each other's pooled buffers: then only browsers of their own tell.
  const isShared = all.some(({ name }) => name === "stock TF.js");
  const alone = (name: EngineName) => solo.find((one) => one.name === name)?.report.engines[0];
  whole("GPU bytes at the worst moment of answering", "MB", (engine) => {
    const measured = alone(engine.name) ?? (isShared ? undefined : engine);
    return measured && measured.answering.peakBytes * megabytes;
  });
  return [...rows, ...memoryRows(size, solo)];
}

function memoryRows(size: string, solo: readonly SoloReport[]): BenchRow[] {
  return (["renderer", "gpu-process"] as const).flatMap((type) => {
    const of = (name: EngineName) => {
      const found = solo.find((one) => one.name === name)?.processes.find((process) => process.type === type);
      return found && found.peakBytes * megabytes;
    };
    const [value, peer] = [of("ours"), of("transformers.js")];
    if (value === undefined) return [];
    const baseline = peer === undefined ? {} : { baseline: { name: "transformers.js", value: peer } };
    return [
      { name: `${size}: largest resident memory of the ${type}`, unit: "MB" as const, value, ...baseline, note: "own browser" },
    ];
  });
}

/** A row where this engine has the number; the peer's beside it where it has it too. */
function push(
  rows: BenchRow[],
  engines: readonly EngineResult[],
  name: string,
  unit: BenchRow["unit"],
  number: (engine: EngineResult) => number | undefined,
  note?: string,
): void {
  const of = (wanted: EngineName) =>
    mapped(
      engines.find((engine) => engine.name === wanted),
      number,
    );
  const [value, peer, stock] = [of("ours"), of("transformers.js"), of("stock TF.js")];
  if (value === undefined) return;
  const notes = [note, stock === undefined ? undefined : `stock TF.js: ${Number(stock.toPrecision(3))}`]
    .filter(Boolean)
    .join("; ");
  rows.push({
    name,
    unit,
    value,
    ...(peer !== undefined && { baseline: { name: "transformers.js", value: peer } }),
    ...(notes && { note: notes }),
  });
}

function mapped<T, R>(value: T | undefined, of: (value: T) => R): R | undefined {
  return value === undefined ? undefined : of(value);
}

/** "ours 33 of 33 tokens as on the CPU, transformers.js 5 of 5" */
function countsNote(
  engines: readonly EngineResult[],
  at: (engine: EngineResult) => ContextResult | undefined,
): string | undefined {
  const parts = engines.flatMap((engine) => {
    const result = at(engine);
    return result?.agreeing === undefined ? [] : [`${engine.name} ${result.agreeing} of ${result.tokens}`];
  });
  return parts.length > 0 ? `tokens equal to the CPU reference: ${parts.join(", ")}` : undefined;
}

/** "512 × 512 pixels, 64 of 128 prompt tokens, 3 runs; ours: token as on the CPU, features 1.0e-6 from the CPU's" */
function pictureNote(engines: readonly EngineResult[]): string | undefined {
  const picture = engines.find((engine) => engine.picture)?.picture;
  if (!picture) return undefined;
  const { side, imageTokens, promptTokens, runs } = picture;
  const agreement = engines.flatMap(({ name, picture: seen }) => {
    if (!seen?.features) return [];
    const token = seen.isReferenceToken ? "token as on the CPU" : "another token than on the CPU";
    return [`${name}: ${token}, features ${seen.features.relative.toExponential(1)} from the CPU's`];
  });
  const what = `${side} × ${side} pixels, ${imageTokens} of ${promptTokens} prompt tokens, ${runs === 1 ? "one run" : `${runs} runs`}`;
  return [what, ...agreement].join("; ");
}

function scoreNote(engines: readonly EngineResult[]): string | undefined {
  const score = engines.find((engine) => engine.score)?.score;
  if (!score) return undefined;
  const runs = score.runs === 1 ? "one run" : `${score.runs} runs`;
  return `${score.tokens} tokens, ${runs}; here with log-probs, KL and entropies, there two forwards with logits and no arithmetic on them`;
}
