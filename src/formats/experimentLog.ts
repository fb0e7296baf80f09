// The files of the official `file` logger (EasyR1 verl/utils/logger: FileLogger): experiment_log.jsonl with one line per step,
// {"step": 3, "actor": {"pg_loss": 0.1}} for "actor/pg_loss", and experiment_config.json. Numbers as Python's json writes them, NaN
// and Infinity included. The reader also takes flat names, null for NaN, several lines of one step (a resumed run, a validation), and
// lines it cannot read are told, not fatal. Unknown names are kept; what is not a number is counted and left out. Pure.

import * as v from "valibot";
import { UserError } from "@/lib/errors";

/** The metrics of one step, by flat name ("actor/pg_loss"). */
export interface LoggedStep {
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** A line that was left out, counted from 1, and why. */
export interface LogProblem {
  readonly line: number;
  readonly reason: string;
}

/** What a log file holds. */
export interface ExperimentLog {
  /** In ascending order of steps, each step once. */
  readonly steps: readonly LoggedStep[];
  readonly problems: readonly LogProblem[];
  /** Names whose values are no numbers in at least one line (texts, lists); those values are left out. */
  readonly otherNames: readonly string[];
}

/** The text is no log file, or no line of it can be read. */
export class ExperimentLogError extends UserError {
  override readonly name = "ExperimentLogError";

  constructor(why: string) {
    super(
      "The log was not imported",
      why,
      "Choose the experiment_log.jsonl that the trainer's file logger wrote: one line per step, each with its step number",
    );
  }
}

/** Far above any run, far below what stops the page. */
const most = { step: 1_000_000, names: 1000, nameLength: 200, depth: 20 } as const;

const lineSchema = v.object({
  step: v.pipe(
    v.number("its step is not a number"),
    v.check((step) => Number.isSafeInteger(step) && step >= 0 && step <= most.step, "its step is no whole number from 0 on"),
  ),
});

/** Writes a log, one line per step; names that cannot be nested beside others (`a` and `a/b`) keep their slashes. */
export function writeExperimentLog(steps: Iterable<LoggedStep>): string {
  let text = "";
  for (const { step, metrics } of steps) text += `${logLine(step, metrics)}\n`;
  return text;
}

/** Reads a log; throws ExperimentLogError when no line can be read. */
export function readExperimentLog(text: string): ExperimentLog {
  const steps = new Map<number, Record<string, number>>();
  const problems: LogProblem[] = [];
  const otherNames = new Set<string>();
  text.split("\n").forEach((line, i) => {
    if (line.trim() === "") return;
    const read = readLine(line);
    if (typeof read === "string") {
      problems.push({ line: i + 1, reason: read });
      return;
    }
    for (const name of read.otherNames) otherNames.add(name);
    steps.set(read.step, mergedMetrics(steps.get(read.step), read.metrics));
  });
  const [first] = problems;
  if (steps.size === 0) {
    throw new ExperimentLogError(first ? `line ${first.line} cannot be read: ${first.reason}` : "the file is empty");
  }
  const sorted = [...steps].sort(([a], [b]) => a - b).map(([step, metrics]) => ({ step, metrics }));
  return { steps: sorted, problems, otherNames: [...otherNames].sort() };
}

/** A value of a configuration. */
export type ConfigValue = string | number | boolean | null;

/** Writes experiment_config.json from flat names with dots ("worker.actor.clip_ratio_low"). */
export function writeExperimentConfig(values: Readonly<Record<string, ConfigValue>>): string {
  return `${pythonJson(nest(Object.entries(values), "."), "  ", "")}\n`;
}

/** The values of an experiment_config.json by flat name with dots; lists are left out. Throws ExperimentLogError. */
export function readExperimentConfig(text: string): Readonly<Record<string, ConfigValue>> {
  const json = parsePythonJson(text);
  const result = v.safeParse(v.record(v.string(), v.unknown()), json);
  if (!result.success || Array.isArray(json)) throw new ExperimentLogError("the configuration is no JSON object");
  const values = new Map<string, ConfigValue>();
  for (const [name, value] of flatten(result.output, ".")) {
    if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      values.set(name, numberOf(value) ?? value);
    }
  }
  return Object.fromEntries(values);
}

function readLine(line: string): { step: number; metrics: Record<string, number>; otherNames: string[] } | string {
  const json = parsePythonJson(line);
  if (json === undefined) return "it is not JSON";
  if (typeof json !== "object" || json === null || Array.isArray(json)) return "it is no JSON object";
  if (!Object.hasOwn(json, "step")) return "it has no step";
  const result = v.safeParse(lineSchema, json);
  if (!result.success) return result.issues[0].message;
  const { step } = result.output;
  const metrics = new Map<string, number>();
  const otherNames: string[] = [];
  for (const [name, value] of flatten(json, "/")) {
    if (name === "step") continue;
    const number = value === null ? Number.NaN : numberOf(value);
    if (name.length > most.nameLength) return `it has a name of more than ${most.nameLength} characters`;
    if (number === undefined) otherNames.push(name);
    else metrics.set(name, number);
  }
  if (metrics.size > most.names) return `it has more than ${most.names} metrics`;
  return { step, metrics: Object.fromEntries(metrics), otherNames };
}

/** Later values count; Object.fromEntries, because a name may be "__proto__". */
function mergedMetrics(before: Readonly<Record<string, number>> | undefined, after: Readonly<Record<string, number>>) {
  return Object.fromEntries([...Object.entries(before ?? {}), ...Object.entries(after)]);
}

function logLine(step: number, metrics: Readonly<Record<string, number>>): string {
  const tree = nest(Object.entries(metrics), "/", ["step"]);
  return pythonJson(new Map<string, Tree>([["step", step], ...tree]), "", "");
}

type Tree = ConfigValue | Map<string, Tree>;

/** Nested groups of flat names; a name stays flat where a part of it is a name too, or is `reserved`. */
function nest(
  entries: readonly (readonly [string, ConfigValue])[],
  separator: string,
  reserved: readonly string[] = [],
): Map<string, Tree> {
  const taken = new Set([...entries.map(([name]) => name), ...reserved]);
  const root = new Map<string, Tree>();
  for (const [name, value] of entries) {
    if (reserved.includes(name)) continue;
    const path = name.split(separator);
    const isFlat = path.length > most.depth || path.some((_, i) => i > 0 && taken.has(path.slice(0, i).join(separator)));
    if (isFlat) root.set(name, value);
    else place(root, path, value);
  }
  return root;
}

function place(root: Map<string, Tree>, path: readonly string[], value: ConfigValue): void {
  let group = root;
  for (const name of path.slice(0, -1)) {
    const inner = group.get(name);
    const next = inner instanceof Map ? inner : new Map<string, Tree>();
    group.set(name, next);
    group = next;
  }
  group.set(path.at(-1) ?? "", value);
}

/** Leaves with their joined names; groups deeper than any logger makes are taken as one value, which is no number. */
function* flatten(value: object, separator: string, path: readonly string[] = []): Generator<readonly [string, unknown]> {
  for (const [key, inner] of Object.entries(value)) {
    const names = [...path, key];
    if (typeof inner === "object" && inner !== null && !Array.isArray(inner) && names.length < most.depth) {
      yield* flatten(inner, separator, names);
    } else yield [names.join(separator), inner];
  }
}

/** As Python's json.dumps: NaN, Infinity and -Infinity as they are, a space after comma and colon. */
function pythonJson(value: Tree, indent: string, margin: string): string {
  if (!(value instanceof Map)) return typeof value === "number" ? pythonNumber(value) : JSON.stringify(value);
  if (value.size === 0) return "{}";
  const inner = margin + indent;
  const entries = [...value].map(([key, one]) => `${JSON.stringify(key)}: ${pythonJson(one, indent, inner)}`);
  if (indent === "") return `{${entries.join(", ")}}`;
  return `{\n${inner}${entries.join(`,\n${inner}`)}\n${margin}}`;
}

function pythonNumber(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  return Number.isFinite(value) ? JSON.stringify(value) : String(value);
}

/** What stands for a number that JSON lacks while JSON.parse has it; no text of a log begins like this. */
const marker = "\u0000number:";
const tokens = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g;

/** The parsed text, numbers that JSON lacks as marked texts; undefined when it is no JSON. */
function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(tokens, (token) => (token.startsWith('"') ? token : JSON.stringify(marker + token))));
  } catch {
    return undefined;
  }
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.startsWith(marker) ? Number(value.slice(marker.length)) : undefined;
}
