// What the tests of runs store: small step reports with recognisable numbers, and a store with a clock and ids that count.

import "fake-indexeddb/auto";
import { type StepReport, trainDefaults } from "@/protocol/training";
import type { KeepRules } from "../keptCheckpoints";
import { RunStore } from "../runStore";

let databases = 0;

/** A store on an empty database of its own. */
export function emptyStore(keep?: Partial<KeepRules>): RunStore {
  return openStore(`test ${databases++}`, keep);
}

/** A store on a named database: a second one stands for another tab, or for the page opened again. */
export function openStore(database: string, keep?: Partial<KeepRules>): RunStore {
  let clock = 1000;
  let ids = 0;
  return new RunStore({
    now: () => clock++,
    newId: () => `${database.replaceAll(" ", "-")}-run-${ids++}-${performance.now().toFixed(3).replace(".", "")}`,
    estimate: async () => ({ usage: 900 * 2 ** 20, quota: 1000 * 2 ** 20 }),
    ...(keep && { keep }),
    database,
  });
}

/** A step with one rollout whose arrays are views into larger buffers. */
export function reportOf(step: number, tokens = 4): StepReport {
  const wide = new Float32Array(tokens * 3).fill(step);
  return {
    step,
    metrics: { "reward/accuracy": step / 100, "actor/grad_norm": Number.NaN, "timing_s/step": Number.POSITIVE_INFINITY },
    rollouts: [
      {
        prompt: 0,
        question: "How many?",
        answer: "2",
        family: "count",
        text: "\\boxed{2}",
        reward: 1,
        advantage: 0.5,
        alpha: 1,
        meanDependency: 0.1,
        length: tokens,
        dependency: wide.subarray(tokens, 2 * tokens),
        mask: new Float32Array(tokens).fill(1),
      },
    ],
    images: [{ width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) }],
    texts: { 7: "two" },
  };
}

/** The state after a step: so many bytes, all with the step's number. */
export const stateOf = (step: number, bytes = 16) => new Uint8Array(bytes).fill(step);

/** Commits steps from..to of a run. */
export async function commitSteps(store: RunStore, run: string, from: number, to: number, bytes?: number): Promise<void> {
  for (let step = from; step <= to; step++) {
    await store.commit(run, { report: reportOf(step), settings: trainDefaults, state: stateOf(step, bytes) });
  }
}
