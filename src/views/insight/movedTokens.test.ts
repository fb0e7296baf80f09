import { describe, expect, it } from "vitest";
import { tokenStatColumns } from "@/protocol/generation";
import type { StepReport, TrainRollout } from "@/protocol/training";
import { moveMetrics } from "@/rl/tokenMoves";
import { mostMoved, moveDomain, movedRollouts, moveMeans } from "./movedTokens";

function rollout(moves: number[] | undefined, mask: number[]): TrainRollout {
  const count = mask.length;
  const stats = new Float32Array(count * tokenStatColumns.length).fill(-0.5);
  return {
    prompt: 0,
    question: "q",
    answer: "a",
    family: "count",
    text: "",
    reward: 1,
    advantage: 1,
    alpha: 1,
    meanDependency: 0,
    length: count,
    dependency: new Float32Array(count).fill(0.25),
    mask: Float32Array.from(mask),
    ...(moves && { moves: Float32Array.from(moves) }),
    tokens: {
      rollout: new Int32Array(count),
      ids: Int32Array.from(mask, (_, i) => i),
      stats,
      topIds: new Int32Array(),
      topLogp: new Float32Array(),
      topOther: new Float32Array(),
    },
  };
}
const rollouts = [rollout([0.5, -1, 0], [1, 0, 0]), rollout(undefined, [1]), rollout([0.25], [1])];
const report: StepReport = { step: 1, metrics: {}, rollouts, images: [], texts: { 0: "a", 1: " b" } };

describe("movedRollouts", () => {
  it("has the rollouts whose moves were measured, with texts, and the id where a text is missing", () => {
    const moved = movedRollouts(report);
    expect(moved.map(({ index }) => index)).toEqual([0, 2]);
    expect(moved[0]?.tokens.map(({ text, move, before, weight }) => [text, move, before, weight])).toEqual([
      ["a", 0.5, -0.5, 1],
      [" b", -1, -0.5, 0],
      ["#2", 0, -0.5, 0],
    ]);
  });
});

describe("mostMoved", () => {
  it("sorts by size whatever the sign and leaves out what did not move", () => {
    expect(mostMoved(movedRollouts(report), 9).map(({ move }) => move)).toEqual([-1, 0.5, 0.25]);
    expect(mostMoved(movedRollouts(report), 1)).toHaveLength(1);
  });
});

describe("moveMeans", () => {
  it("equals what the engine reports", () => {
    const measured = rollouts.filter(({ moves }) => moves);
    const metrics = moveMetrics(
      measured.map(({ moves }) => moves!),
      measured.map(({ mask }) => mask),
    );
    expect(moveMeans(movedRollouts(report))).toEqual({ kept: metrics["vppo/move_kept"], others: metrics["vppo/move_filtered"] });
  });
});

describe("moveDomain", () => {
  it("spans small moves too and has a range without any", () => {
    expect(moveDomain(movedRollouts(report)).max).toBe(1);
    expect(moveDomain(movedRollouts({ ...report, rollouts: [rollout([1e-5], [1])] })).max).toBeCloseTo(1e-5, 9);
    expect(moveDomain([]).max).toBe(1);
  });
});
