// What is added to the policy loss, on every valid token, filtered or not: one row per penalty. Each is a mean of a function of the
// token's log-prob; the coefficient is a setting, and 0 takes the row out.
//   entropy            + lambda mean(-log pi)           official dp_actor.py, `use_entropy_penalty`
//   referenceKl        + beta KL(pi || reference)       official dp_actor.py, `use_kl_loss`, `kl_coef`
//   papoKl             - gamma k3(pi || pi_masked)      PAPO dp_actor.py, `use_kl_prcp`, `kl_prcp_coef`
//   papoEntropy        + eta1 mean(-log pi)             PAPO, `use_ori_entropy_loss`, `ori_entropy_loss_coef`
//   papoMaskedEntropy  + eta2 mean(-log pi_masked)      PAPO, `use_aug_entropy_loss`, `aug_entropy_loss_coef`
// pi_masked is a constant, as in PAPO by default (it recomputes it with a gradient only on request): so eta2 changes the loss and
// the log, never a weight. Entropies are means over tokens whatever the aggregation, the two KL terms follow it, as officially.

import type { Aggregation } from "./aggregation";
import { klTerms, type TokenPenalty } from "./klPenalty";
import type { KlPenalty } from "./settings";
import { missingInput } from "./trajectory";

/** The weights of all penalties; meanings in `PolicySettings`. */
export interface PenaltySettings {
  readonly aggregation: Aggregation;
  readonly entropyPenaltyCoef: number;
  readonly klCoef: number;
  readonly klPenalty: KlPenalty;
  readonly papoKlCoef: number;
  readonly papoEntropyCoef: number;
  readonly papoMaskedEntropyCoef: number;
}

/** The log-probs penalties are functions of; one entry per token. */
export interface PenaltyRow {
  readonly logp: Float32Array;
  readonly logpReference?: Float32Array;
  readonly logpMasked?: Float32Array;
}

export type PenaltyName = "entropy" | "referenceKl" | "papoKl" | "papoEntropy" | "papoMaskedEntropy";

/** One term of the loss: coefficient times the mean of a number per token. */
export interface Penalty {
  readonly name: PenaltyName;
  /** Negative where the term is maximised. */
  readonly coef: number;
  readonly aggregation: Aggregation;
  readonly of: (row: PenaltyRow) => TokenPenalty;
}

/** The terms whose coefficient is not 0; `of` throws TrajectoryError where a row lacks the log-probs it needs. */
export function activePenalties(settings: PenaltySettings): readonly Penalty[] {
  const { aggregation, klPenalty } = settings;
  const all: readonly Penalty[] = [
    { name: "entropy", coef: settings.entropyPenaltyCoef, aggregation: "token", of: surprise },
    {
      name: "referenceKl",
      coef: settings.klCoef,
      aggregation,
      of: ({ logp, logpReference }) => klTerms(logp, referenceOf(logpReference), klPenalty),
    },
    {
      name: "papoKl",
      coef: -settings.papoKlCoef,
      aggregation,
      of: ({ logp, logpMasked }) => klTerms(logp, maskedOf(logpMasked), "low_var_kl"),
    },
    { name: "papoEntropy", coef: settings.papoEntropyCoef, aggregation: "token", of: surprise },
    { name: "papoMaskedEntropy", coef: settings.papoMaskedEntropyCoef, aggregation: "token", of: maskedSurprise },
  ];
  return all.filter(({ coef }) => coef !== 0);
}

function surprise({ logp }: PenaltyRow): TokenPenalty {
  return { value: Float64Array.from(logp, (value) => -value), slope: new Float64Array(logp.length).fill(-1) };
}

function maskedSurprise({ logp, logpMasked }: PenaltyRow): TokenPenalty {
  return { value: Float64Array.from(maskedOf(logpMasked), (value) => -value), slope: new Float64Array(logp.length) };
}

function referenceOf(logpReference: Float32Array | undefined): Float32Array {
  if (logpReference === undefined) throw missingInput("log-prob under the reference model", "the KL penalty is on");
  return logpReference;
}

function maskedOf(logpMasked: Float32Array | undefined): Float32Array {
  if (logpMasked === undefined) throw missingInput("log-prob with the masked image", "a term of PAPO is on");
  return logpMasked;
}
