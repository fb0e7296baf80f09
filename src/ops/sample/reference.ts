// Token sampling and the decode state in plain JavaScript: what the wasm and cpu backends run and the oracle of the WGSL.
// Order of the rules as in vLLM: temperature, then top-k, then top-p over what top-k left. Ties are kept at both thresholds.

import { uniformAt } from "@/lib/rng";

export interface SamplingRules {
  /** At most 0: the most likely token, the first of equal ones. */
  readonly temperature: number;
  /** Keep the k most likely tokens; 0 keeps all. */
  readonly topK: number;
  /** Keep the smallest set of most likely tokens with at least this share of the probability; 1 keeps all. */
  readonly topP: number;
}

/** The token at `uniform` ∈ [0, 1) of the cumulative distribution in index order, after the rules. */
export function sampleToken(logits: Float32Array, uniform: number, { temperature, topK, topP }: SamplingRules): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if ((logits[id] as number) > (logits[best] as number)) best = id;
  if (temperature <= 0) return best;
  const max = logits[best] as number;
  const weight = (logit: number) => Math.exp((logit - max) / temperature);
  let lowest = Number.NEGATIVE_INFINITY;
  if ((topK > 0 && topK < logits.length) || topP < 1) {
    const sorted = Float32Array.from(logits).sort().reverse();
    if (topK > 0 && topK < logits.length) lowest = sorted[topK - 1] as number;
    if (topP < 1) lowest = nucleusFloor(sorted, lowest, topP, weight);
  }
  let total = 0;
  for (const logit of logits) if (logit >= lowest) total += weight(logit);
  let sum = 0;
  let last = best;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id] as number;
    const w = logit >= lowest ? weight(logit) : 0;
    if (w === 0) continue;
    last = id;
    sum += w;
    if (sum > uniform * total) break;
  }
  return last;
}

/** Smallest logit of the nucleus; `sorted` descends. */
function nucleusFloor(sorted: Float32Array, lowest: number, topP: number, weight: (logit: number) => number): number {
  let total = 0;
  for (const logit of sorted) if (logit >= lowest) total += weight(logit);
  let sum = 0;
  for (const logit of sorted) {
    sum += weight(logit);
    if (sum >= topP * total) return logit;
  }
  return lowest;
}

/** Ids of all rows of logits [B, V] at their state's random number; −1 for rows that are finished. */
export function sampleRows(
  logits: Float32Array,
  columns: number,
  state: Int32Array,
  rules: SamplingRules,
): Int32Array<ArrayBuffer> {
  const batch = state.length / 4;
  return Int32Array.from({ length: batch }, (_, b) => {
    const [seed, stream, counter, running] = state.subarray(b * 4, b * 4 + 4) as unknown as [number, number, number, number];
    if (running === 0) return -1;
    return sampleToken(logits.subarray(b * columns, (b + 1) * columns), uniformAt(seed, stream, counter), rules);
  });
}

/** The arrays of a `DecodeState`. */
export interface DecodeArrays {
  readonly sampling: Int32Array;
  readonly rows: Int32Array;
  readonly positions: Int32Array;
  readonly slots: Int32Array;
  readonly tokenIds: Int32Array;
  readonly log: Int32Array;
  readonly step: Int32Array;
}

/** Does in place what decodeState.wgsl does. */
export function advanceArrays(state: DecodeArrays, ids: Int32Array, endTokens: readonly number[]): void {
  const { sampling, rows, positions, slots, tokenIds, log, step } = state;
  const batch = ids.length;
  const steps = log.length / batch;
  const now = step[0] as number;
  if (now >= steps) return;
  const add = (array: Int32Array, index: number, by: number) => {
    array[index] = (array[index] as number) + by;
  };
  for (let b = 0; b < batch; b++) {
    const id = ids[b] as number;
    if (sampling[b * 4 + 3] === 0 || id < 0) {
      log[now * batch + b] = -1;
      continue;
    }
    log[now * batch + b] = id;
    add(sampling, b * 4 + 2, 1);
    const ended = endTokens.includes(id) || now + 1 === steps;
    if (ended) {
      sampling[b * 4 + 3] = 0;
      continue;
    }
    for (let row = b; row < tokenIds.length; row += batch) {
      tokenIds[row] = id;
      add(rows, row * 4 + 3, 1);
      add(positions, row, 1);
      add(slots, row, 1);
    }
  }
  step[0] = now + 1;
}
