import { describe, expect, it } from "vitest";
import { choiceLetter } from "./choiceLetter";
import { numericValue } from "./numericValue";
import { type BuiltInRewardKind, checkTruth, defaultRewardOptions, RewardError, rewards, scoreAnswer } from "./rewards";

const score = (kind: BuiltInRewardKind, text: string, truth: string) => scoreAnswer(kind, text, truth, defaultRewardOptions);

describe("the rewards", () => {
  it("official: right by meaning, one number for reward and accuracy", () => {
    expect(score("official", "<think>half</think> \\boxed{\\frac{1}{2}}", "0.5")).toEqual({ overall: 1, accuracy: 1 });
    expect(score("official", "\\boxed{1 / 2}", "1/2")).toEqual({ overall: 1, accuracy: 1 });
    expect(score("official", "one half", "0.5")).toEqual({ overall: 0, accuracy: 0 });
  });

  it("official with format: nine tenths for the answer, one for the form", () => {
    const text = "<think>\n a \n</think>\n\n so \\boxed{5}.";
    expect(score("official_format", text, "5")).toEqual({ overall: 1, accuracy: 1, format: 1 });
    expect(score("official_format", text, "6")).toEqual({ overall: 0.1, accuracy: 0, format: 1 });
    expect(score("official_format", "\\boxed{5}", "5")).toEqual({ overall: 0.9, accuracy: 1, format: 0 });
    expect(score("official_format", "<think>\\boxed{5}</think>", "5")).toEqual({ overall: 0.9, accuracy: 1, format: 0 });
    expect(score("official_format", ` ${text}`, "5").format).toBe(1);
    expect(score("official_format", `so ${text}`, "5").format).toBe(0);
  });

  it("exact match: by character", () => {
    expect(score("exact", "\\boxed{red}", " red").overall).toBe(1);
    expect(score("exact", "\\boxed{0.5}", "1/2").overall).toBe(0);
  });

  it("multiple choice: by letter", () => {
    expect(score("choice", "\\boxed{(B)}", "B").overall).toBe(1);
    expect(score("choice", "\\boxed{B. the red one}", "(b)").overall).toBe(1);
    expect(score("choice", "\\boxed{C}", "B").overall).toBe(0);
    expect(score("choice", "B", "B").overall).toBe(0);
  });

  it("number with tolerance: relative above 1, absolute below", () => {
    expect(score("numeric", "\\boxed{202}", "200").overall).toBe(1);
    expect(score("numeric", "\\boxed{202.1}", "200").overall).toBe(0);
    expect(score("numeric", "\\boxed{0.01}", "0").overall).toBe(1);
    expect(score("numeric", "\\boxed{0.011}", "0").overall).toBe(0);
    expect(score("numeric", "\\boxed{3.14}", "\\pi").overall).toBe(1);
    expect(score("numeric", "\\boxed{red}", "1").overall).toBe(0);
    expect(scoreAnswer("numeric", "\\boxed{1.001}", "1", { tolerance: 0 }).overall).toBe(0);
  });

  it.each(Object.keys(rewards) as BuiltInRewardKind[])("%s refuses an empty truth by name", (kind) => {
    expect(() => score(kind, "\\boxed{}", "  ")).toThrow(RewardError);
    expect(() => score(kind, "\\boxed{}", "")).toThrow(/answer is empty/);
  });

  it("refuses a truth that the reward cannot compare with, and says which", () => {
    expect(() => checkTruth("choice", "red")).toThrow(/"Multiple choice".*"red" is not a letter/);
    expect(() => checkTruth("numeric", "blue")).toThrow(/"blue" is not a number/);
    expect(() => checkTruth("official", "blue")).not.toThrow();
  });
});

describe("choiceLetter", () => {
  it.each([
    ["B", "B"],
    ["b", "B"],
    ["(B)", "B"],
    ["B.", "B"],
    ["B)", "B"],
    ["B) text", "B"],
    ["(B) text", "B"],
    ["B: 50", "B"],
    ["\\text{B}", "B"],
    ["\\textbf{(C)}", "C"],
    ["$D$", "D"],
    ["A cat", undefined],
    ["BC", undefined],
    ["", undefined],
    ["None", undefined],
    ["4", undefined],
  ])("of %j is %j", (answer, letter) => {
    expect(choiceLetter(answer)).toBe(letter);
  });
});

describe("numericValue", () => {
  it.each([
    ["0.5", 0.5],
    ["\\frac{1+2}{3}", 1],
    ["\\dfrac12", 0.5],
    ["1\\frac{1}{2}", 1.5],
    ["-1\\frac{1}{2}", -1.5],
    ["1 1/2", 1.5],
    ["1,234,567,890", 1234567890],
    ["x = 5", 5],
    ["12 cm", 12],
    ["4.5m/s", 4.5],
    ["10\\text{ cm}", 10],
    ["50\\%", 50],
    ["50^\\circ", 50],
    ["\\sqrt{16}", 4],
    ["−3", -3],
    ["1e3", 1000],
    ["2^{10}", 1024],
    ["1/0", undefined],
    ["x", undefined],
    ["red", undefined],
    ["", undefined],
    ["9**9**9", undefined],
  ])("of %j is %j", (answer, value) => {
    const found = numericValue(answer);
    if (value === undefined) expect(found).toBeUndefined();
    else expect(found).toBeCloseTo(value, 12);
  });

  it("reads 2\\pi as a number, not as a unit", () => {
    expect(numericValue("2\\pi")).toBeCloseTo(2 * Math.PI, 12);
  });
});
