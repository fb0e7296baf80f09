// The optimizer of a run: AdamW (torch.optim.AdamW, betas 0.9 and 0.999, epsilon 1e-8, decoupled decay) after clipping by the
// global norm (torch.nn.utils.clip_grad_norm_, `worker.actor.max_grad_norm`), as the official actor steps
// (verl/workers/actor/dp_actor.py, _optimizer_step): a gradient that is not finite changes nothing.

import { dispose, keep, type Tensor, tensor, tidy, zerosLike } from "@tensorflow/tfjs-core";
import { deviceZeros } from "@/gpu/deviceTensor";
import { adamwSteps, gradientNorm } from "@/ops/optimizer/optimizer";
import type { Gradients } from "../../layerwise";
import type { Trainable } from "./trainables";

/** What may change from step to step. */
export interface StepSettings {
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly maxGradNorm: number;
}

/** Running means of a parameter's gradient and of its square. */
export interface Moments<T = Tensor> {
  readonly m: T;
  readonly v: T;
}

/** The parameters of a run with their moments; it owns the moments, not the parameters. */
export class Optimizer {
  /** AdamW's t: updates since the moments were zero. */
  updates = 0;

  private constructor(
    readonly parameters: readonly Trainable[],
    /** Beside `parameters`. */
    readonly moments: readonly Moments[],
  ) {}

  /** Starts with moments of zero. */
  static create(parameters: readonly Trainable[]): Optimizer {
    const zeros = ({ shape }: Tensor) => keep(deviceZeros(shape, "trained"));
    return new Optimizer(
      [...parameters],
      parameters.map(({ tensor: value }) => ({ m: zeros(value), v: zeros(value) })),
    );
  }

  /** Goes on after `updates` updates with the moments there were then, one pair per parameter in its size. */
  static resume(
    parameters: readonly Trainable[],
    updates: number,
    momentsOf: (name: string) => Moments<Float32Array>,
  ): Optimizer {
    const moments = parameters.map(({ name, tensor: value }) => {
      const { m, v } = momentsOf(name);
      return { m: keep(tensor(m, value.shape, "float32")), v: keep(tensor(v, value.shape, "float32")) };
    });
    const optimizer = new Optimizer([...parameters], moments);
    optimizer.updates = updates;
    return optimizer;
  }

  /**
   * One update of every parameter. One that the gradients leave out has the gradient 0, so its moments fade and it decays, as in
   * torch where every parameter takes part in the loss. The gradients stay the caller's.
   * @returns the norm before clipping; `skipped` when it is not finite, and then nothing has changed.
   */
  async step(gradients: Gradients, settings: StepSettings): Promise<{ readonly gradNorm: number; readonly skipped: boolean }> {
    const gradNorm = await gradientNorm([...gradients.values()]);
    if (!Number.isFinite(gradNorm)) return { gradNorm, skipped: true };
    this.updates++;
    const { learningRate, weightDecay, maxGradNorm } = settings;
    const rates = {
      learningRate,
      weightDecay,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      step: this.updates,
      gradientScale: Math.min(1, maxGradNorm / (gradNorm + 1e-6)),
    };
    tidy(() => {
      const updates = this.parameters.map(({ tensor: value }, i) => {
        const { m, v } = this.moments[i] as Moments;
        return { value, m, v, gradient: gradients.get(value.id) ?? zerosLike(value) };
      });
      adamwSteps(updates, rates);
    });
    return { gradNorm, skipped: false };
  }

  /** Frees the moments. */
  [Symbol.dispose](): void {
    for (const { m, v } of this.moments) dispose([m, v]);
  }
}
