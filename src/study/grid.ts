// A sweep of VPPO over k × β_min as arms of a study: one arm per cell, named by its numbers, so that a stored result tells its cell. Pure.

import { policyPresets } from "@/rl/settings";
import type { StudyArm, StudyRow } from "./plan";

/** A cell of the grid. */
export interface GridCell {
  readonly keepRatio: number;
  readonly betaMin: number;
  readonly arm: string;
}

/** The grid that a study's arms make. */
export interface Grid {
  /** Ascending. */
  readonly keepRatios: readonly number[];
  readonly betaMins: readonly number[];
  readonly cells: readonly GridCell[];
}

/** Values of one side that are allowed: more make a study that nobody waits for. */
export const mostGridValues = 7;
export const gridTitle = "k × β_min";

const name = /^k(\d\.?\d{0,3})-b(\d\.?\d{0,3})$/;

/** Name of a cell's arm. */
export function gridArmId(keepRatio: number, betaMin: number): string {
  return `k${keepRatio}-b${betaMin}`;
}

/** The arm of a name; undefined for names that are not of a cell. */
export function gridArm(id: string): StudyArm | undefined {
  const cell = gridCell(id);
  if (!cell) return undefined;
  const { keepRatio, betaMin } = cell;
  return { id, label: `k ${keepRatio}, β ${betaMin}`, policy: { ...policyPresets.vppo, keepRatio, betaMin } };
}

/** Names of the arms of a grid, k by k. */
export function gridArmIds(keepRatios: readonly number[], betaMins: readonly number[]): readonly string[] {
  return ascending(keepRatios).flatMap((keepRatio) => ascending(betaMins).map((betaMin) => gridArmId(keepRatio, betaMin)));
}

/** The grid of the cells among these arms; null for none. */
export function gridOf(arms: readonly string[]): Grid | null {
  const cells = arms.flatMap((id) => gridCell(id) ?? []);
  if (cells.length === 0) return null;
  return {
    keepRatios: ascending(cells.map(({ keepRatio }) => keepRatio)),
    betaMins: ascending(cells.map(({ betaMin }) => betaMin)),
    cells,
  };
}

/** The cells as rows of a table, k by k. */
export function gridRows(arms: readonly string[]): readonly StudyRow[] {
  return arms.flatMap((id) => {
    const arm = gridArm(id);
    return arm ? [{ arm: id, label: arm.label }] : [];
  });
}

/** Numbers of one side as they are typed, "0.2, 0.4"; null where one of them cannot be used. */
export function readGridValues(text: string): readonly number[] | null {
  const values = text
    .split(/[\s,;]+/)
    .filter((part) => part !== "")
    .map(Number);
  const isUsable = (value: number) => Number.isFinite(value) && value > 0 && value <= 1 && value === Number(value.toFixed(3));
  if (values.length === 0 || values.length > mostGridValues || !values.every(isUsable)) return null;
  return ascending(values);
}

function gridCell(id: string): GridCell | undefined {
  const match = name.exec(id);
  const [keepRatio, betaMin] = [Number(match?.[1]), Number(match?.[2])];
  return keepRatio > 0 && keepRatio <= 1 && betaMin > 0 && betaMin <= 1 ? { keepRatio, betaMin, arm: id } : undefined;
}

const ascending = (values: readonly number[]) => [...new Set(values)].sort((a, b) => a - b);
