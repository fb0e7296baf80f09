// The accuracy of every cell of a sweep, and the range they span. Pure.

import { type Estimate, meanOverSeeds, summarise } from "@/rl/evaluation";
import type { Grid, GridCell } from "@/study/grid";
import type { StudyResult } from "@/study/results";

export interface GridValue extends GridCell {
  /** Finished runs. */
  readonly seeds: number;
  readonly accuracy: Estimate;
}

/** Cells in their order, k by k; low and high are infinite while no cell has a run. */
export function gridValues(
  { cells }: Grid,
  runsOfArm: (arm: string) => readonly StudyResult[],
): { readonly cells: readonly GridValue[]; readonly low: number; readonly high: number } {
  const values = cells.map((cell): GridValue => {
    const runs = runsOfArm(cell.arm);
    return { ...cell, seeds: runs.length, accuracy: meanOverSeeds(runs.map(({ after }) => summarise(after).accuracy.value)) };
  });
  const measured = values.filter(({ seeds }) => seeds > 0).map(({ accuracy }) => accuracy.value);
  return { cells: values, low: Math.min(...measured), high: Math.max(...measured) };
}
