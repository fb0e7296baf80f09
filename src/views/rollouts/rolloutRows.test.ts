import { describe, expect, it } from "vitest";
import type { TrainRollout } from "@/protocol/training";
import { promptsOf, rolloutRows } from "./rolloutRows";

const rollout = (prompt: number, reward: number, length: number): TrainRollout => ({
  prompt,
  question: `Question ${prompt}`,
  answer: "3",
  family: "total",
  text: "",
  reward,
  advantage: reward - 0.5,
  alpha: 1,
  meanDependency: 0.1,
  length,
  dependency: new Float32Array(length),
  mask: new Float32Array(length),
});
const rollouts = [rollout(0, 1, 30), rollout(0, 0, 20), rollout(1, 1, 10), rollout(1, 0, 40)];
const everything = { prompt: null, reward: "all" } as const;
const indices = (rows: ReturnType<typeof rolloutRows>) => rows.map(({ index }) => index);

describe("rolloutRows", () => {
  it("sorts by any column in both directions and keeps the report's order for equals", () => {
    expect(indices(rolloutRows(rollouts, { column: "length", descending: false }, everything))).toEqual([2, 1, 0, 3]);
    expect(indices(rolloutRows(rollouts, { column: "reward", descending: true }, everything))).toEqual([0, 2, 1, 3]);
  });

  it("shows one prompt, right ones or wrong ones only", () => {
    const order = { column: "prompt", descending: false } as const;
    expect(indices(rolloutRows(rollouts, order, { prompt: 1, reward: "all" }))).toEqual([2, 3]);
    expect(indices(rolloutRows(rollouts, order, { prompt: null, reward: "wrong" }))).toEqual([1, 3]);
    expect(indices(rolloutRows(rollouts, order, { prompt: 0, reward: "right" }))).toEqual([0]);
  });

  it("lists each prompt of a step once", () => {
    expect(promptsOf(rollouts).map(({ question }) => question)).toEqual(["Question 0", "Question 1"]);
  });
});
