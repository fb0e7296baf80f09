// Tokens of single answers out of the decoding steps of many, as the page takes them, with the statistics that the step learns from.

import { type TokenChunk, tokenStatColumns } from "@/protocol/generation";
import type { TokenStats } from "@/rl/dependency";
import type { DecodedStep } from "../../decoding/generate";
import { statCount } from "../../tokenStats";

/** Alternatives per token and condition that a training step reports. */
export const reportedAlternatives = 5;

/** The tokens of one rollout out of the steps of its batch, which report `reportedAlternatives`. */
export function chunkOf(steps: readonly DecodedStep[], rollout: number): TokenChunk {
  const rows = steps.flatMap((step) => {
    const at = step.rollout.indexOf(rollout);
    return at < 0 ? [] : [{ step, at }];
  });
  const width = reportedAlternatives * 2;
  const chunk = {
    rollout: new Int32Array(rows.length).fill(rollout),
    ids: Int32Array.from(rows, ({ step, at }) => step.ids[at] as number),
    stats: new Float32Array(rows.length * statCount),
    topIds: new Int32Array(rows.length * width),
    topLogp: new Float32Array(rows.length * width),
    topOther: new Float32Array(rows.length * width),
  };
  rows.forEach(({ step, at }, n) => {
    chunk.stats.set(step.stats.subarray(at * statCount, (at + 1) * statCount), n * statCount);
    for (const key of ["topIds", "topLogp", "topOther"] as const)
      chunk[key].set(step[key].subarray(at * width, (at + 1) * width), n * width);
  });
  return chunk;
}

/** The tokens of one rollout with these statistics; alternatives stay those that decoding had. */
export function withStats(chunk: TokenChunk, stats: TokenStats): TokenChunk {
  const columns = tokenStatColumns.map((name) => stats[name]);
  return {
    ...chunk,
    stats: Float32Array.from(chunk.stats, (_, i) => columns[i % statCount]?.[Math.floor(i / statCount)] as number),
  };
}
