// Metadata of a GGUF file by key and kind: what is missing or of another kind is an error that names the file and the key.
import { GgufError, quote } from "./ggufError";
import type { GgufHeader, GgufValue } from "./header";

/**
 * The shortest decimal that is the same float32. Epsilons and colour means are stored as float32 of what config.json spells
 * "1e-06": this gives back the spelling. Doubles that no float32 equals stay as they are.
 */
export function shortestDecimal(value: number): number {
  if (Math.fround(value) !== value || Number.isInteger(value)) return value;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

const isNumber = (value: GgufValue): value is number => typeof value === "number" && Number.isFinite(value);
const isCount = (value: GgufValue): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const isText = (value: GgufValue): value is string => typeof value === "string";
const isFlag = (value: GgufValue): value is boolean => typeof value === "boolean";

function listOf<T extends GgufValue>(isItem: (value: GgufValue) => value is T) {
  return (value: GgufValue): value is readonly T[] => Array.isArray(value) && value.every(isItem);
}

/** Typed access to the metadata of one file. Every getter returns undefined without the key and throws GgufError for another kind. */
export class GgufMetadata {
  constructor(private readonly header: GgufHeader) {}

  private get<T extends GgufValue>(key: string, is: (value: GgufValue) => value is T, kind: string): T | undefined {
    const value = this.header.metadata.get(key);
    if (value === undefined || is(value)) return value;
    throw new GgufError(this.header.file, `its entry ${quote(key)} is not ${kind}`);
  }

  number(key: string): number | undefined {
    const value = this.get(key, isNumber, "a number");
    return value === undefined ? undefined : shortestDecimal(value);
  }

  /** A whole number from 0. */
  count(key: string): number | undefined {
    return this.get(key, isCount, "a count");
  }

  text(key: string): string | undefined {
    return this.get(key, isText, "text");
  }

  numbers(key: string): readonly number[] | undefined {
    return this.get(key, listOf(isNumber), "a list of numbers")?.map(shortestDecimal);
  }

  counts(key: string): readonly number[] | undefined {
    return this.get(key, listOf(isCount), "a list of counts");
  }

  texts(key: string): readonly string[] | undefined {
    return this.get(key, listOf(isText), "a list of texts");
  }

  flags(key: string): readonly boolean[] | undefined {
    return this.get(key, listOf(isFlag), "a list of switches");
  }

  /** A value that must be there: `metadata.require(key, metadata.count(key))`. */
  require<T>(key: string, value: T | undefined): T {
    if (value !== undefined) return value;
    throw new GgufError(this.header.file, `its entry ${quote(key)} is missing`);
  }

  requireCount(key: string): number {
    return this.require(key, this.count(key));
  }

  requireNumber(key: string): number {
    return this.require(key, this.number(key));
  }
}
