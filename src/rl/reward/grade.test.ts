import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { extractBoxed, responseText } from "./extractBoxed";
import { grade } from "./grade";
import { verifyGrader } from "./verifyGrader";

interface GraderFile {
  pairs: { given: string; truth: string; correct: boolean }[];
  extract: { response: string; normalised: string; answer: string }[];
}

const golden = JSON.parse(readFileSync(new URL("../../../fixtures/vppo/grader.json", import.meta.url), "utf8")) as GraderFile;

describe("grade", () => {
  it.each(golden.pairs.map(({ given, truth, correct }) => [given, truth, correct] as const))(
    "of %j against %j is %j, as in the official grader",
    (given, truth, correct) => {
      expect(grade(given, truth)).toBe(correct);
    },
  );

  it.each([
    ["(\\frac{1}{2}, 3)", "(0.5, 3)"],
    ["1{,}000", "1,000"],
    ["12\\text{ inches}", "12"],
    ["\\left(3, 4\\right)", "(3,4)"],
    ["1\\frac{1}{2}", "1.5"],
    ["\\frac{\\sqrt{3}}{3}", "1/\\sqrt{3}"],
    ["30\\pi", "30 \\times \\pi"],
  ])("accepts %j for %j", (given, truth) => {
    expect(grade(given, truth)).toBe(true);
  });

  it.each([
    // A quirk of the official code: its pattern for thousands commas eats the next comma.
    ["1,000,000,000", "1000000000"],
    // The official LaTeX reader drops the brackets of a numerator.
    ["\\frac{x+1}{2}", "(x+1)/2"],
    ["\\mathbf{A}", "A"],
    ["(1,2)", "(1,2,3)"],
    ["[0,1]", "[0,1)"],
    ["2x+3y+z", "z+3y+2x"],
  ])("refuses %j for %j, as the official grader does", (given, truth) => {
    expect(grade(given, truth)).toBe(false);
  });

  it("accepts every number and fraction for itself", () => {
    const number = fc.oneof(
      fc.integer().map(String),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.tuple(fc.integer(), fc.integer({ min: 1 })).map(([a, b]) => `\\frac{${a}}{${b}}`),
      fc.tuple(fc.integer(), fc.integer({ min: 1 })).map(([a, b]) => `${a}/${b}`),
    );
    fc.assert(fc.property(number, (text) => grade(text, text)));
  });

  it("accepts a fraction in LaTeX for one with a slash, and no other fraction for it", () => {
    const natural = fc.integer({ min: 1, max: 10_000 });
    fc.assert(
      fc.property(natural, natural, natural, natural, (a, b, c, d) => {
        const isSame = a === c && b === d;
        expect(grade(`\\frac{${a}}{${b}}`, `${c}/${d}`)).toBe(isSame);
        expect(grade(`\\frac{${a}}{${b}}`, `${a}/${b}`)).toBe(true);
      }),
    );
  });

  it("throws for no text", () => {
    const piece = fc.constantFrom(..."\\frac \\sqrt \\text{ { } ( ) [ ] , ^ 2 9 x y pi - + / * ! . e = \\pi %".split(" "));
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.array(piece, { maxLength: 30 }).map((all) => all.join("")),
    );
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(typeof grade(a, b)).toBe("boolean");
        expect(typeof extractBoxed(a)).toBe("string");
      }),
      { numRuns: 2000 },
    );
  });

  it.each<[string, string, string]>([
    ["deep braces", `${"{".repeat(4000)}\\pi${"}".repeat(4000)}`, "1"],
    ["deep brackets", `${"(".repeat(900)}x${")".repeat(900)}`, "x+1"],
    ["deep fractions", `${"\\frac{".repeat(1500)}1`, "1/2"],
    ["a tower of powers", "9**9**9**9**9", "9**9**9**9"],
    ["bracketed powers", "((((9^9)^9)^9)^9)^9", "x"],
    ["a huge exponent", "x**-99999999999999999999", "x"],
    ["a huge decimal exponent", "1e999999999x", "x"],
    ["a large expansion", "(x+y+1)^9*(x+y+2)^9*(x+y+3)^9*(x+y+4)^9*(x+y+5)^9", "x"],
    ["many roots", `(${[2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37].map((p) => `sqrt(${p})`).join("+")})^9`, "x+0.5"],
    ["nested roots", `${"sqrt(2+".repeat(50)}x${")".repeat(50)}`, "x"],
    ["the root of a large number", `sqrt(${"9".repeat(380)}7)`, "x"],
    ["a large factorial", "99999!+x", "x"],
    ["many signs", `${"-".repeat(9000)}x`, "x"],
    ["many spaces", "1 ".repeat(4900), "2"],
    ["a text of 100 kB", "1,000,".repeat(17_000), "x"],
    ["100 kB of letters", "ab".repeat(50_000), "ba".repeat(50_000)],
  ])("answers within a second on %s", (_, given, truth) => {
    const start = performance.now();
    grade(given, truth);
    grade(truth, given);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe("the boxed answer", () => {
  it.each(golden.extract.map(({ response, normalised, answer }) => [response, normalised, answer] as const))(
    "of %j is the official one",
    (response, normalised, answer) => {
      expect(responseText(response)).toBe(normalised);
      expect(extractBoxed(response)).toBe(answer);
    },
  );

  it("is found in linear time between long runs of spaces", () => {
    const start = performance.now();
    expect(extractBoxed(`${" ".repeat(200_000)}\\boxed{1}${" ".repeat(200_000)}`)).toBe("1");
    expect(performance.now() - start).toBeLessThan(500);
  });
});

describe("verifyGrader", () => {
  it("agrees with every entry of the file and notices a changed one", () => {
    expect(verifyGrader(golden).filter(({ ok }) => !ok)).toEqual([]);
    const changed = { ...golden, pairs: golden.pairs.map((pair, i) => (i === 3 ? { ...pair, correct: !pair.correct } : pair)) };
    expect(verifyGrader(changed).filter(({ ok }) => !ok)).toHaveLength(1);
  });
});
