// The file that a run's state after a step is: a safetensors file that Python can open too, with `param.NAME`, `m.NAME`, `v.NAME` in
// float32, all else in its metadata, and a checksum over the whole file. Reading and checking need no model and no device, so the page
// takes an adapter out of a stored state, too; engine/training/trainerState.ts writes states and puts them back onto a model.

import * as v from "valibot";
import { UserError } from "@/lib/errors";
import { fnv64OfBytes } from "@/lib/fnv64";
import { type Adapter, type AdapterModule, writeAdapter } from "./peft";
import { parseAdapterConfig } from "./peftConfig";
import { readSafetensors, SafetensorsError, type SafetensorsFile } from "./safetensors";

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

export const stateFormat = "vppo trainer state";
export const stateVersion = "1";
/** What the file begins with after its header's length, and what stands for the checksum while it is computed. */
export const stateHead = '{"__metadata__":{"checksum":"';
export const blankChecksum = "0".repeat(16);
/** What is stored of every parameter: its values and AdamW's moments. */
export const storedKinds = ["param", "m", "v"] as const;
export const checksumStart = 8 + stateHead.length;

const count = v.pipe(v.string(), v.regex(/^\d{1,15}$/), v.transform(Number));
const json = <T extends v.GenericSchema>(schema: T) => v.pipe(v.string(), v.parseJson(), schema);

/** Notes every kind of state has. */
const shared = {
  format: v.literal(stateFormat),
  version: v.literal(stateVersion),
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
export type LoraNotes = Extract<Notes, { trainable: "lora" }>;
export interface StateFile {
  readonly notes: Notes;
  readonly file: SafetensorsFile;
}

/** The PEFT files of a stored state, without a model. @throws TrainerStateError, also when all weights were trained. */
export function adapterOfState(state: Uint8Array): { readonly config: string; readonly weights: Uint8Array } {
  const { notes, file } = readTrainerState(state);
  if (notes.trainable !== "lora") {
    throw new TrainerStateError("noAdapter", "all weights were trained, so there is no adapter", "Export the run instead");
  }
  return writeAdapter(adapterInState(notes, file));
}

/** The adapter in a state; its tensors lie under PEFT's names without prefix. */
export function adapterInState(notes: LoraNotes, file: SafetensorsFile): Adapter {
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

/** Parses and checks a file of any origin. @throws TrainerStateError */
export function readTrainerState(state: Uint8Array): StateFile {
  let file: SafetensorsFile;
  try {
    file = readSafetensors(state);
  } catch (cause) {
    if (cause instanceof SafetensorsError) throw damaged(cause.reason, cause);
    throw cause;
  }
  const { metadata, tensors } = file;
  if (metadata.get("format") !== stateFormat) throw damaged("it is not the state of a run");
  if (metadata.get("version") !== stateVersion) {
    throw new TrainerStateError(
      "otherVersion",
      `its format is version ${metadata.get("version")?.slice(0, 20)} and this page reads version ${stateVersion}`,
      "Open it with the version of the page that wrote it",
    );
  }
  const text = new TextEncoder();
  const sum = fnv64OfBytes(
    state.subarray(0, checksumStart),
    text.encode(blankChecksum),
    state.subarray(checksumStart + blankChecksum.length),
  );
  if (metadata.get("checksum") !== sum) throw damaged("its checksum does not fit its content");
  const result = v.safeParse(notesSchema, Object.fromEntries(metadata));
  if (!result.success) throw damaged(`its ${v.getDotPath(result.issues[0]) ?? "header"} is not what it should be`);
  for (const { name, shape, dtype } of tensors.values()) {
    const [, own] = /^(?:param|m|v)\.(.+)$/s.exec(name) ?? [];
    const whole = storedKinds.every((kind) => tensors.get(`${kind}.${own}`)?.shape.join() === shape.join());
    if (!whole || dtype !== "F32") throw damaged(`its tensor ${name.slice(0, 160)} is not one of a parameter with two moments`);
  }
  return { notes: result.output, file };
}

const damaged = (why: string, cause?: unknown) =>
  new TrainerStateError("damaged", why, "Go on from another step of the run, or import it again", { cause });
