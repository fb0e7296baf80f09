// A run's state in one file: parameters, AdamW's moments and the counters, so that a run that goes on takes the same steps, bit
// for bit, as one that was never interrupted. A safetensors file that Python can open too: `param.NAME`, `m.NAME`, `v.NAME` in
// float32, all else in its metadata, with a checksum over the whole file. Where it is kept is protocol/runs.ts' and client's.

import { backend, getBackend, type Tensor } from "@tensorflow/tfjs-core";
import * as v from "valibot";
import { type Adapter, type AdapterModule, writeAdapter } from "@/formats/peft";
import { AdapterError, parseAdapterConfig } from "@/formats/peftConfig";
import {
  readSafetensors,
  SafetensorsError,
  type SafetensorsFile,
  type TensorToWrite,
  writeSafetensors,
} from "@/formats/safetensors";
import { dispatcherOf } from "@/gpu/dispatcher";
import { readTensors } from "@/gpu/readback";
import { UserError } from "@/lib/errors";
import { fnv64OfBytes } from "@/lib/fnv64";
import { floatsOf } from "@/ops/attention/hostValues";
import type { AdapterFiles } from "@/protocol/engine";
import type { TrainSettings } from "@/protocol/training";
import { applyAdapter, exportAdapter, loraParameters, removeLora } from "../lora";
import type { Session } from "../session";
import { type Moments, Optimizer } from "./optimizer";
import { everyWeight, type Trainable } from "./trainables";

/** Where a run is. */
export interface TrainerCounters {
  /** Steps taken. */
  readonly step: number;
  /** Problems drawn from the task. */
  readonly cursor: number;
  /** Random streams used by rollouts. */
  readonly streams: number;
}

/** A stored state that cannot be gone on from; `check` names why. */
export class TrainerStateError extends UserError {
  override readonly name = "TrainerStateError";
  constructor(
    readonly check: "damaged" | "otherVersion" | "otherModel" | "noAdapter",
    why: string,
    todo: string,
    options?: ErrorOptions,
  ) {
    super("The stored state of the run cannot be used", why, todo, options);
  }
}

const format = "vppo trainer state";
const version = "1";
/** What the file begins with after its header's length, and what stands for the checksum while it is computed. */
const head = '{"__metadata__":{"checksum":"';
const blank = "0".repeat(16);
/** What is stored of every parameter: its values and AdamW's moments. */
const kinds = ["param", "m", "v"] as const;
const checksumStart = 8 + head.length;

const count = v.pipe(v.string(), v.regex(/^\d{1,15}$/), v.transform(Number));
const json = <T extends v.GenericSchema>(schema: T) => v.pipe(v.string(), v.parseJson(), schema);

/** Notes every kind of state has. */
const shared = {
  format: v.literal(format),
  version: v.literal(version),
  checksum: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
  model: v.string(),
  family: v.string(),
  step: count,
  cursor: count,
  streams: count,
  updates: count,
};

/** The notes that are read; the file has more, for people: rank, alpha, targets, settings. */
const notesSchema = v.variant("trainable", [
  v.object({ ...shared, trainable: v.literal("full") }),
  v.object({
    ...shared,
    trainable: v.literal("lora"),
    /** adapter_config.json. */
    adapter: json(v.unknown()),
    /** alpha / r per module: exact, where rank and alpha of the config may be rounded. */
    scalings: json(v.record(v.string(), v.pipe(v.number(), v.finite()))),
  }),
]);

type Notes = v.InferOutput<typeof notesSchema>;
type LoraNotes = Extract<Notes, { trainable: "lora" }>;
interface StateFile {
  readonly notes: Notes;
  readonly file: SafetensorsFile;
}

/** The state after a step as one file. @param settings Those of the step, kept beside it for people. */
export async function exportTrainerState(
  session: Session,
  optimizer: Optimizer,
  { step, cursor, streams }: TrainerCounters,
  settings: TrainSettings,
): Promise<Uint8Array<ArrayBuffer>> {
  const { parameters, moments, updates } = optimizer;
  const values = await readTensors(
    parameters.flatMap(({ tensor }, i) => {
      const { m, v: square } = moments[i] as Moments;
      return [tensor, m, square];
    }),
  );
  const tensors = parameters.flatMap(({ name, tensor: { shape } }, i) =>
    kinds.map((kind, j): TensorToWrite => {
      const { buffer, byteOffset, byteLength } = values[3 * i + j] as Float32Array<ArrayBuffer>;
      return { name: `${kind}.${name}`, dtype: "F32", shape, bytes: new Uint8Array(buffer, byteOffset, byteLength) };
    }),
  );
  // The adapter itself decides, not the settings, which may have been changed since.
  const adapter = parameters.some(({ name }) => name.endsWith(".lora_A.weight"))
    ? await exportAdapter(session.model, session.name)
    : undefined;
  const counters = Object.entries({ step, cursor, streams, updates });
  const notes = new Map<string, string>([
    ["checksum", blank],
    ["format", format],
    ["version", version],
    ["model", session.name],
    ["family", session.family],
    ["trainable", adapter ? "lora" : "full"],
    ...counters.map(([key, value]): [string, string] => [key, String(value)]),
    ...(adapter ? adapterNotes(adapter, settings.loraTargets) : []),
    ["settings", JSON.stringify(settings)],
  ]);
  const file = writeSafetensors(tensors, notes);
  file.set(new TextEncoder().encode(fnv64OfBytes(file)), checksumStart);
  return file;
}

function adapterNotes({ modules, config, rank, alpha }: Adapter, targets: readonly string[]): [string, string][] {
  const scalings = Object.fromEntries(Array.from(modules, ([path, { scaling }]) => [path, scaling]));
  return [
    ["adapter", JSON.stringify(config)],
    ["scalings", JSON.stringify(scalings)],
    ["rank", String(rank)],
    ["alpha", String(alpha)],
    ["targets", targets.join(" ")],
  ];
}

/**
 * Puts a stored state back onto the model it was made with, in place of any adapter.
 * @throws TrainerStateError when it is damaged or belongs to another model; the model is then as it was.
 */
export function restoreTrainerState(session: Session, state: Uint8Array): { optimizer: Optimizer; counters: TrainerCounters } {
  const { notes, file } = readState(state);
  if (notes.model !== session.name || notes.family !== session.family) {
    throw otherModel(`it was made with ${notes.model} (${notes.family}) and ${session.name} is loaded`);
  }
  const parameters = notes.trainable === "lora" ? restoreAdapter(session, notes, file) : restoreWeights(session, file);
  const optimizer = Optimizer.resume(parameters, notes.updates, (name) => ({
    m: file.float32(`m.${name}`),
    v: file.float32(`v.${name}`),
  }));
  return { optimizer, counters: { step: notes.step, cursor: notes.cursor, streams: notes.streams } };
}

/** The PEFT files of a stored state, without a model. @throws TrainerStateError, also when all weights were trained. */
export function adapterOfState(state: Uint8Array): AdapterFiles {
  const { notes, file } = readState(state);
  if (notes.trainable !== "lora") {
    throw new TrainerStateError("noAdapter", "all weights were trained, so there is no adapter", "Export the run instead");
  }
  return writeAdapter(adapterIn(notes, file));
}

function restoreAdapter({ model }: Session, notes: LoraNotes, file: SafetensorsFile): Trainable[] {
  try {
    applyAdapter(model, adapterIn(notes, file));
  } catch (cause) {
    if (cause instanceof AdapterError) throw otherModel(cause.why, cause);
    throw cause;
  }
  return loraParameters(model);
}

/** The adapter in a state; its tensors lie under PEFT's names without prefix. */
function adapterIn(notes: LoraNotes, file: SafetensorsFile): Adapter {
  const modules = new Map<string, AdapterModule>();
  for (const [path, scaling] of Object.entries(notes.scalings)) {
    const [a, b] = [`param.${path}.lora_A.weight`, `param.${path}.lora_B.weight`] as const;
    const [rank, input] = shapeOf(file, a);
    const [out] = shapeOf(file, b);
    modules.set(path, { a: file.float32(a), b: file.float32(b), in: input, out, rank, scaling });
  }
  const config = parseAdapterConfig(notes.adapter);
  return { rank: config.r, alpha: config.lora_alpha, scaling: config.lora_alpha / config.r, modules, config };
}

function shapeOf(file: SafetensorsFile, name: string): readonly [number, number] {
  const [rows, columns] = file.tensors.get(name)?.shape ?? [];
  if (rows === undefined || columns === undefined) throw damaged(`it lacks ${name}`);
  return [rows, columns];
}

/** Writes the stored weights into the model's tensors, after all of them were found to fit. */
function restoreWeights(session: Session, file: SafetensorsFile): Trainable[] {
  const parameters = everyWeight(session);
  const known = new Set(parameters.map(({ name }) => `param.${name}`));
  const strange = [...file.tensors.keys()].find((name) => name.startsWith("param.") && !known.has(name));
  if (strange) throw otherModel(`it holds ${strange.slice("param.".length)}, which is not trained in the loaded model`);
  for (const { name, tensor } of parameters) {
    const shape = file.tensors.get(`param.${name}`)?.shape;
    if (shape?.join() !== tensor.shape.join())
      throw otherModel(`${name} is [${tensor.shape}] here and ${shape ? `[${shape}]` : "absent"} there`);
  }
  removeLora(session.model);
  for (const { name, tensor } of parameters) overwrite(tensor, file.float32(`param.${name}`));
  // The tower may say something else of the pictures it has seen.
  session.clearFeatures();
  return parameters;
}

/** Other values in place, so that the layers go on using the tensor. */
function overwrite(tensor: Tensor, values: Float32Array): void {
  if (getBackend() === "webgpu") dispatcherOf(backend()).upload(tensor, values);
  else floatsOf(tensor).set(values);
}

/** Parses and checks a file of any origin. */
function readState(state: Uint8Array): StateFile {
  let file: SafetensorsFile;
  try {
    file = readSafetensors(state);
  } catch (cause) {
    if (cause instanceof SafetensorsError) throw damaged(cause.reason, cause);
    throw cause;
  }
  const { metadata, tensors } = file;
  if (metadata.get("format") !== format) throw damaged("it is not the state of a run");
  if (metadata.get("version") !== version) {
    throw new TrainerStateError(
      "otherVersion",
      `its format is version ${metadata.get("version")?.slice(0, 20)} and this page reads version ${version}`,
      "Open it with the version of the page that wrote it",
    );
  }
  const text = new TextEncoder();
  const sum = fnv64OfBytes(state.subarray(0, checksumStart), text.encode(blank), state.subarray(checksumStart + blank.length));
  if (metadata.get("checksum") !== sum) throw damaged("its checksum does not fit its content");
  const result = v.safeParse(notesSchema, Object.fromEntries(metadata));
  if (!result.success) throw damaged(`its ${v.getDotPath(result.issues[0]) ?? "header"} is not what it should be`);
  for (const { name, shape, dtype } of tensors.values()) {
    const [, own] = /^(?:param|m|v)\.(.+)$/s.exec(name) ?? [];
    const whole = kinds.every((kind) => tensors.get(`${kind}.${own}`)?.shape.join() === shape.join());
    if (!whole || dtype !== "F32") throw damaged(`its tensor ${name.slice(0, 160)} is not one of a parameter with two moments`);
  }
  return { notes: result.output, file };
}

const damaged = (why: string, cause?: unknown) =>
  new TrainerStateError("damaged", why, "Go on from another step of the run, or import it again", { cause });

const otherModel = (why: string, cause?: unknown) =>
  new TrainerStateError("otherModel", why, "Load the model the run was made with", { cause });
