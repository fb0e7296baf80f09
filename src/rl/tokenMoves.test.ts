import { describe, expect, it } from "vitest";
import { measureMoves, moveMetrics } from "./tokenMoves";

describe("moves of tokens", () => {
  it("are log-prob after minus before", () => {
    const moves = measureMoves([Float32Array.of(-1, -2)], [{ logp: Float32Array.of(-1.5, -1) }]);
    expect(moves.map((move) => [...move])).toEqual([[0.5, -1]]);
  });

  it("are averaged by size inside and outside the mask, where a soft mask shares a token", () => {
    const moves = [Float32Array.of(0.5, -1, 0.25, 0)];
    expect(moveMetrics(moves, [Float32Array.of(1, 1, 0, 0)])).toEqual({ "vppo/move_kept": 0.75, "vppo/move_filtered": 0.125 });
    expect(moveMetrics(moves, [Float32Array.of(1, 0.5, 0, 0)])["vppo/move_kept"]).toBeCloseTo(1 / 1.5, 12);
  });

  it("say nothing of tokens there are none of", () => {
    expect(moveMetrics([Float32Array.of(1)], [Float32Array.of(1)])).toEqual({ "vppo/move_kept": 1 });
    expect(moveMetrics([], [])).toEqual({});
  });
});
