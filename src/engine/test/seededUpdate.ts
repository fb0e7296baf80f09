// An optimizer step without a training step around it: gradients that depend on the step's number and each parameter's place only, so
// that runs that were and were not interrupted can be compared. Test code only.

import { type Tensor, tensor } from "@tensorflow/tfjs-core";
import { createRng } from "@/lib/rng";
import type { Optimizer } from "../training/update/optimizer";

const rates = { learningRate: 1e-2, weightDecay: 0.01, maxGradNorm: 1 };

/** Takes the step of this number. */
export async function seededUpdate(optimizer: Optimizer, number: number): Promise<void> {
  const gradients = new Map<number, Tensor>();
  optimizer.parameters.forEach(({ tensor: { id, shape, size } }, i) => {
    const rng = createRng(100 + number, i);
    gradients.set(
      id,
      tensor(
        Float32Array.from({ length: size }, () => rng.normal()),
        shape,
      ),
    );
  });
  await optimizer.step(gradients, rates);
  for (const gradient of gradients.values()) gradient.dispose();
}
