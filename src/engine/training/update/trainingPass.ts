// The rows of some prompts of a training step through the model and back. A step whose rows would keep too much memory is cut into
// such parts; their gradients add up, because the loss is a sum over tokens. What is trained, the caller says: an adapter on the
// decoder, on the tower, or every weight of a small model.

import type { Tensor } from "@tensorflow/tfjs-core";
import { readTensors } from "@/gpu/readback";
import { type TextBatch, textBatch } from "../../batch";
import { addGradient, type Gradients, LayerwisePass } from "../../layerwise";
import { type PackedRows, type PackGroup, packGroups, perResponse } from "../../packing";
import type { Session } from "../../session";
import type { PassPictures, StepPictures } from "./stepPictures";

/** Prompts that are computed together. */
export interface TrainingPart {
  /** Their indices in the step. */
  readonly questions: readonly number[];
  readonly groups: readonly PackGroup[];
  /** Index in the step of every response, in the order of the groups. */
  readonly rollouts: readonly number[];
}

/** One part, forward and backward. */
export class TrainingPass {
  readonly #packed: PackedRows;
  readonly #batch: TextBatch;
  readonly #pictures: PassPictures;
  readonly #pass: LayerwisePass;

  constructor(session: Session, { questions, groups }: TrainingPart, pictures: StepPictures, trainable: ReadonlySet<Tensor>) {
    this.#packed = packGroups(groups);
    this.#batch = textBatch(this.#packed, session.rope);
    this.#pictures = pictures.of(questions);
    const { features, images } = this.#pictures;
    this.#pass = new LayerwisePass(session.model, this.#batch, images, trainable, features);
  }

  /** Log-probabilities of every rollout's tokens, in the order of the part. */
  forward(): Promise<Float32Array[]> {
    return this.#perRollout(this.#pass.forward());
  }

  /** The forward pass for when the log-probs are known: what `backward` needs, and nothing to wait for. */
  keepInputs(): void {
    this.#pass.keepInputs();
  }

  /** Exact entropy in nats at every token, after `forward`. */
  entropies(): Promise<Float32Array[]> {
    return this.#perRollout(this.#pass.entropy());
  }

  /**
   * Gradients for ∂L/∂log π per rollout, after `forward` or `keepInputs`, as often as wanted; the caller disposes. Those of earlier
   * passes are added to.
   */
  backward(perRollout: readonly ArrayLike<number>[], gradients: Gradients = new Map()): Gradients {
    const cotangent = new Float32Array(this.#packed.targets.length);
    this.#packed.segments.forEach(({ start }, i) => {
      cotangent.set(perRollout[i] ?? [], start);
    });
    return this.#pass.backward(cotangent, gradients);
  }

  [Symbol.dispose](): void {
    this.#pass[Symbol.dispose]();
    this.#batch.dispose();
    this.#pictures.features?.dispose();
    this.#pictures.images?.dispose();
  }

  async #perRollout(tensor: Tensor): Promise<Float32Array[]> {
    const [values] = await readTensors([tensor]);
    tensor.dispose();
    return perResponse(this.#packed, values as Float32Array);
  }
}

/** Sums per tensor into the first; takes both. */
export function addGradients(sum: Gradients, more: Gradients): Gradients {
  for (const [id, gradient] of more) addGradient(sum, id, gradient);
  return sum;
}
