// Lays sequences out as packed rows without padding. A group is one prompt and the responses to it: the prompt is computed
// once as a shared prefix, each response is a segment that sees the prefix and itself. Pure: typed arrays in and out.
//
// The last prompt token belongs to the segments, not to the prefix, so that row t of a segment predicts response token t and
// every predicting row is a row of exactly one response.

import type { PromptPositions } from "@/models/family";

/** A prompt as token ids; image tokens are numbered from 0 within the prompt, text tokens have -1. */
export interface PackedPrompt extends PromptPositions {
  readonly ids: Int32Array;
  /** Per token: which image feature row of this prompt replaces it, or -1. */
  readonly feature: Int32Array;
  readonly featureCount: number;
}

export interface PackGroup {
  readonly prompt: PackedPrompt;
  readonly responses: readonly Int32Array[];
}

/** Where a response's predicting rows are in `targets` order. */
export interface PackedSegment {
  readonly group: number;
  readonly response: number;
  readonly start: number;
  readonly length: number;
}

export interface PackedRows {
  readonly count: number;
  readonly ids: Int32Array; // [M]
  readonly positions: Int32Array; // [M, axes]
  readonly axes: 1 | 3;
  readonly featureIndex: Int32Array; // [M], row of the stacked features of all groups, or -1
  readonly featureRows: Int32Array; // [F], inverse of featureIndex
  readonly rows: Int32Array; // [M, 4] for ops/attention
  readonly keys: Int32Array; // [M, 2]
  readonly targetRows: Int32Array; // [R], packed row that predicts target r
  readonly targetInverse: Int32Array; // [M], target predicted by row m, or -1
  readonly targets: Int32Array; // [R], the predicted token
  readonly segments: readonly PackedSegment[];
}

/** Numbers of all targets, cut by response. */
export function perResponse({ segments }: Pick<PackedRows, "segments">, values: Float32Array): Float32Array[] {
  return segments.map(({ start, length }) => values.slice(start, start + length));
}

/** Packs groups in order. Every prompt needs at least two tokens, the last one text; all have equally many position axes. */
export function packGroups(groups: readonly PackGroup[]): PackedRows {
  let count = 0;
  let targetCount = 0;
  let featureCount = 0;
  const axes = groups[0]?.prompt.axes ?? 1;
  for (const { prompt, responses } of groups) {
    if (prompt.axes !== axes) throw new RangeError("prompts with different position axes");
    if (prompt.ids.length < 2) throw new RangeError("a prompt needs at least two tokens");
    const tokens = responses.reduce((sum, ids) => sum + ids.length, 0);
    count += prompt.ids.length - 1 + tokens;
    targetCount += tokens;
    featureCount += prompt.featureCount;
  }
  const packed = {
    count,
    ids: new Int32Array(count),
    positions: new Int32Array(count * axes),
    axes,
    featureIndex: new Int32Array(count).fill(-1),
    featureRows: new Int32Array(featureCount),
    rows: new Int32Array(count * 4),
    keys: new Int32Array(count * 2),
    targetRows: new Int32Array(targetCount),
    targetInverse: new Int32Array(count).fill(-1),
    targets: new Int32Array(targetCount),
  };
  const segments: PackedSegment[] = [];
  let row = 0;
  let target = 0;
  let featureStart = 0;
  groups.forEach(({ prompt, responses }, group) => {
    const prefixStart = row;
    const prefixLength = prompt.ids.length - 1;
    const groupEnd = prefixStart + prefixLength + responses.reduce((sum, ids) => sum + ids.length, 0);
    for (let t = 0; t < prefixLength; t++, row++) {
      packed.ids[row] = prompt.ids[t] as number;
      packed.positions.set(prompt.positions.subarray(t * axes, (t + 1) * axes), row * axes);
      const feature = prompt.feature[t] as number;
      if (feature >= 0) {
        packed.featureIndex[row] = featureStart + feature;
        packed.featureRows[featureStart + feature] = row;
      }
      packed.rows.set([prefixStart, 0, prefixStart, t + 1], row * 4);
      packed.keys.set([row, groupEnd], row * 2);
    }
    responses.forEach((response, index) => {
      const segmentStart = row;
      segments.push({ group, response: index, start: target, length: response.length });
      for (let t = 0; t < response.length; t++, row++, target++) {
        packed.ids[row] = (t === 0 ? prompt.ids[prefixLength] : response[t - 1]) as number;
        // After the prompt all axes advance together.
        packed.positions.fill(prompt.next - 1 + t, row * axes, (row + 1) * axes);
        packed.rows.set([prefixStart, prefixLength, segmentStart, prefixLength + t + 1], row * 4);
        packed.keys.set([row, segmentStart + response.length], row * 2);
        packed.targetRows[target] = row;
        packed.targetInverse[row] = target;
        packed.targets[target] = response[t] as number;
      }
    });
    featureStart += prompt.featureCount;
  });
  return { ...packed, segments };
}
