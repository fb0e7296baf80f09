// The shown answer as plain data, for the HTML report and for JSON: pictures, question, rollouts, and of every token all numbers and both
// lists of likely tokens. Read at the moment of the export; computes nothing that `rl` computes.
import { answerHeader, answerTokens } from "@/client/live";
import type { RgbImage } from "@/image/rgbImage";
import { UserError } from "@/lib/errors";
import { isKept } from "@/rl/tokenSelection";
import { type PairedTop, pairedTop } from "@/state/answers/pairedTop";
import { currentUpdate, type RewardSource } from "@/state/answers/update";
import { useStore } from "@/state/store";
import { currentColours } from "@/state/tokens/tokenColours";
import { type BinScale, valueAtPosition } from "@/ui/color/binning";
import { binCount, type ColourMapName } from "@/ui/color/maps";
import { type Provenance, provenance } from "./provenance";

/** One token with all that is known of it, in nats. */
export interface DocumentToken {
  readonly id: number;
  readonly text: string;
  readonly logp: number;
  readonly logpMasked: number;
  readonly kl: number;
  readonly jsd: number;
  readonly entropy: number;
  readonly entropyMasked: number;
  readonly top1Drop: number;
  readonly dependency: number;
  /** Null while there is no update. */
  readonly kept: boolean | null;
  /** A·α·m. */
  readonly weight: number | null;
  readonly colour: number;
  readonly pairs: Omit<PairedTop, "rows"> & { readonly rows: readonly (PairedTop["rows"][number] & { readonly text: string })[] };
}

export interface DocumentRollout {
  readonly finished: "stop" | "length" | null;
  readonly reward: number;
  readonly rewardSource: RewardSource;
  readonly advantage: number | null;
  readonly alpha: number | null;
  readonly meanDependency: number | null;
  readonly tokens: readonly DocumentToken[];
}

export interface AnswerDocument {
  readonly provenance: Provenance;
  readonly question: string;
  readonly answer: string | null;
  readonly image: RgbImage | null;
  readonly masked: readonly RgbImage[];
  readonly source: string;
  /** Model, adapter and step that wrote it, where that is known. */
  readonly writtenBy: string | null;
  readonly notices: readonly string[];
  readonly policy: Readonly<Record<string, unknown>>;
  readonly legend: {
    readonly label: string;
    readonly unit: string;
    readonly help: string;
    readonly map: ColourMapName;
    readonly scale: BinScale;
    /** Lower end of each colour, lowest first. */
    readonly ends: readonly number[];
  };
  readonly rollouts: readonly DocumentRollout[];
}

/** No answer is shown. */
export class NoAnswerError extends UserError {
  override readonly name = "NoAnswerError";
  constructor() {
    super("Nothing was exported", "no answer is shown", "Ask a question or open a kept answer, then export it");
  }
}

/** The shown answer; throws NoAnswerError. */
export function answerDocument(): AnswerDocument {
  const header = answerHeader();
  if (!header || answerTokens.rolloutCount === 0) throw new NoAnswerError();
  const update = currentUpdate();
  const { preview } = update;
  const { values, bins, domain, scale, map, meaning } = currentColours();
  const { source, answers, shownAnswer } = useStore.getState();
  const mark = answers.find(({ id }) => id === shownAnswer)?.origin?.model;
  return {
    provenance: provenance(),
    question: header.question,
    answer: header.answer,
    image: header.image,
    masked: header.masked,
    source,
    writtenBy: mark
      ? [mark.name, mark.adapter, mark.step > 0 ? `step ${mark.step}` : null, mark.precision].filter((part) => part).join(", ")
      : null,
    notices: header.notices,
    policy: { ...update.policy },
    legend: {
      label: meaning.label,
      unit: meaning.unit,
      help: meaning.help,
      map,
      scale,
      ends: Array.from({ length: binCount }, (_, bin) => valueAtPosition(bin / binCount, domain, scale)),
    },
    rollouts: update.dependencies.map((dependency, i): DocumentRollout => {
      const stats = answerTokens.stats(i);
      const ids = answerTokens.ids(i);
      const at = (column: Float32Array | undefined, t: number) => column?.[t] ?? 0;
      return {
        finished: answerTokens.finished(i),
        reward: update.rewards[i] ?? 0,
        rewardSource: update.rewardSources[i] ?? "unknown",
        advantage: preview?.advantages[i] ?? null,
        alpha: preview?.alpha[i] ?? null,
        meanDependency: preview?.meanDependency[i] ?? null,
        tokens: Array.from({ length: Math.min(dependency.length, ids.length) }, (_, t): DocumentToken => {
          const id = ids[t] as number;
          const logp = at(stats.logp, t);
          const logpMasked = at(stats.logpMasked, t);
          const kl = at(stats.kl, t);
          const { rows, tail } = pairedTop(answerTokens.top(i, t, 0), answerTokens.top(i, t, 1), { id, logp, logpMasked }, kl);
          return {
            id,
            text: answerTokens.text(id),
            logp,
            logpMasked,
            kl,
            jsd: at(stats.jsd, t),
            entropy: at(stats.entropy, t),
            entropyMasked: at(stats.entropyMasked, t),
            top1Drop: at(stats.top1Drop, t),
            dependency: at(dependency, t),
            kept: preview ? isKept(preview.masks[i]?.[t]) : null,
            weight: preview?.weights[i]?.[t] ?? null,
            colour: (values[i]?.length ?? 0) > 0 ? (bins[i]?.[t] ?? 0) : 0,
            pairs: { tail, rows: rows.map((row) => ({ ...row, text: answerTokens.text(row.id) })) },
          };
        }),
      };
    }),
  };
}
