// The two predictions of a position side by side: the most likely tokens of both conditions in one list, each with its term of the
// KL divergence, and the rest of the vocabulary as one line, so that the list adds up to the KL that is shown. Pure.

import type { TopTokens } from "@/client/tokenBuffer";

/** One token under both conditions. */
export interface PairedToken {
  readonly id: number;
  /** Probability with the image. */
  readonly probability: number;
  /** Probability with the masked image. */
  readonly probabilityMasked: number;
  /** p · (log p − log q), in nats. */
  readonly contribution: number;
  readonly sampled: boolean;
}

/** What the listed tokens leave over. */
export interface PairedTail {
  readonly probability: number;
  readonly probabilityMasked: number;
  readonly contribution: number;
}

export interface PairedTop {
  /** Largest probability (under either condition) first. */
  readonly rows: readonly PairedToken[];
  readonly tail: PairedTail;
}

/** The sampled token of the position, which may be in neither list. */
export interface SampledToken {
  readonly id: number;
  readonly logp: number;
  readonly logpMasked: number;
}

/** Pairs the two lists; `kl` is the divergence over the whole vocabulary. */
export function pairedTop(image: TopTokens, masked: TopTokens, sampled: SampledToken, kl: number): PairedTop {
  const logps = new Map<number, readonly [logp: number, logpMasked: number]>();
  logps.set(sampled.id, [sampled.logp, sampled.logpMasked]);
  image.ids.forEach((id, i) => {
    logps.set(id, [image.logp[i] as number, image.other[i] as number]);
  });
  masked.ids.forEach((id, i) => {
    if (!logps.has(id)) logps.set(id, [masked.other[i] as number, masked.logp[i] as number]);
  });
  const rows = [...logps].map(([id, [logp, logpMasked]]): PairedToken => {
    const probability = Math.exp(logp);
    const contribution = probability === 0 ? 0 : probability * (logp - logpMasked);
    return { id, probability, probabilityMasked: Math.exp(logpMasked), contribution, sampled: id === sampled.id };
  });
  rows.sort((a, b) => Math.max(b.probability, b.probabilityMasked) - Math.max(a.probability, a.probabilityMasked));
  const tail = rows.reduce(
    (rest, row) => ({
      probability: rest.probability - row.probability,
      probabilityMasked: rest.probabilityMasked - row.probabilityMasked,
      contribution: rest.contribution - row.contribution,
    }),
    { probability: 1, probabilityMasked: 1, contribution: kl },
  );
  // Float32 log-probs can add up to a little more than 1.
  const probability = Math.max(0, tail.probability);
  const probabilityMasked = Math.max(0, tail.probabilityMasked);
  return { rows, tail: { probability, probabilityMasked, contribution: tail.contribution } };
}
