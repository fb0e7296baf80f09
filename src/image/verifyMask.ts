// Recomputes a file of random patch blackening (patch-blackening.json: numpy's draws and the cells that the official
// perc_utils.py turns black). Pure: reading files and printing belong to the caller.

import * as v from "valibot";
import { createMt19937 } from "@/lib/mt19937";
import { largestDifference, type VerifyLine, verifyLine } from "@/lib/verifyLine";
import { maskGrid } from "./masks";

const maskSchema = v.object({
  height: v.number(),
  width: v.number(),
  patch: v.number(),
  prob: v.number(),
  numpy_seed: v.number(),
  draws_row_major: v.array(v.number()),
  black_grid: v.array(v.array(v.number())),
});

/** True when the JSON is a file of random patch blackening. */
export function isMaskFile(json: unknown): boolean {
  return v.is(maskSchema, json);
}

/** The draws, which must be numpy's own bits, and the grid of black cells. */
export function verifyMask(json: unknown): VerifyLine[] {
  const { height, width, patch, prob, numpy_seed: seed, draws_row_major: draws, black_grid: rows } = v.parse(maskSchema, json);
  const random = createMt19937(seed);
  const own = draws.map(() => random.random());
  const grid = maskGrid({ width, height }, { kind: "patch_blackening", cellSize: patch, probability: prob }, seed);
  return [
    verifyLine("draws", largestDifference(own, draws), 0),
    verifyLine("black cells", largestDifference(grid?.black ?? [], rows.flat()), 0),
  ];
}
