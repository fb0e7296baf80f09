// What benches say of the work beside its time: counts, which hold on every adapter.

import { type Counters, noWork } from "@/gpu/counters";
import type { Gpu } from "@/gpu/device";
import { finish } from "./timing";

/** Milliseconds until the GPU is done, and the work that went to it. */
export interface Measured {
  readonly ms: number;
  readonly work: Counters;
}

/** Runs once; what is encoded before and after belongs to nobody else. */
export async function measured(gpu: Gpu, run: () => Promise<unknown>): Promise<Measured> {
  await finish(gpu);
  const before = gpu.dispatcher.work();
  const started = performance.now();
  await run();
  await finish(gpu);
  return { ms: performance.now() - started, work: workSince(before, gpu.dispatcher.work()) };
}

/** What was done between two readings of the counters, over `per` of something. */
export function workSince(before: Counters, after: Counters, per = 1): Counters {
  const work = noWork();
  for (const name of Object.keys(work) as (keyof Counters)[]) work[name] = (after[name] - before[name]) / per;
  return work;
}

/** The counts as a sentence's end: "273 dispatches, 273 bind groups, ...". */
export function workText(work: Counters): string {
  const of = (count: number, one: string, many = `${one}s`) => `${short(count)} ${count === 1 ? one : many}`;
  return [
    of(work.dispatches, "dispatch", "dispatches"),
    of(work.bindGroups, "bind group"),
    of(work.submits, "submit"),
    of(work.passes, "pass", "passes"),
    `${of(work.maps, "readback")} (${short(work.mapBytes)} bytes)`,
    `${of(work.uploads, "upload")} (${short(work.uploadBytes)} bytes)`,
    of(work.buffers, "new buffer"),
  ].join(", ");
}

const short = (count: number): string => (Number.isInteger(count) ? String(count) : count.toPrecision(3));
