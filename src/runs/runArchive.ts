// A whole run as one file: a zip of run.json (entry and checksums), steps.jsonl (metrics as the official `file` logger writes
// experiment_log.jsonl), rollouts/N.json, states/N.bin and adapter/ (PEFT). Import checks names, sizes, checksums and schemas.

import * as v from "valibot";
import { ExperimentLogError, readExperimentLog, writeExperimentLog } from "@/formats/experimentLog";
import { adapterOfState, TrainerStateError } from "@/formats/trainerStateFile";
import { crc32 } from "@/lib/crc32";
import type { AdapterFiles } from "@/protocol/engine";
import type { RunInfo } from "@/protocol/runs";
import { packJson, unpackJson } from "./packedJson";
import type { RunContent, RunStore } from "./runStore";
import { checked, longestName, type RolloutRow, rolloutRowSchema, runInfoSchema, type StepRow, stepRowSchema } from "./schemas";
import type { Schema } from "./settingsSchema";
import { readZip, refused, writeZip, type ZipLimits, type ZipPart } from "./zipFile";

const mib = 2 ** 20;
const format = "vppo-playground-run";
const version = 1;
/** Tells a run that was imported from the one of the same name that is here. */
const importedMark = " (imported)";

const stepFile = /^(rollouts|states)\/(0|[1-9][0-9]{0,6})\.(json|bin)$/;
const partLimits: Readonly<Record<string, number>> = {
  "run.json": 64 * mib,
  "steps.jsonl": 512 * mib,
  "adapter/adapter_config.json": mib,
  "adapter/adapter_model.safetensors": 1024 * mib,
};
const limits: ZipLimits = {
  ofPart(name) {
    const [, folder, , ending] = stepFile.exec(name) ?? [];
    if (folder === "rollouts" && ending === "json") return 128 * mib;
    if (folder === "states" && ending === "bin") return 1536 * mib;
    return Object.hasOwn(partLimits, name) ? partLimits[name] : undefined;
  },
  parts: 65_000,
  bytes: 3072 * mib,
};

interface Manifest {
  readonly format: typeof format;
  readonly version: number;
  readonly run: RunInfo;
  readonly parts: readonly { readonly name: string; readonly bytes: number; readonly crc32: number }[];
}

const manifestSchema: Schema<Manifest> = v.object({
  format: v.literal(format),
  version: v.number(),
  run: runInfoSchema,
  parts: v.array(v.object({ name: v.string(), bytes: v.number(), crc32: v.number() })),
});

/** A stored run as one file, with the adapter of its last state. */
export async function exportRun(store: RunStore, id: string): Promise<Blob> {
  const info = await store.get(id);
  return writeZip(partsOf(store, info), (name) => !name.endsWith(".bin") && !name.endsWith(".safetensors"), limits);
}

async function* partsOf(store: RunStore, run: RunInfo): AsyncGenerator<ZipPart> {
  const written: { name: string; bytes: number; crc32: number }[] = [];
  const part = (name: string, content: Uint8Array | string): ZipPart => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    written.push({ name, bytes: bytes.length, crc32: crc32(bytes) });
    return { name, bytes };
  };
  const rows = await store.metrics(run.id);
  yield part("steps.jsonl", writeExperimentLog(rows));
  for (const step of await store.rolloutSteps(run.id)) {
    const row = await store.rolloutsAt(run.id, step);
    if (!row) continue;
    const { rollouts, images, texts, recipe } = row;
    yield part(`rollouts/${step}.json`, packJson({ rollouts, images, texts, ...(recipe && { recipe }) }));
  }
  let last: Uint8Array | undefined;
  for (const { step } of await store.checkpoints(run.id)) {
    const state = await store.stateAt(run.id, step);
    // It may have been dropped since the list was read.
    if (state) yield part(`states/${step}.bin`, state);
    last = state ?? last;
  }
  const adapter = last && adapterOf(last);
  if (adapter) {
    yield part("adapter/adapter_config.json", adapter.config);
    yield part("adapter/adapter_model.safetensors", adapter.weights);
  }
  const manifest: Manifest = { format, version, run, parts: written };
  yield { name: "run.json", bytes: new TextEncoder().encode(JSON.stringify(manifest, null, 1)) };
}

/** The adapter of a state; undefined where there is none, because all weights were trained. */
function adapterOf(state: Uint8Array): AdapterFiles | undefined {
  try {
    return adapterOfState(state);
  } catch (error) {
    if (error instanceof TrainerStateError && error.check === "noAdapter") return undefined;
    throw error;
  }
}

/** Stores the run of a file under a new id and returns its entry; rejects with RunDataError and stores nothing when the file is bad. */
export async function importRun(store: RunStore, file: Blob, newId: () => string): Promise<RunInfo> {
  const content = await readRun(file, newId());
  const { runs } = await store.list();
  const isTaken = runs.some(({ name }) => name === content.info.name);
  const name = isTaken ? `${content.info.name.slice(0, longestName - importedMark.length)}${importedMark}` : content.info.name;
  await store.insert({ ...content, info: { ...content.info, name } });
  return store.get(content.info.id);
}

/** The run of a file under the given id; rejects with RunDataError. */
export async function readRun(file: Blob, id: string): Promise<RunContent> {
  if (file.size > limits.bytes) throw refused(`it is larger than ${limits.bytes / mib} MiB`);
  const parts = await readZip(file, limits);
  const manifest = parsed(manifestSchema, parts.get("run.json"), "run.json", JSON.parse);
  if (manifest.version !== version) throw refused(`it has version ${manifest.version} and this page reads version ${version}`);
  checkParts(parts, manifest);
  const { run } = manifest;
  const steps = stepsOf(textOf(parts.get("steps.jsonl"), "steps.jsonl"), id);
  const rollouts: RolloutRow[] = [];
  const states: { step: number; state: Uint8Array }[] = [];
  for (const [name, bytes] of parts) {
    const [, folder, digits] = stepFile.exec(name) ?? [];
    const step = Number(digits);
    if (folder === "states") states.push({ step, state: bytes });
    if (folder === "rollouts")
      rollouts.push({ ...parsed(rolloutRowSchema, bytes, name, (text) => withStep(unpackJson(text), id, step)) });
  }
  checkSteps(run, steps, [...rollouts, ...states]);
  const { status, ...rest } = run;
  // What was written while it trained does not train here.
  return { info: { ...rest, id, status: status === "running" ? "paused" : status }, steps, rollouts, states };
}

function checkParts(parts: ReadonlyMap<string, Uint8Array>, manifest: Manifest): void {
  if (manifest.parts.length !== parts.size - 1) throw refused("its parts are not those that run.json lists");
  for (const { name, bytes, crc32: sum } of manifest.parts) {
    const part = parts.get(name);
    if (!part) throw refused(`${name.slice(0, 60)} is missing`);
    if (part.length !== bytes || crc32(part) !== sum) throw refused(`${name} is damaged`);
  }
}

/** The steps of a log without a broken line. */
function stepsOf(text: string, run: string): readonly StepRow[] {
  if (text === "") return [];
  try {
    const { steps, problems } = readExperimentLog(text);
    const [problem] = problems;
    if (problem) throw refused(`line ${problem.line} of steps.jsonl is no step: ${problem.reason}`);
    return steps.map((row) => checked(stepRowSchema, { run, ...row }, `Step ${row.step} of steps.jsonl`));
  } catch (error) {
    throw error instanceof ExperimentLogError ? refused(`in steps.jsonl ${error.why}`, error) : error;
  }
}

function checkSteps(run: RunInfo, steps: readonly StepRow[], others: readonly { readonly step: number }[]): void {
  if ([...steps, ...others].some(({ step }) => step > run.lastStep))
    throw refused(`it holds more than the ${run.lastStep} steps of its run`);
}

function withStep(value: unknown, run: string, step: number): unknown {
  return typeof value === "object" && value !== null ? { ...value, run, step } : value;
}

function textOf(bytes: Uint8Array | undefined, name: string): string {
  if (!bytes) throw refused(`${name} is missing`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refused(`${name} is no text`, cause);
  }
}

function parsed<T>(schema: Schema<T>, bytes: Uint8Array | undefined, name: string, parse: (text: string) => unknown): T {
  const text = textOf(bytes, name);
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw refused(`${name} is no JSON`, cause);
  }
  return checked(schema, value, name);
}
