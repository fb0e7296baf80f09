// Counter-based random numbers: a value depends only on (key, counter), never on how many were drawn before, so rollouts,
// masks and scenes are reproducible and independent of their neighbours. The mixer is PCG's RXS-M-XS output on a 32-bit
// LCG state chain ("pcg3d", Jarzynski & Olano 2020); `ops/sample` has the same function in WGSL.

/** pcg3d: mixes three 32-bit words into three well-distributed 32-bit words. */
export function pcg3d(x: number, y: number, z: number): readonly [number, number, number] {
  let a = (Math.imul(x, 1664525) + 1013904223) >>> 0;
  let b = (Math.imul(y, 1664525) + 1013904223) >>> 0;
  let c = (Math.imul(z, 1664525) + 1013904223) >>> 0;
  a = (a + Math.imul(b, c)) >>> 0;
  b = (b + Math.imul(c, a)) >>> 0;
  c = (c + Math.imul(a, b)) >>> 0;
  a = (a ^ (a >>> 16)) >>> 0;
  b = (b ^ (b >>> 16)) >>> 0;
  c = (c ^ (c >>> 16)) >>> 0;
  a = (a + Math.imul(b, c)) >>> 0;
  b = (b + Math.imul(c, a)) >>> 0;
  c = (c + Math.imul(a, b)) >>> 0;
  return [a, b, c];
}

/** Uniform number in [0, 1) with 24 bits, the resolution a float32 can hold exactly. */
export function uniformAt(seed: number, stream: number, counter: number): number {
  return (pcg3d(seed, stream, counter)[0] >>> 8) / 0x1000000;
}

/** A sequential view of the counter-based generator. */
export interface Rng {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, n). */
  int(n: number): number;
  /** One element of a non-empty list. */
  pick<T>(items: readonly T[]): T;
  /** Standard normal (Box–Muller). */
  normal(): number;
}

/** A generator that walks the counter of one (seed, stream). */
export function createRng(seed: number, stream = 0): Rng {
  let counter = 0;
  const next = () => uniformAt(seed, stream, counter++);
  const int = (n: number) => Math.floor(next() * n);
  return {
    next,
    int,
    pick: (items) => {
      const item = items[int(items.length)];
      if (item === undefined) throw new RangeError("pick needs a non-empty list");
      return item;
    },
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}
