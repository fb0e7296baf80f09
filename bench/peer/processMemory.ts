// Resident memory of the browser that this process has started, by the type of its processes. Linux only (/proc).

import { existsSync, readdirSync, readFileSync } from "node:fs";

/** The largest process of a type. */
export interface ProcessMemory {
  /** "renderer", "gpu-process", … */
  readonly type: string;
  readonly peakBytes: number;
  readonly bytes: number;
}

interface Found extends ProcessMemory {
  readonly parent: string;
}

/** Descendants of this process that are Chromium's, the largest of each type; none where there is no /proc. */
export function browserMemory(): readonly ProcessMemory[] {
  if (!existsSync("/proc/self/status")) return [];
  const all = new Map<string, Found>();
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const found = read(id);
    if (found) all.set(id, found);
  }
  const isOurs = (parent: string | undefined): boolean =>
    parent === String(process.pid) || (parent !== undefined && isOurs(all.get(parent)?.parent));
  const largest = new Map<string, ProcessMemory>();
  for (const { type, parent, peakBytes, bytes } of all.values()) {
    if (type === "" || !isOurs(parent) || peakBytes < (largest.get(type)?.peakBytes ?? 0)) continue;
    largest.set(type, { type, peakBytes, bytes });
  }
  return [...largest.values()];
}

function read(id: string): Found | undefined {
  try {
    const status = readFileSync(`/proc/${id}/status`, "utf8");
    const line = readFileSync(`/proc/${id}/cmdline`, "utf8");
    const field = (name: string) => new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? "0";
    return {
      type: /--type=([\w-]+)/.exec(line)?.[1] ?? "",
      parent: field("PPid"),
      peakBytes: Number(field("VmHWM")) * 1024,
      bytes: Number(field("VmRSS")) * 1024,
    };
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}
