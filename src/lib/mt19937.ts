// The Mersenne Twister as numpy's legacy `RandomState(seed)` uses it. The official masking code draws from it, so masks can
// be reproduced from their seed in Python and here. Not for sampling: that uses the counter-based generator of `rng.ts`.

const length = 624;

/** A sequential generator with the draws of numpy's legacy `RandomState`. */
export interface Mt19937 {
  /** 32 random bits. */
  uint32(): number;
  /** Uniform in [0, 1) with 53 bits: `random_sample()`. */
  random(): number;
  /** Standard normal by the polar method, second value cached: `standard_normal()`. */
  normal(): number;
}

/** `numpy.random.RandomState(seed)` for an integer seed in [0, 2³²). */
export function createMt19937(seed: number): Mt19937 {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) throw new RangeError(`mt19937 seed ${seed} is not in [0, 2^32)`);
  const state = new Uint32Array(length);
  let word = seed >>> 0;
  for (let i = 0; i < length; i++) {
    state[i] = word;
    word = (Math.imul(1812433253, word ^ (word >>> 30)) + i + 1) >>> 0;
  }
  let position = length;
  let cached: number | undefined;

  const refill = () => {
    for (let i = 0; i < length; i++) {
      const y = ((state[i] as number) & 0x80000000) | ((state[(i + 1) % length] as number) & 0x7fffffff);
      state[i] = (state[(i + 397) % length] as number) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    position = 0;
  };
  const uint32 = () => {
    if (position === length) refill();
    let y = state[position++] as number;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
  const random = () => {
    const high = uint32() >>> 5;
    const low = uint32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  };
  const normal = () => {
    if (cached !== undefined) {
      const value = cached;
      cached = undefined;
      return value;
    }
    let x: number;
    let y: number;
    let r2: number;
    do {
      x = 2 * random() - 1;
      y = 2 * random() - 1;
      r2 = x * x + y * y;
    } while (r2 >= 1 || r2 === 0);
    const f = Math.sqrt((-2 * Math.log(r2)) / r2);
    cached = f * x;
    return f * y;
  };
  return { uint32, random, normal };
}
