// The passes of an update over one experience: which prompts go through the model together, and what the weights, the reference
// policy and the policy with masked pictures say of the answers. It decides no loss and changes no weight.

import { dispose, type Tensor } from "@tensorflow/tfjs-core";
import type { TrainSettings } from "@/protocol/training";
import { referenceError } from "@/protocol/trainingChecks";
import type { TokenStats } from "@/rl/dependency";
import type { PolicySettings } from "@/rl/settings";
import type { Rollout } from "../../decoding/generate";
import type { PreparedQuestion } from "../../decoding/rollouts";
import { withMasked } from "../../score";
import type { Session } from "../../session";
import type { Experience } from "../experience/experience";
import { partsWithin } from "./batchPlan";
import { forwardLogProbs, withoutAdapter } from "./forwardLogProbs";
import type { StepPictures } from "./stepPictures";
import { type TrainingPart, TrainingPass } from "./trainingPass";

/** What an update needs of a step's experience; rollouts come prompt by prompt. */
export type UpdateInput = Pick<Experience, "prepared" | "rollouts" | "streams" | "rewards" | "stats" | "dependency">;

/** What the current weights say of a rollout. */
export type CurrentPolicy = Pick<TokenStats, "logp"> & Partial<Pick<TokenStats, "entropy" | "logpMasked">>;

export interface PassesContext {
  readonly pictures: StepPictures;
  readonly trainable: ReadonlySet<Tensor>;
  /** Bytes of stage inputs that a pass may keep. */
  readonly keptInputBytes: number;
}

/** Passes with the weights as they are when they are asked for. */
export class StepPasses {
  /** Per prompt the indices of its rollouts. */
  readonly rolloutsOf: readonly (readonly number[])[];

  constructor(
    private readonly session: Session,
    private readonly experience: UpdateInput,
    private readonly settings: TrainSettings,
    private readonly context: PassesContext,
  ) {
    const { prepared, rollouts } = experience;
    this.rolloutsOf = prepared.map((_, question) => [...rollouts.keys()].filter((i) => rollouts[i]?.group === question));
  }

  /** Prompts whose rows go through the model together: as many as the kept inputs of all blocks allow, one at least. */
  parts(questions: readonly number[]): readonly TrainingPart[] {
    const { hiddenSize, numHiddenLayers } = this.session.config.text;
    const bytes = questions.map((question) => {
      const { prompt, responses } = this.#group(question);
      const rows = prompt.ids.length - 1 + responses.reduce((sum, { length }) => sum + length, 0);
      return rows * (numHiddenLayers + 2) * hiddenSize * 4 + this.context.pictures.keptBytes(question);
    });
    return partsWithin(bytes, this.context.keptInputBytes).map((indices) => {
      const own = indices.map((i) => questions[i] as number);
      return {
        questions: own,
        groups: own.map((question) => this.#group(question)),
        rollouts: own.flatMap((question) => this.rolloutsOf[question] ?? []),
      };
    });
  }

  /** A part, to run forward and back; the caller disposes. */
  pass(part: TrainingPart): TrainingPass {
    return new TrainingPass(this.session, part, this.context.pictures, this.context.trainable);
  }

  /** Log-probs of the current weights, and what the settings need besides. */
  async readCurrent(pass: TrainingPass, part: TrainingPart, into: Map<number, CurrentPolicy>): Promise<void> {
    const { policy } = this.settings;
    const logp = await pass.forward();
    const entropy = needsEntropy(policy) ? await pass.entropies() : undefined;
    const masked = needsMasked(policy) ? await this.#maskedLogProbs(part) : undefined;
    part.rollouts.forEach((i, n) => {
      into.set(i, {
        logp: logp[n] as Float32Array,
        ...(entropy && { entropy: entropy[n] as Float32Array }),
        ...(masked && { logpMasked: masked[n] as Float32Array }),
      });
    });
  }

  /** log π_ref of every rollout: the model without its adapter. Throws TrainSettingError where there is none. */
  reference(): Promise<Float32Array[]> {
    const refused = referenceError(this.settings);
    if (refused) throw refused;
    return withoutAdapter(this.session.model, () => this.logProbs([...this.experience.prepared.keys()]));
  }

  /** Log-probs per rollout of these prompts with the weights as they are, prompt by prompt. */
  async logProbs(questions: readonly number[]): Promise<Float32Array[]> {
    const found: Float32Array[] = [];
    for (const question of questions) {
      const features = this.session.encodeTogether(this.experience.prepared[question]?.images ?? []);
      try {
        const logp = await forwardLogProbs(this.session, [{ ...this.#group(question), features }]);
        this.rolloutsOf[question]?.forEach((i, n) => {
          found[i] = logp[n] as Float32Array;
        });
      } finally {
        features.dispose();
      }
    }
    return found;
  }

  /** The same with the masked pictures of the rollouts, for PAPO: a constant to the gradient. */
  async #maskedLogProbs({ questions }: TrainingPart): Promise<Float32Array[]> {
    const { session, experience, settings } = this;
    const found: Float32Array[] = [];
    for (const question of questions) {
      const { masked } = experience.prepared[question] as PreparedQuestion;
      const group = this.#group(question);
      const features: Tensor[] = [];
      try {
        for (const set of masked.slice(0, group.responses.length)) features.push(session.encodeSeen(set, settings.pixels));
        found.push(...(await forwardLogProbs(session, withMasked(group, features))));
      } finally {
        dispose(features);
      }
    }
    return found;
  }

  #group(question: number) {
    const { prepared, rollouts } = this.experience;
    const { prompt } = prepared[question] as PreparedQuestion;
    return { prompt, responses: (this.rolloutsOf[question] ?? []).map((i) => (rollouts[i] as Rollout).ids) };
  }
}

/** Whether tokens are selected by the entropy of the current policy. */
export function needsEntropy({ tokenSelection }: PolicySettings): boolean {
  return tokenSelection === "entropy" || tokenSelection === "either";
}

/** Whether the loss has a term of PAPO's. */
export function needsMasked({ papoKlCoef, papoEntropyCoef, papoMaskedEntropyCoef }: PolicySettings): boolean {
  return papoKlCoef > 0 || papoEntropyCoef > 0 || papoMaskedEntropyCoef > 0;
}
