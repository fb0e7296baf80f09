import { describe, expect, it } from "vitest";
import { modelText, oldestLeaf, sameModel, treeRows, withDescendants } from "./answerTree";

const node = (id: number, parent: number | null = null) => ({ id, parent });
// 1 ─ 3 ─ 5, 1 ─ 4, 2
const tree = [node(1), node(2), node(3, 1), node(4, 1), node(5, 3)];

describe("the tree of answers", () => {
  it("stands as lines with every branch below what it goes on from", () => {
    expect(treeRows(tree).map(({ node: { id }, depth }) => [id, depth])).toEqual([
      [1, 0],
      [3, 1],
      [5, 2],
      [4, 1],
      [2, 0],
    ]);
  });

  it("shows a branch as a root when its parent is gone", () => {
    expect(treeRows(tree.slice(1)).map(({ node: { id }, depth }) => [id, depth])).toEqual([
      [2, 0],
      [3, 0],
      [5, 1],
      [4, 0],
    ]);
  });

  it("names everything that goes with a node", () => {
    expect(withDescendants(tree, 1)).toEqual([1, 3, 5, 4]);
    expect(withDescendants(tree, 4)).toEqual([4]);
  });

  it("drops the oldest leaf, those taken away first, and never the newest", () => {
    expect(oldestLeaf(tree, [], 5)?.id).toBe(2);
    expect(oldestLeaf(tree, [3, 5], 4)?.id).toBe(5);
    expect(oldestLeaf([node(1)], [], 1)).toBeUndefined();
  });
});

describe("marks of models", () => {
  const mark = { name: "m", adapter: null, step: 0, run: null, precision: "int8" };

  it("are the same for the same weights, and where formats were not written down", () => {
    expect(sameModel(mark, { ...mark })).toBe(true);
    expect(sameModel(mark, { ...mark, precision: null })).toBe(true);
  });

  it("differ by name, adapter, step, run and formats", () => {
    for (const other of [{ name: "n" }, { adapter: "a" }, { step: 1 }, { run: "r" }, { precision: "f32" }]) {
      expect(sameModel(mark, { ...mark, ...other })).toBe(false);
    }
  });

  it("are said in words", () => {
    expect([modelText(mark), modelText({ ...mark, step: 12 }), modelText({ ...mark, adapter: "a" })]).toEqual([
      "m",
      "m after step 12",
      "m with a",
    ]);
  });
});
