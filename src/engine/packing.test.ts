// Properties of packed rows, against the plain definition: a response token is predicted from its prompt and what came before it.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PackGroup, packGroups } from "./packing";

const ids = (minLength: number) => fc.array(fc.nat(500), { minLength, maxLength: 8 }).map((values) => Int32Array.from(values));

/** Positions of a text: one axis, one step per token. */
const linePositions = (length: number) => ({
  positions: Int32Array.from({ length }, (_, t) => t),
  axes: 1 as const,
  next: length,
});

/** A prompt with some image tokens, never the last one. */
const prompt = fc.tuple(ids(2), fc.infiniteStream(fc.boolean())).map(([tokens, images]) => {
  let featureCount = 0;
  const feature = tokens.map((_, t) => (t < tokens.length - 1 && images.next().value ? featureCount++ : -1));
  return { ids: tokens, feature, featureCount, ...linePositions(tokens.length) };
});

const group: fc.Arbitrary<PackGroup> = fc.record({ prompt, responses: fc.array(ids(0), { maxLength: 4 }) });
const groups = fc.array(group, { minLength: 1, maxLength: 4 });

/** Keys row `m` sees, by the meta of ops/attention: prefix [start, start + length), then its own segment up to the row's count. */
function visible(rows: Int32Array, m: number): number[] {
  const [prefixStart, prefixLength, ownStart, count] = rows.subarray(m * 4, m * 4 + 4) as unknown as [
    number,
    number,
    number,
    number,
  ];
  return Array.from({ length: count }, (_, j) => (j < prefixLength ? prefixStart + j : ownStart + j - prefixLength));
}

describe("packGroups", () => {
  it("predicts every response token exactly once, from a row that is fed the token before it", () => {
    fc.assert(
      fc.property(groups, (all) => {
        const packed = packGroups(all);
        const wanted = all.flatMap(({ responses }) => responses.flatMap((response) => [...response]));
        expect([...packed.targets]).toEqual(wanted);
        expect(new Set(packed.targetRows).size).toBe(wanted.length);
        packed.targetInverse.forEach((target, row) => {
          if (target >= 0) expect(packed.targetRows[target]).toBe(row);
        });
        expect(packed.targetInverse.filter((target) => target >= 0).length).toBe(wanted.length);
        for (const { group: g, response: r, start, length } of packed.segments) {
          const { prompt: asked, responses } = all[g]!;
          expect(length).toBe(responses[r]!.length);
          for (let t = 0; t < length; t++) {
            const row = packed.targetRows[start + t]!;
            expect(packed.ids[row]).toBe(t === 0 ? asked.ids.at(-1) : responses[r]![t - 1]);
            expect(packed.positions[row]).toBe(asked.ids.length - 1 + t);
          }
        }
      }),
    );
  });

  it("lets a predicting row see its prompt and its own response so far, in order, and nothing else", () => {
    fc.assert(
      fc.property(groups, (all) => {
        const packed = packGroups(all);
        for (const { group: g, response: r, start, length } of packed.segments) {
          for (let t = 0; t < length; t++) {
            const keys = visible(packed.rows, packed.targetRows[start + t]!);
            expect(keys.map((key) => packed.ids[key])).toEqual([...all[g]!.prompt.ids, ...all[g]!.responses[r]!.slice(0, t)]);
            expect(keys.map((key) => packed.positions[key])).toEqual(keys.map((_, j) => j));
          }
        }
      }),
    );
  });

  it("names for every key a range that holds all rows that see it", () => {
    fc.assert(
      fc.property(groups, (all) => {
        const packed = packGroups(all);
        for (let m = 0; m < packed.count; m++) {
          for (const key of visible(packed.rows, m)) {
            expect(m).toBeGreaterThanOrEqual(packed.keys[key * 2]!);
            expect(m).toBeLessThan(packed.keys[key * 2 + 1]!);
          }
        }
      }),
    );
  });

  it("puts each image feature in the row of its image token, the features of all prompts one after the other", () => {
    fc.assert(
      fc.property(groups, (all) => {
        const packed = packGroups(all);
        expect(packed.featureRows.length).toBe(all.reduce((sum, { prompt: p }) => sum + p.featureCount, 0));
        packed.featureRows.forEach((row, feature) => {
          expect(packed.featureIndex[row]).toBe(feature);
        });
        expect(packed.featureIndex.filter((feature) => feature >= 0).length).toBe(packed.featureRows.length);
        for (const row of packed.targetRows) expect(packed.featureIndex[row]).toBe(-1);
      }),
    );
  });

  it("carries several position axes through the prompt, and advances them together after it", () => {
    const prompt = {
      ids: Int32Array.of(5, 6, 7, 8),
      feature: Int32Array.of(-1, 0, 1, -1),
      featureCount: 2,
      positions: Int32Array.of(0, 0, 0, 1, 1, 1, 1, 1, 2, 3, 3, 3),
      axes: 3 as const,
      next: 4,
    };
    const packed = packGroups([{ prompt, responses: [Int32Array.of(9, 9), Int32Array.of(9)] }]);
    expect(packed.axes).toBe(3);
    expect([...packed.positions]).toEqual([0, 0, 0, 1, 1, 1, 1, 1, 2, 3, 3, 3, 4, 4, 4, 3, 3, 3]);
  });

  it("refuses a prompt of one token", () => {
    const one = { ids: Int32Array.of(3), feature: Int32Array.of(-1), featureCount: 0, ...linePositions(1) };
    expect(() => packGroups([{ prompt: one, responses: [] }])).toThrow("two tokens");
  });
});
