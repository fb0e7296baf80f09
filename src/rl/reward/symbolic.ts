// Stage 3 of grading: are two expressions the same function of their letters? Exact: both become fractions of polynomials over
// roots, pi and letters, and their difference is zero or not. It stands where the official grader asks sympy to simplify the
// difference; what this cannot decide (identities between nested roots or symbolic powers, very large expressions) is "not equal".

import { type Expression, parseExpression, Undecided } from "./expression";
import { constantOf, content, dividedBy, greatestCommonDivisor, type Polynomial, polynomialKey, Ring } from "./polynomial";
import { rootForm, wholeRoot } from "./squareRoot";

const maxExponent = 64n;
const maxFactorial = 100n;

/** A fraction of polynomials; the denominator is not zero. */
interface Value {
  readonly numerator: Polynomial;
  readonly denominator: Polynomial;
}

/** Whether two expressions (lower case, no spaces) are equal for all values of their letters; false when that cannot be told. */
export function sameExpression(a: string, b: string): boolean {
  try {
    const calculator = new Calculator();
    const left = calculator.evaluate(parseExpression(a));
    const right = calculator.evaluate(parseExpression(b));
    return calculator.subtract(left, right).numerator.size === 0;
  } catch (error) {
    if (error instanceof Undecided) return false;
    throw error;
  }
}

class Calculator {
  private readonly ring = new Ring();
  private readonly one = this.ring.constant(1n);

  subtract(a: Value, b: Value): Value {
    return this.add(a, { numerator: this.ring.negate(b.numerator), denominator: b.denominator });
  }

  evaluate(expression: Expression): Value {
    switch (expression.kind) {
      case "number": {
        const scale = 10n ** BigInt(Math.abs(expression.decimals));
        const [top, bottom] = expression.decimals > 0 ? [expression.digits, scale] : [expression.digits * scale, 1n];
        const divisor = greatestCommonDivisor(top, bottom);
        return { numerator: this.ring.constant(top / divisor), denominator: this.ring.constant(bottom / divisor) };
      }
      case "symbol":
        return this.polynomial(this.ring.atom(`letter ${expression.name}`));
      case "constant":
        return expression.name === "pi"
          ? this.polynomial(this.ring.atom("pi", { size: Math.PI }))
          : this.polynomial(this.rootOfPrime(-1n));
      case "sum":
        return expression.terms
          .map(({ negative, value }) => {
            const term = this.evaluate(value);
            return negative ? { ...term, numerator: this.ring.negate(term.numerator) } : term;
          })
          .reduce((sum, term) => this.add(sum, term));
      case "product":
        return expression.factors
          .map(({ inverse, value }) => {
            const factor = this.evaluate(value);
            return inverse ? this.inverse(factor) : factor;
          })
          .reduce((product, factor) => this.multiply(product, factor));
      case "power":
        return this.power(expression.base, expression.exponent);
      case "root":
        return this.root(this.evaluate(expression.radicand));
      case "factorial":
        return this.factorial(this.evaluate(expression.value));
    }
  }

  private polynomial(numerator: Polynomial): Value {
    return { numerator, denominator: this.one };
  }

  private add(a: Value, b: Value): Value {
    const { ring } = this;
    if (polynomialKey(a.denominator) === polynomialKey(b.denominator)) {
      return { numerator: ring.add(a.numerator, b.numerator), denominator: a.denominator };
    }
    const numerator = ring.add(ring.multiply(a.numerator, b.denominator), ring.multiply(b.numerator, a.denominator));
    return this.fraction(numerator, ring.multiply(a.denominator, b.denominator));
  }

  private multiply(a: Value, b: Value): Value {
    const { ring } = this;
    return this.fraction(ring.multiply(a.numerator, b.numerator), ring.multiply(a.denominator, b.denominator));
  }

  private inverse({ numerator, denominator }: Value): Value {
    return this.fraction(denominator, numerator);
  }

  /** Two roots can multiply to zero, as (sqrt(x^2) - x)(sqrt(x^2) + x) does: the check is after each product. */
  private fraction(numerator: Polynomial, denominator: Polynomial): Value {
    if (denominator.size === 0) throw new Undecided("division by zero");
    return { numerator, denominator };
  }

  private power(baseExpression: Expression, exponentExpression: Expression): Value {
    const base = this.evaluate(baseExpression);
    const exponent = this.evaluate(exponentExpression);
    const rational = rationalOf(exponent);
    // A decimal exponent is a rounded number to the official grader: x^0.5 is not sqrt(x), x^2.0 not x^2, but 10^2.0 is 100.
    if (hasDecimal(exponentExpression) && !(rational?.bottom === 1n && rationalOf(base))) {
      throw new Undecided("decimal exponent");
    }
    if (rational?.bottom === 1n) return this.wholePower(base, rational.top);
    if (rational?.bottom === 2n) return this.wholePower(this.root(base), rational.top);
    return this.polynomial(this.ring.atom(`power ${valueKey(base)} ^ ${valueKey(exponent)}`));
  }

  private wholePower(base: Value, exponent: bigint): Value {
    const count = exponent < 0n ? -exponent : exponent;
    if (count > maxExponent) throw new Undecided("large exponent");
    let result: Value = this.polynomial(this.one);
    const factor = exponent < 0n ? this.inverse(base) : base;
    for (let i = 0n; i < count; i++) result = this.multiply(result, factor);
    return result;
  }

  private factorial(value: Value): Value {
    const n = rationalOf(value);
    if (!n) return this.polynomial(this.ring.atom(`factorial ${valueKey(value)}`));
    if (n.bottom !== 1n || n.top < 0n || n.top > maxFactorial) throw new Undecided("factorial");
    let product = 1n;
    for (let i = 2n; i <= n.top; i++) product *= i;
    return this.polynomial(this.ring.constant(product));
  }

  /** sqrt(P / d) = sqrt(P d) / d for a constant d > 0; a denominator with letters stays under the root as it is. */
  private root({ numerator, denominator }: Value): Value {
    const { ring } = this;
    const size = ring.sizeOf(denominator);
    if (Number.isNaN(size)) {
      return this.polynomial(ring.atom(`root ${valueKey({ numerator, denominator })}`));
    }
    const positive = size < 0 ? ring.negate(denominator) : denominator;
    const radicand = ring.multiply(numerator, denominator);
    if (radicand.size === 0) return this.polynomial(radicand);
    return this.multiply(this.rootOfPolynomial(radicand), { numerator: this.one, denominator: positive });
  }

  private rootOfPolynomial(radicand: Polynomial): Value {
    const value = constantOf(radicand);
    if (value !== undefined) return this.polynomial(this.rootOfWhole(value));
    const common = content(radicand);
    const primitive = dividedBy(radicand, common);
    const inner = this.denested(primitive) ?? this.polynomial(this.rootAtom(polynomialKey(primitive), primitive));
    return this.multiply(this.polynomial(this.rootOfWhole(common)), inner);
  }

  private rootOfWhole(n: bigint): Polynomial {
    const { outside, inside } = rootForm(n);
    return inside.reduce((product, prime) => this.ring.multiply(product, this.rootOfPrime(prime)), this.ring.constant(outside));
  }

  private rootOfPrime(prime: bigint): Polynomial {
    return this.rootAtom(`${prime}`, this.ring.constant(prime));
  }

  private rootAtom(name: string, square: Polynomial): Polynomial {
    const size = Math.sqrt(this.ring.sizeOf(square));
    return this.ring.atom(`root ${name}`, Number.isNaN(size) ? { square } : { square, size });
  }

  /** sqrt(a + b sqrt(c)) = sqrt((a + d) / 2) ± sqrt((a - d) / 2) where d^2 = a^2 - b^2 c, for a > 0 and a whole d. */
  private denested(radicand: Polynomial): Value | undefined {
    const a = radicand.get("")?.coefficient ?? 0n;
    const surd = [...radicand.values()].find(({ monomial }) => monomial.length > 0);
    if (radicand.size !== 2 || a <= 0n || !surd) return undefined;
    if (!surd.monomial.every(([atom]) => /^root \d+$/.test(this.ring.nameOf(atom)))) return undefined;
    const term: Polynomial = new Map([["surd", surd]]);
    const square = constantOf(this.ring.multiply(term, term));
    const difference = square === undefined ? -1n : a * a - square;
    const d = difference < 0n ? undefined : wholeRoot(difference);
    if (d === undefined) return undefined;
    const half = (n: bigint) => this.root({ numerator: this.ring.constant(n), denominator: this.ring.constant(2n) });
    return surd.coefficient > 0n ? this.add(half(a + d), half(a - d)) : this.subtract(half(a + d), half(a - d));
  }
}

function hasDecimal(expression: Expression): boolean {
  switch (expression.kind) {
    case "number":
      return expression.isDecimal;
    case "sum":
      return expression.terms.some(({ value }) => hasDecimal(value));
    case "product":
      return expression.factors.some(({ value }) => hasDecimal(value));
    case "power":
      return hasDecimal(expression.base) || hasDecimal(expression.exponent);
    case "root":
      return hasDecimal(expression.radicand);
    case "factorial":
      return hasDecimal(expression.value);
    default:
      return false;
  }
}

/** A value without atoms in lowest terms, the bottom above 0. */
function rationalOf({ numerator, denominator }: Value): { top: bigint; bottom: bigint } | undefined {
  const top = constantOf(numerator);
  const bottom = constantOf(denominator);
  if (top === undefined || bottom === undefined) return undefined;
  const divisor = greatestCommonDivisor(top, bottom) * (bottom < 0n ? -1n : 1n);
  return { top: top / divisor, bottom: bottom / divisor };
}

/** The same text for values that are equal up to a common whole factor of both parts. */
function valueKey({ numerator, denominator }: Value): string {
  const divisor = greatestCommonDivisor(content(numerator), content(denominator));
  const first = denominator.values().next().value;
  const signed = first && first.coefficient < 0n ? -divisor : divisor;
  return `${polynomialKey(dividedBy(numerator, signed))} over ${polynomialKey(dividedBy(denominator, signed))}`;
}
