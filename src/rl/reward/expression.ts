// Parses a plain-text expression (2sqrt(3)x, x^2+1, 5*10^6) into a tree, with the implicit products that the official grader's
// sympy parser knows: letters side by side are factors (bc = b*c), so are a number, letter or bracket next to another. What the
// numbers mean is left to symbolic.ts (exact) and numericValue.ts (floating point).

/** A parsed expression. A sum has signed terms, a product has factors, some of them inverted. */
export type Expression =
  | { readonly kind: "number"; readonly digits: bigint; readonly decimals: number; readonly isDecimal: boolean }
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "constant"; readonly name: "pi" | "imaginary" }
  | { readonly kind: "sum"; readonly terms: readonly { readonly negative: boolean; readonly value: Expression }[] }
  | { readonly kind: "product"; readonly factors: readonly { readonly inverse: boolean; readonly value: Expression }[] }
  | { readonly kind: "power"; readonly base: Expression; readonly exponent: Expression }
  | { readonly kind: "root"; readonly radicand: Expression }
  | { readonly kind: "factorial"; readonly value: Expression };

/** A text is no expression, or one beyond what is judged; grading takes it as "not equal". */
export class Undecided extends Error {
  override readonly name = "Undecided";
}

const maxLength = 2000;
const maxDepth = 60;
const maxDigits = 400;

/** Names with a meaning of their own in the official parser, and Python's keywords, which it refuses. */
const reserved = new Set("nan oo zoo gff rf ff re im csc ln frac li jn yn hn1 hn2 fft ntt fu eye as if in is or".split(" "));
/** Two-letter Greek names, which the official parser does not split. */
const unsplit = new Set(["mu", "nu", "xi"]);

const tokenPattern = /(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)|([\p{L}_][\p{L}\p{N}_]*)|(\*\*|[-+*/^()!])/uy;

type Token = Expression | string;

/** Parses an expression in lower case without spaces; throws Undecided for anything that is not one. */
export function parseExpression(text: string): Expression {
  if (text.length > maxLength) throw new Undecided("too long");
  const parser = new Parser(tokens(text));
  return parser.whole();
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  const pattern = new RegExp(tokenPattern);
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (!match) throw new Undecided("not an expression");
    const [, number, name, operator] = match;
    if (number !== undefined) {
      found.push(numberToken(number));
      // Python's imaginary literal: 2j.
      if (text[pattern.lastIndex] === "j") {
        found.push({ kind: "constant", name: "imaginary" });
        pattern.lastIndex++;
      }
    } else if (name !== undefined) found.push(...nameTokens(name, text[pattern.lastIndex]));
    else if (operator !== undefined) found.push(operator === "**" ? "^" : operator);
  }
  return found;
}

function numberToken(literal: string): Expression {
  const [mantissa = "", exponent = "0"] = literal.split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const isDecimal = literal.includes(".") || literal.includes("e");
  const decimals = fraction.length - Number(exponent);
  const tooLong = literal.length > maxDigits || Math.abs(decimals) > maxDigits;
  // Versions of Python differ on 05.
  if (tooLong || (!isDecimal && /^0+[1-9]/.test(literal))) throw new Undecided("number");
  return { kind: "number", digits: BigInt(whole + fraction), decimals, isDecimal };
}

function nameTokens(name: string, next: string | undefined): Token[] {
  if (name === "sqrt" && next === "(") return [name];
  if (name === "pi") return [{ kind: "constant", name }];
  if (reserved.has(name)) throw new Undecided("reserved name");
  if (name.includes("_") || unsplit.has(name)) return [{ kind: "symbol", name }];
  return (name.match(/\d+|[^\d]/gu) ?? []).map((part) => (/\d/.test(part) ? numberToken(part) : { kind: "symbol", name: part }));
}

/** Recursive descent in Python's precedence: sum, product, sign, power (to the right), factorial. */
class Parser {
  private at = 0;
  private depth = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  whole(): Expression {
    const value = this.sum();
    if (this.at < this.tokens.length) throw new Undecided("text after the expression");
    return value;
  }

  private sum(): Expression {
    const terms = [{ negative: false, value: this.product() }];
    for (;;) {
      const operator = this.accept("+", "-");
      if (operator === undefined) return single(terms) ?? { kind: "sum", terms };
      terms.push({ negative: operator === "-", value: this.product() });
    }
  }

  private product(): Expression {
    const factors = [{ inverse: false, value: this.signed() }];
    for (;;) {
      const operator = this.accept("*", "/");
      if (operator !== undefined) factors.push({ inverse: operator === "/", value: this.signed() });
      else if (this.startsFactor()) factors.push({ inverse: false, value: this.power() });
      else return single(factors) ?? { kind: "product", factors };
    }
  }

  private signed(): Expression {
    let negative = false;
    for (let sign = this.accept("+", "-"); sign !== undefined; sign = this.accept("+", "-")) {
      if (sign === "-") negative = !negative;
    }
    const value = this.power();
    return negative ? { kind: "sum", terms: [{ negative, value }] } : value;
  }

  private power(): Expression {
    const base = this.factorial();
    if (this.accept("^") === undefined) return base;
    return { kind: "power", base, exponent: this.nested(() => this.signed()) };
  }

  private factorial(): Expression {
    const value = this.primary();
    return this.accept("!") === undefined ? value : { kind: "factorial", value };
  }

  private primary(): Expression {
    const token = this.tokens[this.at++];
    if (token === undefined) throw new Undecided("the expression ends early");
    if (typeof token !== "string") return token;
    if (token === "(") return this.bracket();
    if (token !== "sqrt") throw new Undecided("operator without a value");
    this.at++;
    return { kind: "root", radicand: this.bracket() };
  }

  /** The rest of a bracket whose "(" has been read. */
  private bracket(): Expression {
    const value = this.nested(() => this.sum());
    if (this.accept(")") === undefined) throw new Undecided("open bracket");
    return value;
  }

  private nested(read: () => Expression): Expression {
    if (++this.depth > maxDepth) throw new Undecided("nested too deeply");
    const value = read();
    this.depth--;
    return value;
  }

  private startsFactor(): boolean {
    const token = this.tokens[this.at];
    return token !== undefined && (typeof token !== "string" || token === "(" || token === "sqrt");
  }

  private accept(...operators: readonly string[]): string | undefined {
    const token = this.tokens[this.at];
    if (typeof token !== "string" || !operators.includes(token)) return undefined;
    this.at++;
    return token;
  }
}

function single(parts: readonly { readonly value: Expression }[]): Expression | undefined {
  return parts.length === 1 ? parts[0]?.value : undefined;
}
