// BF16 weights out of nothing: for every kind of tensor one pattern of pseudo-random values with the variance that a freshly
// initialised network has, tiled over the tensor from an offset of its own. Any range of a file is then a few copies, and the
// same bytes come every time. The pattern's length is a prime number, so that no two rows of a matrix are equal.

import { createRng } from "@/lib/rng";
import type { TensorShape } from "./layouts";

/** Values per pattern: the Mersenne prime 2¹⁹ − 1. */
const patternValues = 524_287;

interface Distribution {
  readonly centre: number;
  /** Values are uniform in centre ± width. */
  readonly width: number;
}

/** How a tensor's values are spread, by its name and shape. */
function distributionOf(name: string, shape: readonly number[]): Distribution {
  if (name.endsWith(".bias")) return { centre: 0, width: 0.02 };
  if (shape.length === 1) return { centre: 1, width: 0.1 };
  if (name.includes("pos_embed") || name.includes("position_embedding")) return { centre: 0, width: 0.05 };
  const inputs = shape.slice(1).reduce((a, b) => a * b, 1);
  return { centre: 0, width: Math.sqrt(3 / inputs) };
}

const patterns = new Map<string, Uint8Array>();

/** `patternValues` BF16 values, little-endian. */
function patternOf({ centre, width }: Distribution): Uint8Array {
  const key = `${centre} ${width}`;
  const known = patterns.get(key);
  if (known) return known;
  const rng = createRng(7, hash(key));
  const values = Float32Array.from({ length: patternValues }, () => centre + width * (2 * rng.next() - 1));
  const words = new Uint32Array(values.buffer);
  // The upper half of a float32 is its BF16 value, rounded towards zero.
  const pattern = new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer);
  patterns.set(key, pattern);
  return pattern;
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/** Fills `target` with the tensor's bytes from byte `begin` of the tensor on. */
export function fillTensorBytes([name, shape]: TensorShape, begin: number, target: Uint8Array): void {
  const pattern = patternOf(distributionOf(name, shape));
  let from = (2 * (hash(name) % patternValues) + begin) % pattern.length;
  for (let at = 0; at < target.length; from = 0) {
    const length = Math.min(pattern.length - from, target.length - at);
    target.set(pattern.subarray(from, from + length), at);
    at += length;
  }
}
