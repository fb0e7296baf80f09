// Occlusion maps of the shown answer: for every cell of the picture that was covered, how far each token's prediction moved, once per
// fill. One set of passes serves all tokens, so a map belongs to a rollout and is kept while its answer is. What is measured when is
// `occlusionJob.ts`'s business.

import { type AnswerHeader, answerHeader, answerTokens } from "@/client/live";
import type { Cover, CoverFill } from "@/image/cover";
import { type Cell, cellKey, coarseCells, type PatchGrid, patchesOf, splitCell } from "@/image/occlusionGrid";
import { isNoise, type Spread, spreadOf } from "@/lib/spread";
import type { TokenStats } from "@/rl/dependency";
import type { TokenSpan } from "../selection";

/** The fills of a cell, in the order in which they are measured; their spread says how much the fill itself matters. */
export const covers: readonly Cover[] = [
  { fill: "mean", seed: 0 },
  { fill: "black", seed: 0 },
  { fill: "noise", seed: 1 },
  { fill: "noise", seed: 2 },
];

/** What the fills are called. */
export const fillNames: Readonly<Record<CoverFill, string>> = { mean: "mean colour", black: "black", noise: "noise" };

/** Less than this, in nats, is nothing to speak of. */
export const faintNats = 0.05;

/** A covered cell: KL of every token in nats, [T] per fill; a fill that was not measured yet is absent. */
interface CoveredCell {
  readonly cell: Cell;
  readonly kl: (Float32Array | undefined)[];
}

/** A cell as it is drawn for a token or a span. */
export interface MapCell {
  readonly key: string;
  readonly cell: Cell;
  readonly patches: number;
  /** KL of the tokens together when the cell is covered, over fills, in nats. */
  readonly spread: Spread;
  /** The same per patch, so that large and small cells can be compared. */
  readonly density: number;
  readonly isNoise: boolean;
}

/** The map of one rollout. */
export class OcclusionMap {
  readonly #cells = new Map<string, CoveredCell>();
  readonly #whole: (Float32Array | undefined)[] = [];

  /** @param tokenCount The map is of an answer of this length. */
  constructor(
    readonly grid: PatchGrid,
    readonly tokenCount: number,
  ) {}

  /** Takes the numbers of a covered cell, or of the whole covered picture (null). */
  put(cell: Cell | null, fill: number, { kl }: TokenStats): void {
    if (!cell) {
      this.#whole[fill] = kl;
      return;
    }
    const key = cellKey(cell);
    const covered = this.#cells.get(key) ?? { cell, kl: [] };
    covered.kl[fill] = kl;
    this.#cells.set(key, covered);
  }

  has(cell: Cell | null, fill: number): boolean {
    return (cell ? this.#cells.get(cellKey(cell))?.kl[fill] : this.#whole[fill]) !== undefined;
  }

  /** The KL of every token while a cell is covered, mean over its fills, in nats. */
  tokensUnder(key: string): Float32Array | null {
    const measured = this.#cells.get(key)?.kl.filter((values) => values !== undefined) ?? [];
    if (measured.length === 0) return null;
    return Float32Array.from({ length: this.tokenCount }, (_, t) => spreadOf(measured.map((kl) => kl[t] ?? 0)).mean);
  }

  /** How far the tokens move when the whole picture is covered: what no cell can much exceed. */
  whole(span: TokenRange): Spread {
    return spreadOver(this.#whole, span);
  }

  /** One measured cell for a span; undefined before its first fill. */
  cellFor(cell: Cell, span: TokenRange): MapCell | undefined {
    const covered = this.#cells.get(cellKey(cell));
    if (!covered) return undefined;
    const spread = spreadOver(covered.kl, span);
    const patches = patchesOf(cell);
    return { key: cellKey(cell), cell, patches, spread, density: spread.mean / patches, isNoise: isNoise(spread) };
  }

  /** The smallest measured cells that cover the picture as far as it is measured, for a token or a span. */
  leaves(span: TokenRange): readonly MapCell[] {
    const leaves: MapCell[] = [];
    const visit = (cell: Cell) => {
      const parts = splitCell(cell);
      if (parts.length > 0 && parts.every((part) => this.#cells.has(cellKey(part)))) {
        for (const part of parts) visit(part);
        return;
      }
      const measured = this.cellFor(cell, span);
      if (measured) leaves.push(measured);
    };
    for (const cell of coarseCells(this.grid)) visit(cell);
    return leaves;
  }
}

/** Tokens from start to end, end included. */
export type TokenRange = Pick<TokenSpan, "start" | "end">;

function spreadOver(fills: readonly (Float32Array | undefined)[], { start, end }: TokenRange): Spread {
  const sums = fills.flatMap((kl) => {
    if (!kl) return [];
    let sum = 0;
    for (let t = start; t <= end; t++) sum += kl[t] ?? 0;
    return [sum];
  });
  return spreadOf(sums);
}

// By the header's identity: an answer that is shown again has its maps again, and one that is gone takes them along.
const maps = new WeakMap<AnswerHeader, Map<number, OcclusionMap>>();

/** The map of a rollout of the shown answer; null before the first pass. */
export function occlusionMap(rollout: number): OcclusionMap | null {
  const header = answerHeader();
  const map = header && maps.get(header)?.get(rollout);
  return map && map.tokenCount === answerTokens.length(rollout) ? map : null;
}

/** Keeps the map of a rollout of an answer. */
export function keepOcclusionMap(header: AnswerHeader, rollout: number, map: OcclusionMap): void {
  const ofAnswer = maps.get(header) ?? new Map<number, OcclusionMap>();
  ofAnswer.set(rollout, map);
  maps.set(header, ofAnswer);
}
