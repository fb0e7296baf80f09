// What the tests of runs store: small step reports with recognisable numbers, and a store with a clock and ids that count.

import "fake-indexeddb/auto";
import { type TensorToWrite, writeSafetensors } from "@/formats/safetensors";
import { blankChecksum, checksumStart, stateFormat, stateVersion, storedKinds } from "@/formats/trainerStateFile";
import { fnv64OfBytes } from "@/lib/fnv64";
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
        logp: wide.subarray(0, tokens),
      },
    ],
    images: [{ width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) }],
    texts: { 7: "two" },
    recipe: { policy: trainDefaults.policy, promptsPerUpdate: 0, ppoEpochs: 1, maxGradNorm: 1 },
  };
}

/** The state after a step: sixteen bytes with the step's number. */
export const stateOf = (step: number): Uint8Array => new Uint8Array(16).fill(step);

/** Commits steps from..to of a run. */
export async function commitSteps(store: RunStore, run: string, from: number, to: number, state = stateOf): Promise<void> {
  for (let step = from; step <= to; step++) {
    await store.commit(run, { report: reportOf(step), settings: trainDefaults, state: state(step) });
  }
}

/** The state after a step as the trainer writes it: an adapter of one module, whose values begin with the given bytes. */
export function trainedState(step: number, values: readonly number[] = [step]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(Math.max(values.length, 16) / 4) * 4);
  bytes.set(values);
  const size = bytes.length / 4;
  const path = "model.layers.0.self_attn.q_proj";
  const tensors = storedKinds.flatMap((kind): TensorToWrite[] => [
    { name: `${kind}.${path}.lora_A.weight`, dtype: "F32", shape: [1, size], bytes },
    { name: `${kind}.${path}.lora_B.weight`, dtype: "F32", shape: [size, 1], bytes },
  ]);
  const notes = {
    checksum: blankChecksum,
    format: stateFormat,
    version: stateVersion,
    model: "shapes-vlm",
    family: "SmolVLM",
    trainable: "lora",
    step: String(step),
    cursor: "0",
    streams: "0",
    updates: String(step),
    adapter: JSON.stringify({ peft_type: "LORA", r: 1, lora_alpha: 2 }),
    scalings: JSON.stringify({ [path]: 2 }),
  };
  const file = writeSafetensors(tensors, new Map(Object.entries(notes)));
  file.set(new TextEncoder().encode(fnv64OfBytes(file)), checksumStart);
  return file;
}
