// Square roots of whole numbers in the form outside * sqrt(primes), the exact arithmetic below symbolic.ts.

/** sqrt(n) = outside * the roots of `inside`, whose entries are different primes, -1, or one large number of unknown factors. */
export interface RootForm {
  readonly outside: bigint;
  readonly inside: readonly bigint[];
}

/** Trial division up to here; 2^53 numbers are then split completely, apart from products of two large primes. */
const maxTrial = 10_000n;
/** Numbers above are divided by small primes only, for each division costs more. */
const largeNumber = 1n << 64n;
const maxTrialOfLarge = 1000n;

/** Takes the square factors out of sqrt(n), n not 0. */
export function rootForm(n: bigint): RootForm {
  const inside: bigint[] = n < 0n ? [-1n] : [];
  let rest = n < 0n ? -n : n;
  let outside = 1n;
  const limit = rest > largeNumber ? maxTrialOfLarge : maxTrial;
  for (let p = 2n; p <= limit && p * p <= rest; p += p === 2n ? 1n : 2n) {
    let exponent = 0;
    while (rest % p === 0n) {
      rest /= p;
      exponent++;
    }
    outside *= p ** BigInt(exponent >> 1);
    if (exponent % 2 === 1) inside.push(p);
  }
  const root = wholeRoot(rest);
  if (root !== undefined) outside *= root;
  else inside.push(rest);
  return { outside, inside };
}

/** The square root of a number >= 0 that is a square of a whole number, else undefined. */
export function wholeRoot(n: bigint): bigint | undefined {
  if (n < 2n) return n;
  // Newton's iteration from above; the start is a power of two not below the root.
  let x = 1n << BigInt((n.toString(16).length * 4 + 1) >> 1);
  for (;;) {
    const next = (x + n / x) >> 1n;
    if (next >= x) break;
    x = next;
  }
  return x * x === n ? x : undefined;
}
