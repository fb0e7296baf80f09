// torch.optim.AdamW (single tensor, no amsgrad) written out in float64: the oracle of the optimiser's tests.

interface Settings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly gradientScale: number;
}

/** A parameter that starts at `start` and its optimiser state. */
export function torchAdamw(start: ArrayLike<number>) {
  const value = Float64Array.from(start);
  const m = new Float64Array(value.length);
  const v = new Float64Array(value.length);
  let steps = 0;
  return {
    value,
    m,
    step(gradient: ArrayLike<number>, { learningRate, beta1, beta2, epsilon, weightDecay, gradientScale }: Settings): void {
      steps++;
      for (let i = 0; i < value.length; i++) {
        const g = (gradient[i] as number) * gradientScale;
        value[i] = (value[i] as number) * (1 - learningRate * weightDecay);
        m[i] = beta1 * (m[i] as number) + (1 - beta1) * g;
        v[i] = beta2 * (v[i] as number) + (1 - beta2) * g * g;
        const denominator = Math.sqrt((v[i] as number) / (1 - beta2 ** steps)) + epsilon;
        value[i] = (value[i] as number) - (learningRate * ((m[i] as number) / (1 - beta1 ** steps))) / denominator;
      }
    },
  };
}
