import { expect, it } from "vitest";
import { instructionSuffix, withInstruction } from "../instruction";
import { shapesTask } from "./shapesTask";

it("rewards the last box when it is exactly the answer", () => {
  const problem = shapesTask.sample(1, 0, "train");
  const wrong = problem.answer === "7" ? "8" : "7";
  expect(shapesTask.reward(`<think> x</think> \\boxed{${problem.answer}}`, problem)).toBe(1);
  expect(shapesTask.reward(`\\boxed{${wrong}} no, \\boxed{${problem.answer}}`, problem)).toBe(1);
  expect(shapesTask.reward(`\\boxed{${problem.answer}} no, \\boxed{${wrong}}`, problem)).toBe(0);
  expect(shapesTask.reward(problem.answer, problem)).toBe(0);
  expect(shapesTask.reward("", problem)).toBe(0);
});

it("ends every prompt with the official instruction", () => {
  expect(withInstruction("How many?")).toBe(`How many?${instructionSuffix}`);
  expect(instructionSuffix).toMatch(/^\n\nYou first think .* within \\boxed\{\}\.$/);
});
