import type { Tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import type { PackedPrompt } from "../packing";
import { layOut, type RolloutGroup, rowsOf } from "./lanes";

const picture = { name: "picture" } as unknown as Tensor;
const masks = ["first", "second"].map((name) => ({ name }) as unknown as Tensor);
/** A prompt of four tokens, positions 0 to 3. */
const prompt: PackedPrompt = {
  ids: Int32Array.of(7, 8, 9, 10),
  feature: new Int32Array(4).fill(-1),
  featureCount: 1,
  positions: Int32Array.of(0, 1, 2, 3),
  axes: 1,
  next: 4,
};
const group = (over: Partial<RolloutGroup> = {}): RolloutGroup => ({
  prompt,
  features: picture,
  masked: masks,
  rollouts: 2,
  firstStream: 5,
  ...over,
});

describe("layOut", () => {
  it("gives every picture a prefix without the last prompt token, and every lane cache rows of its own after them", () => {
    const { lanes, prefixes, groupOf } = layOut([group()], 10, true);
    expect(prefixes.map(({ features }) => features)).toEqual([picture, ...masks]);
    expect(groupOf).toEqual([0, 0]);
    expect(lanes.map(({ prefixStart }) => prefixStart)).toEqual([0, 0, 3, 6]);
    expect(lanes.map(({ segment }) => segment)).toEqual([9, 19, 29, 39]);
    expect(lanes.map(({ stream }) => stream)).toEqual([5, 6, 5, 6]);
    expect(lanes.every(({ tokenId, position, prefixLength }) => tokenId === 10 && position === 3 && prefixLength === 3)).toBe(
      true,
    );
  });

  it("shares one masked picture among all twins of a group, and leaves twins out when they are not wanted", () => {
    const shared = layOut([group({ masked: masks.slice(0, 1) })], 10, true);
    expect(shared.lanes.map(({ prefixStart }) => prefixStart)).toEqual([0, 0, 3, 3]);
    expect(layOut([group()], 10, false).lanes.length).toBe(2);
  });
});

describe("rowsOf", () => {
  it("puts the rollouts that still run where their tokens have brought them, with their twins after them", () => {
    const { lanes } = layOut([group()], 10, true);
    const rollouts = [{ ids: [1, 2, 3] }, { ids: [4, 5] }];
    const { sampling, rows, positions, slots, tokenIds } = rowsOf(lanes, [1], rollouts, 99);
    // Seed, stream, tokens so far, running.
    expect([...sampling]).toEqual([99, 6, 2, 1]);
    expect([...rows]).toEqual([0, 3, 19, 6, 6, 3, 39, 6]);
    expect([...positions]).toEqual([5, 5]);
    expect([...slots]).toEqual([21, 41]);
    expect([...tokenIds]).toEqual([5, 5]);
  });

  it("begins with the last prompt token", () => {
    const { lanes } = layOut([group()], 10, false);
    const { tokenIds, positions, rows } = rowsOf(lanes, [0, 1], [{ ids: [] }, { ids: [] }], 1);
    expect([...tokenIds]).toEqual([10, 10]);
    expect([...positions]).toEqual([3, 3]);
    expect([...rows]).toEqual([0, 3, 3, 4, 0, 3, 13, 4]);
  });
});
