// The pictures of a training step as the model's input. With a frozen tower their features are computed once and shared by all
// passes; with a trained one every pass runs the tower itself, so that gradients reach it.

import { concat, dispose, keep, type Tensor, type Tensor2D, tidy } from "@tensorflow/tfjs-core";
import type { VisionBatch } from "@/models/family";
import type { PreparedQuestion } from "../../decoding/rollouts";
import { trainsTower } from "../../layerwise";
import type { Session } from "../../session";

/** What one pass needs of its pictures; the taker disposes both. */
export interface PassPictures {
  /** [F, D], where the tower is frozen. */
  readonly features?: Tensor;
  /** Pictures for the tower, where it is trained. */
  readonly images?: VisionBatch;
}

/** The pictures of some prompts, for passes with these trainable tensors. */
export class StepPictures {
  /** Whether some of the trainable tensors lie in the tower or its projector. */
  readonly trained: boolean;
  readonly #features: Tensor[] = [];
  readonly #stages: number = 0;

  /** Encodes all pictures when the tower is frozen. */
  constructor(
    private readonly session: Session,
    private readonly prepared: readonly PreparedQuestion[],
    trainable: Iterable<Tensor>,
  ) {
    this.trained = trainsTower(session.model, trainable);
    if (!this.trained) this.#features = prepared.map(({ images }) => session.encodeTogether(images));
    else this.#stages = this.#countStages();
  }

  /** The pictures of the prompts with these indices, in order. */
  of(questions: readonly number[]): PassPictures {
    if (this.trained) {
      const images = questions.flatMap((question) => this.prepared[question]?.images ?? []);
      return { images: this.session.model.vision.batch(images) };
    }
    const own = questions.map((question) => this.#features[question] as Tensor2D);
    return { features: tidy(() => keep(concat(own, 0))) };
  }

  /** Bytes of stage inputs that a pass keeps for the pictures of one prompt; 0 with a frozen tower. */
  keptBytes(question: number): number {
    if (!this.trained) return 0;
    const patches = (this.prepared[question]?.images ?? []).reduce((sum, { patchCount }) => sum + patchCount, 0);
    // The first projection of a tower takes rows as wide as the input of a stage.
    const width = this.session.model.vision.projections[0]?.weight.columns ?? 0;
    return patches * width * this.#stages * 4;
  }

  [Symbol.dispose](): void {
    dispose(this.#features);
    this.#features.length = 0;
  }

  #countStages(): number {
    const [first] = this.prepared;
    if (!first) return 0;
    const batch = this.session.model.vision.batch(first.images.slice(0, 1));
    const { length } = batch.chain.stages;
    batch.dispose();
    return length;
  }
}
