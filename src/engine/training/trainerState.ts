// A run's state out of a model and back onto it: parameters, AdamW's moments and the counters, so that a run that goes on takes the
// same steps, bit for bit, as one that was never interrupted. The file is formats/trainerStateFile.ts', where it is kept runs/'s.

import { getBackend, type Tensor } from "@tensorflow/tfjs-core";
import type { Adapter } from "@/formats/peft";
import { AdapterError } from "@/formats/peftConfig";
import { type SafetensorsFile, type TensorToWrite, writeSafetensors } from "@/formats/safetensors";
import {
  adapterInState,
  blankChecksum,
  checksumStart,
  type LoraNotes,
  readTrainerState,
  stateFormat,
  stateVersion,
  storedKinds,
  TrainerStateError,
} from "@/formats/trainerStateFile";
import { currentGpu } from "@/gpu/dispatcher";
import { readTensors } from "@/gpu/readback";
import { fnv64OfBytes } from "@/lib/fnv64";
import { floatsOf } from "@/ops/attention/hostValues";
import type { TrainSettings } from "@/protocol/training";
import { applyAdapter, exportAdapter, loraParameters, removeLora } from "../lora";
import type { Session } from "../session";
import { type Moments, Optimizer } from "./update/optimizer";
import { everyWeight, type Trainable } from "./update/trainables";

/** Where a run is. */
export interface TrainerCounters {
  /** Steps taken. */
  readonly step: number;
  /** Problems drawn from the task. */
  readonly cursor: number;
  /** Random streams used by rollouts. */
  readonly streams: number;
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
    storedKinds.map((kind, j): TensorToWrite => {
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
    ["checksum", blankChecksum],
    ["format", stateFormat],
    ["version", stateVersion],
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
  const { notes, file } = readTrainerState(state);
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

function restoreAdapter({ model }: Session, notes: LoraNotes, file: SafetensorsFile): Trainable[] {
  try {
    applyAdapter(model, adapterInState(notes, file));
  } catch (cause) {
    if (cause instanceof AdapterError) throw otherModel(cause.why, cause);
    throw cause;
  }
  return loraParameters(model);
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
  if (getBackend() === "webgpu") currentGpu().upload(tensor, values);
  else floatsOf(tensor).set(values);
}

const otherModel = (why: string, cause?: unknown) =>
  new TrainerStateError("otherModel", why, "Load the model the run was made with", { cause });
