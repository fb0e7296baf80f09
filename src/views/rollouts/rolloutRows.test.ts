import { describe, expect, it } from "vitest";
import type { TrainRollout } from "@/protocol/training";
import { familiesOf, groupsOf, noFilter, promptsOf, rolloutRows, rolloutTable } from "./rolloutRows";

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
const indices = (rows: ReturnType<typeof rolloutRows>) => rows.map(({ index }) => index);

describe("rolloutRows", () => {
  it("sorts by any column in both directions and keeps the report's order for equals", () => {
    expect(indices(rolloutRows(rollouts, { column: "length", descending: false }, noFilter))).toEqual([2, 1, 0, 3]);
    expect(indices(rolloutRows(rollouts, { column: "reward", descending: true }, noFilter))).toEqual([0, 2, 1, 3]);
  });

  it("shows one prompt, right ones or wrong ones only", () => {
    const order = { column: "prompt", descending: false } as const;
    expect(indices(rolloutRows(rollouts, order, { ...noFilter, prompt: 1 }))).toEqual([2, 3]);
    expect(indices(rolloutRows(rollouts, order, { ...noFilter, reward: "wrong" }))).toEqual([1, 3]);
    expect(indices(rolloutRows(rollouts, order, { ...noFilter, prompt: 0, reward: "right" }))).toEqual([0]);
  });

  it("finds words in text, question and answer, and one kind of question", () => {
    const order = { column: "prompt", descending: false } as const;
    const told = [
      { ...rollout(0, 1, 5), text: "a Red bus", family: "colour" },
      { ...rollout(1, 0, 5), text: "a red car", family: "count" },
    ];
    expect(indices(rolloutRows(told, order, { ...noFilter, search: "RED question" }))).toEqual([0, 1]);
    expect(indices(rolloutRows(told, order, { ...noFilter, search: "red 1" }))).toEqual([1]);
    expect(indices(rolloutRows(told, order, { ...noFilter, family: "colour" }))).toEqual([0]);
    expect(familiesOf(told)).toEqual(["colour", "count"]);
  });

  it("groups by prompt, with what the whole group came to, and keeps places in the group when rows are filtered", () => {
    const order = { column: "prompt", descending: false } as const;
    const rows = rolloutRows(rollouts, order, { ...noFilter, reward: "wrong" });
    expect(rows.map(({ place }) => place)).toEqual([1, 1]);
    expect(groupsOf(rows, rollouts).map(({ prompt, rows: own, right, total }) => [prompt, own.length, right, total])).toEqual([
      [0, 1, 1, 2],
      [1, 1, 1, 2],
    ]);
  });

  it("writes the shown rows into a file", () => {
    const rows = rolloutRows(rollouts, { column: "prompt", descending: false }, { ...noFilter, prompt: 1 });
    const { columns, rows: cells } = rolloutTable({ step: 7, rollouts, images: [], texts: {} }, rows);
    expect(cells).toHaveLength(2);
    expect(cells[1]).toHaveLength(columns.length);
    expect(cells[1]?.slice(0, 3)).toEqual([7, 2, 2]);
  });

  it("lists each prompt of a step once", () => {
    expect(promptsOf(rollouts).map(({ question }) => question)).toEqual(["Question 0", "Question 1"]);
  });
});
