// How numbers per token become one number: the official `worker.actor.loss_avg_mode` (core_algos.py average_loss).

/** "token": mean over all valid tokens; "seq": mean over trajectories of their token means. */
export type Aggregation = "token" | "seq";

/** What one token of each trajectory weighs in the average of a micro-batch. */
export function averageWeights(rows: readonly { readonly logp: Float32Array }[], aggregation: Aggregation): readonly number[] {
  const total = rows.reduce((count, row) => count + row.logp.length, 0);
  return rows.map((row) => (aggregation === "token" ? 1 / total : 1 / (rows.length * row.logp.length)));
}
