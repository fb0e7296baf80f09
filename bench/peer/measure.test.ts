import { describe, expect, it } from "vitest";
import { type GpuSnapshot, noCalls } from "./counters";
import { agreeingTokens, measureAnswer, steadyState } from "./measure";

const nothing: GpuSnapshot = { ...noCalls(), t: 0 };

/** Marks of an engine that makes `size` tokens per submit: each burst costs a read, 10 dispatches per token and 100 ms. */
function marksOf(bursts: number, size: number): GpuSnapshot[] {
  return Array.from({ length: bursts * size }, (_, i) => {
    const burst = Math.floor(i / size) + 1;
    return {
      ...nothing,
      t: burst * 100,
      hostMs: burst * 60,
      maps: burst,
      reads: burst,
      submits: burst,
      dispatches: burst * size * 10,
    };
  });
}

describe("steadyState", () => {
  it("leaves the first token out, which holds the prompt", () => {
    const marks = marksOf(5, 1).map((mark) => ({ ...mark, dispatches: mark.dispatches + 1000 }));
    const { first, firstTokens, perToken } = steadyState(nothing, marks);
    expect(first.dispatches).toBe(1010);
    expect(firstTokens).toBe(1);
    expect(perToken).toMatchObject({ t: 100, hostMs: 60, dispatches: 10, submits: 1, maps: 1 });
  });

  it("takes the tokens of a burst as one, so that none of them is free", () => {
    const { firstTokens, perToken } = steadyState(nothing, marksOf(4, 8));
    expect(firstTokens).toBe(8);
    expect(perToken).toMatchObject({ t: 12.5, hostMs: 7.5, dispatches: 10, submits: 1 / 8, maps: 1 / 8 });
  });

  it("gives the work of the median burst, and the time of all", () => {
    const marks = marksOf(6, 2).map((mark, i) => (i < 8 ? mark : { ...mark, buffersCreated: 40, t: mark.t + 300 }));
    expect(steadyState(nothing, marks).perToken).toMatchObject({ buffersCreated: 0, t: 80 });
  });

  it("counts a shorter last burst by its own tokens", () => {
    const marks = marksOf(4, 4).slice(0, 14);
    marks[13] = { ...(marks[13] as GpuSnapshot), dispatches: 140 };
    marks[12] = { ...(marks[12] as GpuSnapshot), dispatches: 140 };
    expect(steadyState(nothing, marks).perToken).toMatchObject({ t: 30, dispatches: 10 });
  });

  it("refuses answers in which nothing is steady", () => {
    expect(() => steadyState(nothing, [])).toThrow(/no token/);
    expect(() => steadyState(nothing, marksOf(1, 8))).toThrow(/one burst/);
  });
});

describe("measureAnswer", () => {
  it("refuses an engine that makes another number of tokens", async () => {
    const engine = {
      version: "",
      notes: "",
      generate: async (_: Int32Array, __: number, onToken: (id: number) => void) => onToken(1),
      dispose() {},
    };
    await expect(measureAnswer(engine, Int32Array.of(1), 3, () => nothing)).rejects.toThrow(/1 tokens instead of 3/);
  });
});

describe("agreeingTokens", () => {
  it("counts from the front and stops at the first difference", () => {
    expect(agreeingTokens([1, 2, 3], [1, 2, 3, 4])).toBe(3);
    expect(agreeingTokens([1, 9, 3], [1, 2, 3])).toBe(1);
    expect(agreeingTokens([1, 2, 3], [1, 2])).toBe(2);
  });
});
