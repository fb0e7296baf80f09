import { describe, expect, it } from "vitest";
import type { WeightRequest } from "@/models/weights";
import { decoderCost } from "./decoderCost";

const matrix = (part: "text" | "vision" | "embedding" | "head", rows: number, columns: number): WeightRequest => ({
  kind: "matrix",
  name: part,
  rows,
  columns,
  part,
});
const f32 = { text: "f32", vision: "f32", head: "f32", groupSize: 32 } as const;

describe("the decoder's cost", () => {
  const requests: readonly WeightRequest[] = [
    matrix("vision", 64, 64),
    matrix("embedding", 100, 64),
    matrix("text", 64, 32),
    matrix("text", 32, 64),
    matrix("head", 100, 64),
    { kind: "tensor", name: "norm", shape: [64] },
  ];

  it("is the decoder's and the head's matrices; a step looks up the embedding and does not read it", () => {
    expect(decoderCost(requests, f32)).toEqual({ stepBytes: (2 * 64 * 32 + 100 * 64) * 4, weights: 2 * 64 * 32 });
  });

  it("is a quarter of the bytes and a scale per group in int8", () => {
    const { stepBytes, weights } = decoderCost(requests, { ...f32, text: "int8", head: "int8" });
    const numbers = 2 * 64 * 32 + 100 * 64;
    expect(stepBytes).toBeGreaterThanOrEqual(numbers + (numbers / 32) * 2);
    expect(stepBytes).toBeLessThanOrEqual(numbers + (numbers / 32) * 4);
    expect(weights).toBe(2 * 64 * 32);
  });
});
