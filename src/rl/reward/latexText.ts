// LaTeX as plain text, as far as answers need it: what pylatexenc's latex2text, which the official grader calls, makes of the
// commands that occur in answers. Unknown commands vanish and their arguments stay, as there. Environments are not rendered.

import { latexSymbols } from "./latexSymbols";

const maxDepth = 200;

/** Commands whose one argument replaces them. */
const transparent = new Set(["text", "textbf", "textit", "textrm", "textsc", "textsl", "emph", "mathrm", "mbox", "operatorname"]);

/** First letters A and a of the mathematical alphabets of Unicode. */
const alphabets: Readonly<Record<string, readonly [upper: number, lower: number]>> = {
  mathbf: [0x1d400, 0x1d41a],
  mathit: [0x1d434, 0x1d44e],
  mathsf: [0x1d5a0, 0x1d5ba],
  mathtt: [0x1d670, 0x1d68a],
  mathbb: [0x1d538, 0x1d552],
  mathcal: [0x1d49c, 0x1d4b6],
  mathscr: [0x1d49c, 0x1d4b6],
  mathfrak: [0x1d504, 0x1d51e],
};

class TooDeep extends Error {}

/** The grader's own spelling of what latex2text gives. */
const spelling: Readonly<Record<string, string>> = { "√": "sqrt", π: "pi", "∞": "inf", "∪": "U", "·": "*", "×": "*" };

interface LatexOptions {
  readonly fraction?: (top: string, bottom: string) => string;
}

const slashed = (top: string, bottom: string) => `${top}/${bottom}`;

/**
 * A LaTeX answer as the text the grader goes on with (MathRuler grader.py: _parse_latex), for example \frac{1}{2} as 1/2 and
 * \sqrt{x} as sqrt(x); undefined when its braces are nested too deeply to be read. `fraction` writes
 * a fraction another way than the grader's a/b, which drops the brackets.
 */
export function latexText(latex: string, { fraction = slashed }: LatexOptions = {}): string | undefined {
  const source = latex
    .replaceAll("\\tfrac", "\\frac")
    .replaceAll("\\dfrac", "\\frac")
    // Keeps the whole part of a mixed number apart from its fraction.
    .replaceAll("\\frac", " \\frac");
  const reader = new LatexReader(source, fraction);
  try {
    return reader
      .rest(0)
      .replace(/[√π∞∪·×]/g, (character) => spelling[character] ?? character)
      .trim();
  } catch (error) {
    if (error instanceof TooDeep) return undefined;
    throw error;
  }
}

/** Reads one text from left to right; `at` is the next character. */
class LatexReader {
  private at = 0;

  constructor(
    private readonly source: string,
    private readonly fraction: (top: string, bottom: string) => string,
  ) {}

  /** Everything up to the end or, inside a group, up to the closing brace, which is consumed. */
  rest(depth: number): string {
    const parts: string[] = [];
    while (this.at < this.source.length) {
      // A brace that closes nothing is skipped, as a tolerant parser does.
      if (this.source[this.at] === "}") {
        this.at++;
        if (depth > 0) break;
      } else parts.push(this.item(depth));
    }
    return parts.join("");
  }

  private item(depth: number): string {
    if (depth > maxDepth) throw new TooDeep();
    const character = this.source[this.at] as string;
    this.at++;
    if (character === "{") return this.rest(depth + 1);
    if (character === "\\") return this.command(depth);
    if (character === "~") return " ";
    return character === "&" ? "   " : character;
  }

  private command(depth: number): string {
    const name = this.name();
    if (name === "frac") return this.fraction(this.argument(depth), this.argument(depth));
    if (name === "sqrt") {
      this.skipOption();
      return `√(${this.argument(depth)})`;
    }
    if (transparent.has(name)) return this.argument(depth);
    const alphabet = alphabets[name];
    if (alphabet) return inAlphabet(this.argument(depth), alphabet);
    return latexSymbols[name] ?? "";
  }

  /** A command's name is a run of letters or one other character. */
  private name(): string {
    const pattern = /[a-zA-Z]+|./suy;
    pattern.lastIndex = this.at;
    const name = pattern.exec(this.source)?.[0] ?? "";
    this.at += name.length;
    return name;
  }

  /** The next group, command or character. */
  private argument(depth: number): string {
    this.skipSpaces();
    if (this.at >= this.source.length || this.source[this.at] === "}") return "";
    return this.item(depth + 1);
  }

  /** The degree of a root, which latex2text drops. */
  private skipOption(): void {
    this.skipSpaces();
    if (this.source[this.at] !== "[") return;
    const end = this.source.indexOf("]", this.at);
    if (end >= 0) this.at = end + 1;
  }

  private skipSpaces(): void {
    while (this.source[this.at] === " ") this.at++;
  }
}

function inAlphabet(text: string, [upper, lower]: readonly [number, number]): string {
  return text.replace(/[A-Za-z]/g, (letter) => {
    const code = letter.charCodeAt(0);
    return String.fromCodePoint(code < 97 ? upper + code - 65 : lower + code - 97);
  });
}
