// Where kernels that give the same bits take over from each other. What stands here is a guess from bytes and workgroups;
// engine/tuning measures it on the adapter in use. One set at a time, because there is one device at a time; it is changed
// between jobs only. It decides about speed, never about a result.

/** The choices, each a number that `engine/tuning/trials.ts` has candidates for. */
export interface Variants {
  /** Most rows of a product that read W once and keep their sums in registers (product.wgsl fewRows); more go in tiles. 16 at most. */
  readonly fewRows: number;
  /** Tiles of 64 × 64 results from which on a product takes tiles of that size instead of 32 × 32. */
  readonly largeTiles: number;
  /** Widest row, in vec4, that a workgroup of a single-row product keeps normalised in its memory; 512 (8 KiB) at most. */
  readonly stagedWidth: number;
  /** Bytes of an adapter's A that the workgroups of a product read together, up to which each multiplies with A itself. */
  readonly insideBytes: number;
  /** (row, head) pairs of attention from which on a thread does what a workgroup does below. */
  readonly manyPairs: number;
  /** Keys from which on attention of few rows is split over its keys. */
  readonly longKeys: number;
}

/** What holds until an adapter is measured, and for good on one that computes in software. */
export const standardVariants: Variants = {
  fewRows: 16,
  largeTiles: 128,
  stagedWidth: 512,
  insideBytes: 8 * 1024 * 1024,
  manyPairs: 512,
  longKeys: 1024,
};

let current = standardVariants;

/** The choices for the device in use. */
export const variants = (): Variants => current;

/** Changes the choices from the next dispatch on; what is recorded stays as it is. */
export function chooseVariants(chosen: Variants): void {
  current = chosen;
}
