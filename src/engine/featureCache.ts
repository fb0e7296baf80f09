// Features of the pictures and masked copies seen last, least recently used out first. Keyed by the pixels themselves, so a mask
// drawn again with the same seed is found, too.

import type { Tensor } from "@tensorflow/tfjs-core";
import type { ProcessedImage } from "@/models/family";

const defaultCapBytes = 64 * 1024 * 1024;

/** Keeps tensors of features; owns what it holds. */
export class FeatureCache {
  readonly #entries = new Map<string, Tensor>();
  /** A picture's key costs a pass over its pixels, and one picture is asked for several times. */
  readonly #keys = new WeakMap<ProcessedImage, string>();
  #bytes = 0;

  constructor(private readonly capBytes = defaultCapBytes) {}

  /** The cached features, still owned by the cache. */
  get(image: ProcessedImage): Tensor | undefined {
    const key = this.#keyOf(image);
    const found = this.#entries.get(key);
    if (found) {
      this.#entries.delete(key);
      this.#entries.set(key, found);
    }
    return found;
  }

  /** Takes ownership of `features`. */
  put(image: ProcessedImage, features: Tensor): void {
    const key = this.#keyOf(image);
    if (this.#entries.has(key)) {
      features.dispose();
      return;
    }
    this.#entries.set(key, features);
    this.#bytes += features.size * 4;
    for (const [oldest, tensor] of this.#entries) {
      if (this.#bytes <= this.capBytes || oldest === key) break;
      this.#entries.delete(oldest);
      this.#bytes -= tensor.size * 4;
      tensor.dispose();
    }
  }

  #keyOf(image: ProcessedImage): string {
    const known = this.#keys.get(image) ?? keyOf(image);
    this.#keys.set(image, known);
    return known;
  }

  clear(): void {
    for (const tensor of this.#entries.values()) tensor.dispose();
    this.#entries.clear();
    this.#bytes = 0;
  }
}

/** 64 bits of two hashes over the pixels, with the grid they form. */
function keyOf({ pixelValues, rows, columns }: ProcessedImage): string {
  const words = new Uint32Array(pixelValues.buffer, pixelValues.byteOffset, pixelValues.length);
  let [a, b] = [0x811c9dc5, 0x9e3779b9];
  for (const word of words) {
    a = Math.imul(a ^ word, 0x01000193);
    b = Math.imul((b ^ word) + 0x7f4a7c15, 0x85ebca6b);
    b ^= b >>> 15;
  }
  return `${rows}x${columns}:${words.length}:${a >>> 0}:${b >>> 0}`;
}
