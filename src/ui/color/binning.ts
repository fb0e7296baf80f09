// From values to the 16 bins of a colour map: domain, scale and rounding. Pure. A value that is not zero never falls into the bin
// of zero, so that small and nothing stay apart.

import { binCount } from "./maps";

export type BinScale = "linear" | "log" | "rank";

/** The range that colours span: from 0 to `max`, or from −max to max when signed. */
export interface BinDomain {
  readonly max: number;
  readonly signed: boolean;
  /** All values in order of size; needed by the rank scale only. */
  readonly sorted: Float32Array;
}

const clippedShare = 0.99;
/** Log scale: values below this part of the maximum look alike. */
const logFloor = 1e-3;
/** Below this, values are noise, and a map stretched over them would show structure that is not there. */
const smallestMax = 0.05;

/** How the upper end of a domain is found. */
export interface DomainOptions {
  /** The upper end itself; 0 takes it from the values. */
  readonly max?: number;
  /** The smallest upper end that is taken from values. */
  readonly floor?: number;
}

/** The domain of all finite values: up to a given end, or up to their 99th percentile, rounded up to a readable number. */
export function binDomain(columns: readonly Float32Array[], signed: boolean, options: DomainOptions = {}): BinDomain {
  const { max = 0, floor = smallestMax } = options;
  const sizes = new Float32Array(columns.reduce((count, column) => count + column.length, 0));
  let count = 0;
  for (const column of columns)
    for (const value of column) if (Number.isFinite(value)) sizes[count++] = signed ? Math.abs(value) : value;
  const sorted = sizes.subarray(0, count).sort();
  const top = sorted[Math.max(0, Math.ceil(clippedShare * sorted.length) - 1)] ?? 0;
  return { max: max > 0 ? max : niceAbove(Math.max(top, floor)), signed, sorted };
}

/** Position of a value on the map, 0 to 1. */
export function binPosition(value: number, domain: BinDomain, scale: BinScale): number {
  const size = sizePosition(Math.abs(value), domain, scale);
  if (!domain.signed) return value <= 0 ? 0 : size;
  return 0.5 + (Math.sign(value) * size) / 2;
}

/** The bin of a value, 0 to 15; what is not a number looks like 0. */
export function binOf(value: number, domain: BinDomain, scale: BinScale): number {
  if (Number.isNaN(value)) return neutralBin(domain.signed);
  const position = binPosition(value, domain, scale);
  const bin = Math.min(binCount - 1, Math.floor(position * binCount));
  if (domain.signed) return value < 0 ? Math.min(bin, binCount / 2 - 1) : bin;
  return value > visibleFloor * domain.max ? Math.max(1, bin) : bin;
}

/** The bin of 0, and of tokens without a value. */
export function neutralBin(signed: boolean): number {
  return signed ? binCount / 2 : 0;
}

const visibleFloor = 0.005;

/** Bins of a column of values. */
export function binsOf(values: Float32Array, domain: BinDomain, scale: BinScale): Uint8Array {
  return Uint8Array.from(values, (value) => binOf(value, domain, scale));
}

/** The value at a position of the map, 0 to 1: the inverse of `binPosition`, for legends. */
export function valueAtPosition(position: number, domain: BinDomain, scale: BinScale): number {
  if (!domain.signed) return sizeAt(position, domain, scale);
  const side = position - 0.5;
  return Math.sign(side) * sizeAt(Math.abs(side) * 2, domain, scale);
}

function sizePosition(size: number, { max, sorted }: BinDomain, scale: BinScale): number {
  if (scale === "rank") return sorted.length === 0 ? 0 : countBelow(sorted, size) / sorted.length;
  const share = Math.min(size / max, 1);
  return scale === "linear" ? share : Math.max(0, 1 - Math.log(Math.max(share, logFloor)) / Math.log(logFloor));
}

function sizeAt(position: number, { max, sorted }: BinDomain, scale: BinScale): number {
  if (scale === "rank") return sorted[Math.min(sorted.length - 1, Math.floor(position * sorted.length))] ?? 0;
  return scale === "linear" ? position * max : max * logFloor ** (1 - position);
}

function countBelow(sorted: Float32Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The next number of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten. */
export function niceAbove(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const factor of [1, 1.5, 2, 3, 4, 5, 6, 8, 10]) {
    if (factor * power >= value * (1 - 1e-6)) return Number((factor * power).toPrecision(3));
  }
  return 10 * power;
}
