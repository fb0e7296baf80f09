// The rows of some prompts of a training step through the model and back. A step whose rows would keep too much memory is cut into
// such parts; their gradients add up, because the loss is a sum over tokens.

import { add, concat, dispose, keep, type Tensor, type Tensor2D, tidy } from "@tensorflow/tfjs-core";
import { readTensors } from "@/gpu/readback";
import { type TextBatch, textBatch } from "../batch";
import { type Gradients, LayerwisePass } from "../layerwise";
import { loraParameters } from "../lora";
import { type PackedRows, type PackGroup, packGroups } from "../packing";
import type { Session } from "../session";

/** Prompts that are computed together. */
export interface TrainingPart {
  /** Their indices in the step. */
  readonly questions: number[];
  readonly groups: PackGroup[];
  /** Index of their first rollout in the step, and how many there are. */
  readonly first: number;
  count: number;
}

/** One part, forward and backward, with the session's adapter as what is trained. */
export class TrainingPass {
  readonly #packed: PackedRows;
  readonly #batch: TextBatch;
  readonly #features: Tensor;
  readonly #pass: LayerwisePass;

  /** @param features One tensor [F, D] per question of the step; they stay the caller's. */
  constructor(session: Session, { questions, groups }: TrainingPart, features: readonly Tensor[]) {
    this.#packed = packGroups(groups);
    this.#batch = textBatch(this.#packed, session.rope);
    const own = questions.map((question) => features[question] as Tensor2D);
    this.#features = tidy(() => keep(concat(own, 0)));
    const trainable = new Set(loraParameters(session.model).map(({ tensor }) => tensor));
    this.#pass = new LayerwisePass(session.model, this.#batch, undefined, trainable, this.#features);
  }

  /** Log-probabilities of every rollout's tokens. */
  async forward(): Promise<Float32Array[]> {
    const tensor = this.#pass.forward();
    const [logp] = await readTensors([tensor]);
    tensor.dispose();
    return this.#packed.segments.map(({ start, length }) => (logp as Float32Array).slice(start, start + length));
  }

  /** Gradients for ∂L/∂log π per rollout, after `forward`; the caller disposes. */
  backward(perRollout: readonly Float32Array[]): Gradients {
    const cotangent = new Float32Array(this.#packed.targets.length);
    this.#packed.segments.forEach(({ start }, i) => {
      cotangent.set(perRollout[i] ?? [], start);
    });
    return this.#pass.backward(cotangent);
  }

  [Symbol.dispose](): void {
    this.#pass[Symbol.dispose]();
    this.#batch.dispose();
    this.#features.dispose();
  }
}

/** Sums per tensor; takes both. */
export function addGradients(sum: Gradients, more: Gradients = new Map()): Gradients {
  const total: Gradients = new Map(sum);
  for (const [id, gradient] of more) {
    const before = total.get(id);
    total.set(id, before ? keep(add(before, gradient)) : gradient);
    if (before) dispose([before, gradient]);
  }
  return total;
}
