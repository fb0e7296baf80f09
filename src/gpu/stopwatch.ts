// How long something takes on an idle device, from outside: submitted often enough that the wait for the device counts little.

import type { Dispatcher } from "./dispatcher";

export interface StopwatchOptions {
  /** A timed run lasts at least so long, in ms. */
  readonly leastMs: number;
  readonly now: () => number;
}

const runs = 3;
const mostCalls = 4096;

/** Seconds of what one call of `encode` encodes: as many calls as last `leastMs` together, three times, the quickest. */
export async function bestSeconds(gpu: Dispatcher, encode: () => void, { leastMs, now }: StopwatchOptions): Promise<number> {
  const timed = async (count: number) => {
    const started = now();
    for (let i = 0; i < count; i++) encode();
    gpu.flush();
    await gpu.device.queue.onSubmittedWorkDone();
    return now() - started;
  };
  // Compiles the kernels and touches the memory.
  await timed(1);
  let count = 1;
  let best = await timed(count);
  while (best < leastMs && count < mostCalls) {
    count *= best * 2 < leastMs ? 4 : 2;
    best = await timed(count);
  }
  for (let i = 1; i < runs; i++) best = Math.min(best, await timed(count));
  return best / 1000 / count;
}
