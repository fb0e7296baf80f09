// The soft token mask of the paper's App. I (Table 6), which the official repository does not contain: instead of keeping the
// ceil(k T) tokens of highest dependency, every token weighs sigmoid(z_t - c), z_t the z-score of S_t inside its trajectory and c
// such that the mean weight is k. The paper leaves the kind of deviation open; here it is that of the population.

const iterations = 100;
const tolerance = 1e-12;

/** Weights in [0, 1] of one trajectory's tokens, with mean `keepRatio`; all equal to it where all dependencies are equal. */
export function softMask(dependency: Float32Array, keepRatio: number): Float32Array {
  const mask = new Float32Array(dependency.length);
  if (keepRatio >= 1) return mask.fill(1);
  if (mask.length === 0) return mask;
  const z = zScores(dependency);
  const offset = offsetFor(z, keepRatio);
  for (let t = 0; t < z.length; t++) mask[t] = sigmoid((z[t] as number) - offset);
  return mask;
}

function zScores(values: Float32Array): Float64Array {
  let sum = 0;
  for (let t = 0; t < values.length; t++) sum += values[t] as number;
  const mean = sum / values.length;
  let squares = 0;
  for (let t = 0; t < values.length; t++) squares += ((values[t] as number) - mean) ** 2;
  const deviation = Math.sqrt(squares / values.length);
  const z = new Float64Array(values.length);
  if (deviation > 0) for (let t = 0; t < z.length; t++) z[t] = ((values[t] as number) - mean) / deviation;
  return z;
}

// The mean of sigmoid(z - c) falls with c and passes the target between the offsets that would suit the lowest and the highest
// token alone. Newton's step where it stays inside this bracket, else its middle: a slider cannot wait for bisection alone.
function offsetFor(z: Float64Array, target: number): number {
  const logit = Math.log(target / (1 - target));
  let low = z.reduce((a, b) => Math.min(a, b)) - logit;
  let high = z.reduce((a, b) => Math.max(a, b)) - logit;
  let offset = (low + high) / 2;
  for (let i = 0; i < iterations && high - low > tolerance; i++) {
    let excess = -target * z.length;
    let slope = 0;
    for (let t = 0; t < z.length; t++) {
      const weight = sigmoid((z[t] as number) - offset);
      excess += weight;
      slope += weight * (1 - weight);
    }
    if (Math.abs(excess) <= tolerance * z.length) return offset;
    if (excess > 0) low = offset;
    else high = offset;
    const next = offset + excess / slope;
    offset = next > low && next < high ? next : (low + high) / 2;
  }
  return offset;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
