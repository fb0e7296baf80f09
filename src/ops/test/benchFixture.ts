// What every bench of an operation needs: a run that ends when its result has been read, and how long to measure. Bench code only.

import { dispose, type Tensor, tidy } from "@tensorflow/tfjs-core";
import { read } from "./gpuFixture";

export const benchOptions = { time: 300, warmupIterations: 2 };

/** Runs an operation and waits until its result is on the CPU, so that the time is the GPU's too. */
export async function finish(run: () => Tensor | Tensor[]): Promise<void> {
  const results = [tidy(run)].flat() as Tensor[];
  await read(results[0] as Tensor);
  dispose(results);
}
