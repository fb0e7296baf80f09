// How an update moved the tokens it was made of: log-prob after minus before, token by token. Kept tokens are pushed by the
// policy gradient, the others move only because they share weights with them (and by the entropy penalty). Pure.

/** THE list of metrics of the moves and their meaning. */
export const moveMetricMeanings = {
  "vppo/move_kept":
    "Mean change of the log-prob of kept tokens by the step's updates, without sign, in nats; of the first prompt.",
  "vppo/move_filtered": "The same for the tokens that the filter leaves out.",
} as const satisfies Readonly<Record<string, string>>;

/** log π after the step − log π that sampled, nats per token. */
export function measureMoves(
  after: readonly Float32Array[],
  before: readonly { readonly logp: Float32Array }[],
): readonly Float32Array[] {
  return before.map(({ logp }, i) => logp.map((value, t) => (after[i]?.[t] ?? Number.NaN) - value));
}

/** Mean size of the moves of tokens inside and outside the mask, in nats; a soft mask weighs. */
export function moveMetrics(
  moves: readonly Float32Array[],
  masks: readonly Float32Array[],
): Readonly<Partial<Record<keyof typeof moveMetricMeanings, number>>> {
  let [kept, keptWeight, other, otherWeight] = [0, 0, 0, 0];
  moves.forEach((move, i) => {
    move.forEach((value, t) => {
      const weight = masks[i]?.[t] ?? 0;
      kept += weight * Math.abs(value);
      keptWeight += weight;
      other += (1 - weight) * Math.abs(value);
      otherWeight += 1 - weight;
    });
  });
  return {
    ...(keptWeight > 0 && { "vppo/move_kept": kept / keptWeight }),
    ...(otherWeight > 0 && { "vppo/move_filtered": other / otherWeight }),
  };
}
