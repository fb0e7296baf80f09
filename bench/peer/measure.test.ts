import { describe, expect, it } from "vitest";
import { type GpuSnapshot, noCalls } from "./counters";
import { agreeingTokens, featureError, measureAnswer, measurePicture, steadyState } from "./measure";

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

describe("measurePicture", () => {
  const task = { image: { width: 1, height: 1, data: new Uint8Array(3) }, ids: Int32Array.of(1) };
  const features = async () => new Float32Array();

  it("counts up to the first token, and nothing after it", async () => {
    const now = { ...nothing };
    const engine = {
      features,
      firstToken: async (_: unknown, onToken: (id: number) => void) => {
        now.dispatches = 70;
        now.t = 900;
        onToken(5);
        now.dispatches = 80;
      },
    };
    let restarts = 0;
    const restartHostTime = () => {
      restarts++;
    };
    const { token, work } = await measurePicture(engine, task, { snapshot: () => ({ ...now }), restartHostTime });
    expect(restarts).toBe(1);
    expect(token).toBe(5);
    expect(work).toMatchObject({ dispatches: 70, t: 900, submits: 0 });
  });

  it("refuses an engine that says nothing", async () => {
    const counters = { snapshot: () => nothing, restartHostTime() {} };
    await expect(measurePicture({ features, firstToken: async () => {} }, task, counters)).rejects.toThrow(/no token/);
  });
});

describe("featureError", () => {
  it("gives the largest difference, and the difference's length over the reference's", () => {
    const error = featureError(Float32Array.of(3, 4.5, 0), Float32Array.of(3, 4, 0));
    expect(error).toEqual({ maxAbsolute: 0.5, relative: 0.1 });
  });

  it("does not hide what is no number, and refuses another count", () => {
    expect(featureError(Float32Array.of(Number.NaN), Float32Array.of(1))).toEqual({
      maxAbsolute: Number.NaN,
      relative: Number.NaN,
    });
    expect(() => featureError(new Float32Array(2), new Float32Array(3))).toThrow(/2 features instead of 3/);
  });
});

describe("agreeingTokens", () => {
  it("counts from the front and stops at the first difference", () => {
    expect(agreeingTokens([1, 2, 3], [1, 2, 3, 4])).toBe(3);
    expect(agreeingTokens([1, 9, 3], [1, 2, 3])).toBe(1);
    expect(agreeingTokens([1, 2, 3], [1, 2])).toBe(2);
  });
});
