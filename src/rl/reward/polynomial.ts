// Polynomials with whole coefficients in numbered atoms, exact (BigInt). An atom may be a square root: its square is then replaced
// by the polynomial under the root, so that equal sums of roots of whole numbers get equal normal forms. All work is metered: a
// Ring throws Undecided when a computation would take too long or its numbers grow too large.

import { Undecided } from "./expression";

/** A product of atoms: pairs of atom and exponent (>= 1) by ascending atom. */
type Monomial = readonly (readonly [atom: number, exponent: number])[];

/** One term; its coefficient is never zero. */
export interface Term {
  readonly monomial: Monomial;
  readonly coefficient: bigint;
}

/** Terms by the text of their monomial. No terms: zero. */
export type Polynomial = ReadonlyMap<string, Term>;

const coefficientLimit = 1n << 4096n;
/** Products of two terms in one comparison, roughly a tenth of a second. */
const maxSteps = 20_000;
/** Relative error of a sum of a few terms in floating point, generously. */
const roundingError = 1e-9;

/** What is known of an atom besides its name. */
interface AtomFacts {
  /** Its square, for a root. */
  readonly square?: Polynomial;
  /** About what number it is, for a real constant. */
  readonly size?: number;
}

interface Atom extends AtomFacts {
  readonly name: string;
}

/** The atoms of one comparison and the arithmetic on them. */
export class Ring {
  private readonly atoms: Atom[] = [];
  private readonly indices = new Map<string, number>();
  private steps = 0;

  constant(value: bigint): Polynomial {
    return new Map(value === 0n ? [] : [["", { monomial: [], coefficient: value }]]);
  }

  /** The atom of a name as a polynomial; the first mention says what is known of it. */
  atom(name: string, facts: AtomFacts = {}): Polynomial {
    let index = this.indices.get(name);
    if (index === undefined) {
      index = this.atoms.length;
      this.atoms.push({ name, ...facts });
      this.indices.set(name, index);
    }
    return new Map([[`${index}^1`, { monomial: [[index, 1]], coefficient: 1n }]]);
  }

  /** The name an atom was made with. */
  nameOf(atom: number): string {
    return this.atoms[atom]?.name ?? "";
  }

  /** About what number a polynomial is; NaN when it has letters or imaginary parts, or when rounding hides its sign. */
  sizeOf(a: Polynomial): number {
    let [sum, total] = [0, 0];
    for (const { monomial, coefficient } of a.values()) {
      const sizes = monomial.map(([atom, exponent]) => (this.atoms[atom]?.size ?? Number.NaN) ** exponent);
      const term = sizes.reduce((product, size) => product * size, Number(coefficient));
      sum += term;
      total += Math.abs(term);
    }
    return Math.abs(sum) < total * roundingError ? Number.NaN : sum;
  }

  add(a: Polynomial, b: Polynomial): Polynomial {
    const sum = new Map(a);
    for (const term of b.values()) this.collect(sum, term);
    return sum;
  }

  multiply(a: Polynomial, b: Polynomial): Polynomial {
    const product = new Map<string, Term>();
    for (const left of a.values()) {
      for (const right of b.values()) {
        const monomial = timesMonomial(left.monomial, right.monomial);
        this.addReduced(product, { monomial, coefficient: left.coefficient * right.coefficient });
      }
    }
    return product;
  }

  negate(a: Polynomial): Polynomial {
    return this.multiply(a, this.constant(-1n));
  }

  /** Replaces the square of a root by what is under it, until no atom with a square has an exponent above 1. */
  private addReduced(into: Map<string, Term>, term: Term): void {
    const index = term.monomial.findIndex(([atom, exponent]) => exponent >= 2 && this.atoms[atom]?.square);
    const [atom, exponent] = term.monomial[index] ?? [-1, 0];
    const square = this.atoms[atom]?.square;
    if (!square) {
      this.collect(into, term);
      return;
    }
    const rest = term.monomial.flatMap((power, i) => {
      if (i !== index) return [power];
      return exponent > 2 ? [[atom, exponent - 2] as const] : [];
    });
    for (const part of square.values()) {
      const monomial = timesMonomial(rest, part.monomial);
      this.addReduced(into, { monomial, coefficient: term.coefficient * part.coefficient });
    }
  }

  private collect(into: Map<string, Term>, { monomial, coefficient }: Term): void {
    if (++this.steps > maxSteps) throw new Undecided("too much work");
    const key = monomialKey(monomial);
    const sum = (into.get(key)?.coefficient ?? 0n) + coefficient;
    if (sum > coefficientLimit || sum < -coefficientLimit) throw new Undecided("numbers too large");
    if (sum === 0n) into.delete(key);
    else into.set(key, { monomial, coefficient: sum });
  }
}

/** The value of a polynomial without atoms; undefined when it has some. */
export function constantOf(a: Polynomial): bigint | undefined {
  if (a.size === 0) return 0n;
  return a.size === 1 ? a.get("")?.coefficient : undefined;
}

/** A text that two polynomials of one ring share exactly when they are equal. */
export function polynomialKey(a: Polynomial): string {
  return [...a]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, { coefficient }]) => `${coefficient}*${key}`)
    .join("+");
}

/** The greatest common divisor of the coefficients, above 0; 0 for the zero polynomial. */
export function content(a: Polynomial): bigint {
  let divisor = 0n;
  for (const { coefficient } of a.values()) divisor = greatestCommonDivisor(divisor, coefficient);
  return divisor;
}

/** A polynomial with every coefficient divided by a divisor of its content. */
export function dividedBy(a: Polynomial, divisor: bigint): Polynomial {
  return new Map([...a].map(([key, { monomial, coefficient }]) => [key, { monomial, coefficient: coefficient / divisor }]));
}

/** The greatest common divisor of two whole numbers, never negative. */
export function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

function timesMonomial(a: Monomial, b: Monomial): Monomial {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const exponents = new Map(a);
  for (const [atom, exponent] of b) exponents.set(atom, (exponents.get(atom) ?? 0) + exponent);
  return [...exponents].sort(([left], [right]) => left - right);
}

function monomialKey(monomial: Monomial): string {
  return monomial.map(([atom, exponent]) => `${atom}^${exponent}`).join("*");
}
