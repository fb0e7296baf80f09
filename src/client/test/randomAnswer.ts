// Test data: answers whose numbers are consistent with each other, from random distributions over a small vocabulary. For tests only;
// nothing on the page is made of it.

import { createRng, type Rng } from "@/lib/rng";
import type { TokenChunk } from "@/protocol/generation";

const words =
  "<think>|There| are| two| red| circles| and| one| blue| square|.|</think>|\n|The| answer| is| \\boxed{|2|3|}|<|im_end|>| triangle| left| of| green";
/** Display texts of the test vocabulary by id. */
export const randomTexts: Readonly<Record<number, string>> = Object.fromEntries(
  words
    .replace("<|im_end|>", "<END>")
    .split("|")
    .map((text, id) => [id, text.replace("<END>", "<|im_end|>")]),
);
const vocabulary = Object.keys(randomTexts).length;
export const randomTopK = 6;

const sentence = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20];

/** Tokens of one rollout: the test sentence, repeated up to `length`, with exact statistics of random distributions. */
export function randomRollout(rollout: number, length: number, seed = 1): TokenChunk {
  const rng = createRng(seed, rollout);
  const chunk = {
    rollout: new Int32Array(length).fill(rollout),
    ids: new Int32Array(length),
    stats: new Float32Array(length * 7),
    topIds: new Int32Array(length * 2 * randomTopK),
    topLogp: new Float32Array(length * 2 * randomTopK),
    topOther: new Float32Array(length * 2 * randomTopK),
  };
  for (let t = 0; t < length; t++) {
    const id = sentence[t % sentence.length] as number;
    chunk.ids[t] = id;
    fillToken(chunk, t, id, rng);
  }
  return chunk;
}

function fillToken(chunk: TokenChunk, t: number, id: number, rng: Rng): void {
  const looks = rng.next() < 0.35 ? 1 + 3 * rng.next() : 0.15 * rng.next();
  const base = Float64Array.from({ length: vocabulary }, () => 1.5 * rng.normal());
  const image = base.map((value, v) => value + (v === id ? 2 + looks : 0));
  const masked = base.map((value, v) => value + (v === id ? 2 - looks * rng.next() : looks * rng.normal() * 0.5));
  const p = logSoftmax(image);
  const q = logSoftmax(masked);
  const m = p.map((value, v) => Math.log((Math.exp(value) + Math.exp(q[v] as number)) / 2));
  const kl = divergence(p, q);
  const jsd = (divergence(p, m) + divergence(q, m)) / 2;
  const top = order(p);
  const drop = Math.exp(p[top[0] as number] as number) - Math.exp(q[top[0] as number] as number);
  chunk.stats.set([p[id] as number, q[id] as number, kl, jsd, entropy(p), entropy(q), Math.max(0, drop)], t * 7);
  [top, order(q)].forEach((ids, condition) => {
    for (let j = 0; j < randomTopK; j++) {
      const at = (t * 2 + condition) * randomTopK + j;
      const v = ids[j] as number;
      chunk.topIds[at] = v;
      chunk.topLogp[at] = (condition === 0 ? p[v] : q[v]) as number;
      chunk.topOther[at] = (condition === 0 ? q[v] : p[v]) as number;
    }
  });
}

function logSoftmax(logits: Float64Array): Float64Array {
  const top = Math.max(...logits);
  const total = Math.log(logits.reduce((sum, value) => sum + Math.exp(value - top), 0)) + top;
  return logits.map((value) => value - total);
}

function divergence(p: Float64Array, q: Float64Array): number {
  return p.reduce((sum, value, v) => sum + Math.exp(value) * (value - (q[v] as number)), 0);
}

function entropy(p: Float64Array): number {
  return -p.reduce((sum, value) => sum + Math.exp(value) * value, 0);
}

function order(logp: Float64Array): number[] {
  return Array.from(logp.keys()).sort((a, b) => (logp[b] as number) - (logp[a] as number));
}
