// Chooses among kernels that give the same bits by timing them on the adapter in use: for each choice of `ops/variants.ts` the
// candidates of `trials.ts` are tried in turn on the same calls. Results do not change, only how long they take.

import { type Tensor, tidy } from "@tensorflow/tfjs-core";
import type { Dispatcher } from "@/gpu/dispatcher";
import { bestSeconds } from "@/gpu/stopwatch";
import { chooseVariants, standardVariants, type Variants, variants } from "@/ops/variants";

/** One choice, what it may be, and the calls it is judged by. */
export interface Trial {
  readonly variant: keyof Variants;
  /** The standard is among them. */
  readonly candidates: readonly number[];
  /** Makes what the calls need; the caller disposes of the tensors. */
  readonly prepare: () => { readonly tensors: readonly Tensor[]; readonly calls: readonly (() => void)[] };
}

export interface TuneOptions {
  readonly now?: () => number;
  /** A timed run lasts at least so long, in ms. */
  readonly leastMs?: number;
  /** No further trial is begun after so long, in ms; what is left keeps its standard. */
  readonly mostMs?: number;
}

/** What a candidate has to gain on the standard to take its place: less is noise. */
const leastGain = 0.05;

/** Times every trial's candidates on an idle device and uses the quickest. Resolves to what is used from now on. */
export async function tune(
  gpu: Dispatcher,
  trials: readonly Trial[],
  { now = () => performance.now(), leastMs = 2, mostMs = 2000 }: TuneOptions = {},
): Promise<Variants> {
  const started = now();
  chooseVariants(standardVariants);
  for (const { variant, candidates, prepare } of trials) {
    if (now() - started > mostMs) break;
    const chosen = variants();
    const { tensors, calls } = prepare();
    try {
      const standard = standardVariants[variant];
      let [best, bestTime] = [standard, Number.POSITIVE_INFINITY];
      for (const candidate of [standard, ...candidates.filter((other) => other !== standard)]) {
        chooseVariants({ ...chosen, [variant]: candidate });
        let time = 0;
        for (const call of calls) time += await bestSeconds(gpu, () => dropped(call), { leastMs, now });
        if (candidate === standard) bestTime = time * (1 - leastGain);
        else if (time < bestTime) [best, bestTime] = [candidate, time];
      }
      chooseVariants({ ...chosen, [variant]: best });
    } catch (error) {
      chooseVariants(standardVariants);
      throw error;
    } finally {
      for (const tensor of tensors) tensor.dispose();
    }
  }
  gpu.trim();
  return variants();
}

/** A call whose results nobody wants. */
function dropped(call: () => void): void {
  tidy(() => {
    call();
  });
}
