// A step report as it is stored: typed arrays cut to their own bytes, and what they take. Pure.

import type { TokenChunk } from "@/protocol/generation";
import type { StepReport, TrainRollout } from "@/protocol/training";
import type { RolloutRow } from "./schemas";

/** A view into a larger buffer would be stored with the whole buffer. */
function own<T extends Float32Array | Int32Array | Uint8Array>(array: T): T {
  return array.byteLength === array.buffer.byteLength ? array : (array.slice() as T);
}

const ownChunk = (chunk: TokenChunk): TokenChunk => ({
  rollout: own(chunk.rollout),
  ids: own(chunk.ids),
  stats: own(chunk.stats),
  topIds: own(chunk.topIds),
  topLogp: own(chunk.topLogp),
  topOther: own(chunk.topOther),
});

const ownRollout = (rollout: TrainRollout): TrainRollout => ({
  ...rollout,
  dependency: own(rollout.dependency),
  mask: own(rollout.mask),
  ...(rollout.logp && { logp: own(rollout.logp) }),
  ...(rollout.logpAtUpdate && { logpAtUpdate: own(rollout.logpAtUpdate) }),
  ...(rollout.moves && { moves: own(rollout.moves) }),
  ...(rollout.tokens && { tokens: ownChunk(rollout.tokens) }),
});

/** The rollouts of a report as a row of the database, with its size in bytes, a little below the truth. */
export function rolloutRowOf(
  run: string,
  { step, recipe, rollouts, images, texts }: StepReport,
): RolloutRow & { readonly sizeBytes: number } {
  const row: RolloutRow = {
    run,
    step,
    rollouts: rollouts.map(ownRollout),
    images: images.map(({ width, height, data }) => ({ width, height, data: own(data) })),
    texts,
    ...(recipe && { recipe }),
  };
  return { ...row, sizeBytes: sizeOf(row) };
}

/** Bytes of a stored thing: arrays by their bytes, text by two bytes a letter, numbers by eight. */
export function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length * 2;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + sizeOf(one), 0);
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).reduce((sum, [key, one]) => sum + key.length + sizeOf(one), 0);
  }
  return 8;
}

/** The bytes of a state in a buffer of their own. */
export function ownState(state: Uint8Array): Uint8Array {
  return own(state);
}
