import { describe, expect, it } from "vitest";
import { randomRollout, randomTexts, randomTopK } from "@/client/test/randomAnswer";
import { TokenBuffer } from "@/client/tokenBuffer";
import { pairedTop } from "./pairedTop";

const buffer = new TokenBuffer();
buffer.start(1, randomTopK);
buffer.append(randomRollout(0, 60), randomTexts);
const stats = buffer.stats(0);

function pairsAt(t: number) {
  const sampled = { id: buffer.ids(0)[t]!, logp: stats.logp[t]!, logpMasked: stats.logpMasked[t]! };
  return pairedTop(buffer.top(0, t, 0), buffer.top(0, t, 1), sampled, stats.kl[t]!);
}

describe("pairedTop", () => {
  it("adds up: probabilities to 1 under both conditions, contributions to the KL", () => {
    for (let t = 0; t < 60; t++) {
      const { rows, tail } = pairsAt(t);
      const sum = (of: (row: (typeof rows)[number] | typeof tail) => number) =>
        [...rows, tail].reduce((total, row) => total + of(row), 0);
      expect(sum((row) => row.probability)).toBeCloseTo(1, 5);
      expect(sum((row) => row.probabilityMasked)).toBeCloseTo(1, 5);
      expect(sum((row) => row.contribution)).toBeCloseTo(stats.kl[t]!, 5);
    }
  });

  it("lists every token once and always the sampled one", () => {
    for (let t = 0; t < 60; t++) {
      const { rows } = pairsAt(t);
      expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length);
      expect(rows.filter((row) => row.sampled).map((row) => row.id)).toEqual([buffer.ids(0)[t]]);
    }
  });

  it("takes a token that is likely only without the image from the masked list", () => {
    const image = { ids: Int32Array.of(1), logp: Float32Array.of(Math.log(0.9)), other: Float32Array.of(Math.log(0.2)) };
    const masked = { ids: Int32Array.of(2), logp: Float32Array.of(Math.log(0.7)), other: Float32Array.of(Math.log(0.05)) };
    const { rows } = pairedTop(image, masked, { id: 1, logp: Math.log(0.9), logpMasked: Math.log(0.2) }, 1.2);
    expect(rows.map((row) => row.id)).toEqual([1, 2]);
    expect(rows[1]?.probability).toBeCloseTo(0.05, 6);
    expect(rows[1]?.probabilityMasked).toBeCloseTo(0.7, 6);
    expect(rows[1]?.contribution).toBeCloseTo(0.05 * Math.log(0.05 / 0.7), 6);
  });

  it("gives a token that is impossible with the image no part of the KL", () => {
    const image = { ids: Int32Array.of(1), logp: Float32Array.of(0), other: Float32Array.of(-1) };
    const masked = { ids: Int32Array.of(2), logp: Float32Array.of(-1), other: Float32Array.of(Number.NEGATIVE_INFINITY) };
    expect(pairedTop(image, masked, { id: 1, logp: 0, logpMasked: -1 }, 1).rows[1]?.contribution).toBe(0);
  });
});
