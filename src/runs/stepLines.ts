// One step as a line of the official `file` logger (verl utils/logger: experiment_log.jsonl): {"step": 3, "critic": {"score":
// {"mean": 0.5}}}. Metric names are split at their slashes; numbers that JSON lacks are written as null and read as NaN.

import type { StepMetrics } from "@/protocol/training";

type Nested = { [name: string]: Nested | number | null };

/** A step's metrics as one line, without its end. */
export function stepLine(step: number, metrics: StepMetrics): string {
  const root: Nested = {};
  for (const [key, value] of Object.entries(metrics)) {
    const number = Number.isFinite(value) ? value : null;
    if (!put(root, key.split("/"), number)) root[key] = number;
  }
  return JSON.stringify({ step, ...root });
}

/** False where one name is both a number and a group of others; such a metric keeps its slashes. */
function put(root: Nested, names: readonly string[], value: number | null): boolean {
  const last = names.at(-1) ?? "";
  let group = root;
  for (const name of names.slice(0, -1)) {
    if (!Object.hasOwn(group, name)) group[name] = {};
    const inner = group[name];
    if (typeof inner !== "object" || inner === null) return false;
    group = inner;
  }
  if (Object.hasOwn(group, last)) return false;
  group[last] = value;
  return true;
}

/** The step of a line; undefined when it is none. */
export function parseStepLine(line: string): { readonly step: number; readonly metrics: StepMetrics } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || !("step" in value) || typeof value.step !== "number") return undefined;
  const { step, ...groups } = value;
  const metrics: Record<string, number> = {};
  flatten(groups, "", metrics);
  return { step, metrics };
}

function flatten(value: unknown, name: string, into: Record<string, number>): void {
  if (typeof value === "number") into[name] = value;
  else if (value === null && name !== "") into[name] = Number.NaN;
  else if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) flatten(inner, name === "" ? key : `${name}/${key}`, into);
  }
}
