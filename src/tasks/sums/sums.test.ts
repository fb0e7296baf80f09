import { describe, expect, it } from "vitest";
import { createRng } from "@/lib/rng";
import { sampleShapes } from "../shapes/sampleShapes";
import type { Scene } from "../shapes/scene";
import { shapesTask } from "../shapes/shapesTask";
import { UnknownDifficultyError } from "../task";
import { type StepStyle, stepStyles, trainingChain, writeChain } from "./chains";
import { type SumsProblem, sampleSums } from "./sampleSums";
import { sumsTask } from "./sumsTask";
import { muse } from "./wording";

const levels = sumsTask.difficulties.map(({ value }) => value);
const problems = levels.flatMap((level) => Array.from({ length: 400 }, (_, index) => sampleSums(3, index, "train", level)));
const numberNames = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

function boxed(text: string): string {
  return /\\boxed\{([^}]*)\}$/.exec(text)?.[1] ?? "";
}

/** The answer read off the question's English words and the scene's objects, sharing no code with the task. */
function readAnswer(question: string, scene: Scene): string {
  let total = 0;
  for (const sentence of question.split(/[.?] ?/).filter(Boolean)) {
    const words = sentence.split(" ");
    const number = numberNames.indexOf(words.at(-1)!);
    if (/^(You have|There are|Count on from)/.test(sentence)) total = number;
    else if (/^Is the sum more than/.test(sentence)) return total > number ? "yes" : "no";
    else if (/^(What is|How many)/.test(sentence)) return String(total);
    else {
      const [color, things] = words.slice(-2);
      const found = scene.objects.filter((one) => one.color === color && (things === "objects" || `${one.shape}s` === things));
      total += /^(Add|Plus|Put in) the/.test(sentence) ? found.length : -found.length;
    }
  }
  return "no question";
}

describe("running sums", () => {
  it("are the same whenever the same seed, index, split and level are asked for, and differ between levels", () => {
    expect(sampleSums(3, 17, "train", 1)).toEqual(problems[17]);
    expect(sumsTask.sample(3, 17, "train")).toEqual(sampleSums(3, 17, "train", sumsTask.defaultDifficulty));
    expect(sampleSums(3, 17, "train", 2).question).not.toBe(problems[17]!.question);
    expect(sampleSums(3, 17, "heldOut", 1).question).not.toBe(problems[17]!.question);
  });

  it("have the answer that can be read off the question's words and the scene's objects", () => {
    for (const { question, scene, answer } of problems) expect(readAnswer(question, scene), question).toBe(answer);
  });

  it("have as many visual steps as the level says and pictures that get noisier and paler", () => {
    for (const { sum, difficulty } of problems) expect(sum.steps.length).toBe(difficulty);
    const roughness = levels.map((level) => {
      const { data } = problems.find((problem) => problem.difficulty === level)!.image;
      // Mean step between neighbours of the first row, where few objects reach.
      return Array.from({ length: 63 }, (_, x) => Math.abs(data[x * 3]! - data[x * 3 + 3]!)).reduce((a, b) => a + b, 0) / 63;
    });
    expect(roughness[1]!).toBeGreaterThan(roughness[0]! * 1.5);
    expect(roughness[2]!).toBeGreaterThan(roughness[1]!);
  });

  it("never share a layout between training and held-out problems", () => {
    const layout = ({ scene }: SumsProblem) =>
      scene.objects.map(({ cell, color, shape, large }) => [cell, color, shape, large].join(" ")).join(", ");
    const trained = new Set(problems.map(layout));
    for (let index = 0; index < 200; index++) expect(trained.has(layout(sampleSums(3, index, "heldOut")))).toBe(false);
  });

  it("refuse a level that does not exist", () => {
    expect(() => sumsTask.sample(1, 0, "train", 4)).toThrow(UnknownDifficultyError);
    expect(() => shapesTask.sample(1, 0, "train", 0)).toThrow(UnknownDifficultyError);
  });

  it("reward the last box when it is exactly the answer", () => {
    const problem = problems[0]!;
    expect(sumsTask.reward(`\\boxed{x} \\boxed{${problem.answer}}`, problem)).toBe(1);
    expect(sumsTask.reward(`\\boxed{${problem.answer}} \\boxed{x}`, problem)).toBe(0);
  });
});

describe("chains of running sums", () => {
  const all = (problem: SumsProblem, style: StepStyle) => problem.sum.steps.map(() => style);

  it("box the truth when every step looks, and have the form of the instruction", () => {
    for (const [index, problem] of problems.entries()) {
      const text = writeChain(problem, createRng(1, index), all(problem, "looks"));
      expect(boxed(text), text).toBe(problem.answer);
      expect(text).toMatch(/^<think> [A-Z][^<>]+\.<\/think> \\boxed\{\w+\}$/);
    }
  });

  it("guess without regard to the picture: the same random numbers write the same chain for another scene", () => {
    for (const problem of problems.slice(0, 100)) {
      const other = { ...problem, scene: problems.at(-1)!.scene };
      const guesses = all(problem, "guesses");
      expect(writeChain(problem, createRng(5, 1), guesses)).toBe(writeChain(other, createRng(5, 1), guesses));
    }
  });

  it("are guessed right far more seldom than seen right, but often", () => {
    for (const level of levels) {
      const own = problems.filter(({ difficulty }) => difficulty === level);
      const right = own.filter(
        (problem, i) => boxed(writeChain(problem, createRng(6, i), all(problem, "guesses"))) === problem.answer,
      );
      expect(right.length / own.length).toBeGreaterThan(0.2);
      expect(right.length / own.length).toBeLessThan(0.45);
    }
  });

  it("do sums that are right in themselves and stay within zero and nine", () => {
    for (const [index, problem] of problems.entries()) {
      const text = trainingChain(problem, createRng(7, index), index % 2 === 0);
      const sums = [...text.matchAll(/(\w+) (plus|less) (\w+) is (\w+)\./g)];
      expect(sums.length).toBe(problem.sum.steps.length);
      for (const [, before, sign, count, after] of sums) {
        const [a, b, c] = [before, count, after].map((word) => numberNames.indexOf(word!)) as [number, number, number];
        expect(c, text).toBe(Math.min(9, Math.max(0, sign === "plus" ? a + b : a - b)));
      }
    }
  });

  it("tell the style of every step, and nothing but guesses is written of a hidden picture", () => {
    const styles: readonly StepStyle[] = ["looks", "guesses", "looks"];
    for (const problem of problems.filter(({ difficulty }) => difficulty === 3).slice(0, 100)) {
      expect(stepStyles(writeChain(problem, createRng(8, 1), styles))).toEqual(styles);
      expect(stepStyles(trainingChain(problem, createRng(8, 2), true))).toEqual(all(problem, "guesses"));
    }
  });

  it("have routine text of many wordings", () => {
    const said = Array.from({ length: 1000 }, (_, i) => muse(createRng(9, i)));
    expect(new Set(said).size).toBeGreaterThan(900);
  });
});

describe("levels of the shapes world", () => {
  it("leave the default problems as they are and change nothing but the picture", () => {
    for (let index = 0; index < 50; index++) {
      expect(shapesTask.sample(2, index, "train")).toEqual(sampleShapes(2, index, "train"));
      const [clear, faint] = [1, 3].map((level) => shapesTask.sample(2, index, "train", level));
      expect({ ...faint, image: undefined }).toEqual({ ...clear, image: undefined });
      expect(faint!.image.data).not.toEqual(clear!.image.data);
    }
  });
});
