// The decisions about the run that is trained, without page or database: what its settings are after knobs were turned, what a new one
// is called, whether a model is the one it was trained with. Pure.

import type { ModelReport } from "@/protocol/engine";
import type { ModelSource } from "@/protocol/model";
import type { RunInfo, RunModel } from "@/protocol/runs";
import type { TrainSettings } from "@/protocol/training";

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** True for equal plain values. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, i) => sameValue(one, b[i]));
  if (!isFields(a) || !isFields(b)) return Object.is(a, b);
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => sameValue(a[key], b[key]));
}

/**
 * The settings of a run after knobs went from `before` to `after`: what was turned is taken, the rest stays the run's own.
 * A group of settings (policy, sampling, mask, ...) is taken field by field.
 */
export function withTurnedKnobs(own: TrainSettings, before: TrainSettings, after: TrainSettings): TrainSettings {
  const turned = turn(own, before, after);
  // Every field is one of `own` or of `after`, both whole.
  return turned as TrainSettings;
}

function turn(own: object, before: object, after: object): object {
  const result: Record<string, unknown> = { ...own };
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [mine, was, is] = [own, before, after].map((fields) => Reflect.get(fields, key) as unknown);
    if (sameValue(was, is)) continue;
    if (is === undefined) delete result[key];
    else result[key] = isFields(mine) && isFields(was) && isFields(is) ? turn(mine, was, is) : is;
  }
  return result;
}

/** "VPPO 3": the method and the first number above those of its runs so far. */
export function nextName(method: string, runs: readonly RunInfo[]): string {
  const numbers = runs.flatMap(({ name }) => {
    const digits = name.startsWith(`${method} `) ? name.slice(method.length + 1) : "";
    return /^\d{1,6}$/.test(digits) ? [Number(digits)] : [];
  });
  return `${method} ${Math.max(0, ...numbers) + 1}`;
}

/** "VPPO 3 from step 40". */
export function forkName(name: string, step: number): string {
  return `${name} from step ${step}`;
}

/** What is remembered of a model; a local folder and an access token are not. */
export function runModelOf({ name, family, precision, parameters }: ModelReport, source: ModelSource | null): RunModel {
  const known = source && source.kind !== "files" ? { source: withoutToken(source) } : {};
  return { name, family, precision, parameters, ...known };
}

function withoutToken(source: Exclude<ModelSource, { kind: "files" }>): ModelSource {
  if (source.kind === "url") return source;
  const { token: _, ...rest } = source;
  return rest;
}

/** Whether a run can go on with the loaded model: the same one in the same number formats. A run of a log has none. */
export function isModelOf(loaded: ModelReport, run: RunInfo): boolean {
  const { model } = run;
  if (!model) return false;
  const { name, family, parameters, precision } = model;
  return (
    loaded.name === name && loaded.family === family && loaded.parameters === parameters && sameValue(loaded.precision, precision)
  );
}

/** True for the name the engine's own training gives an adapter; any other was loaded from files. */
export function isTrainedHere(adapter: string | undefined): boolean {
  return adapter === undefined || /^trained, step \d+$/.test(adapter);
}

/** Where a run that was interrupted stands, as a sentence. */
export function interruptedText({ name, lastStep, targetStep }: RunInfo): string {
  const where = lastStep === 0 ? "in its first step" : `after step ${lastStep}`;
  return `${name} was interrupted ${where}${targetStep === undefined ? "" : ` of ${targetStep}`}.`;
}
