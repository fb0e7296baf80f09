import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findDuplicateKey } from "./duplicateKey";
import { readHeaderLength, readSafetensors, type SafetensorsCheck, SafetensorsError, writeSafetensors } from "./safetensors";

function fileOf(header: unknown, dataBytes: number, options: { length?: bigint; raw?: Uint8Array } = {}): Uint8Array {
  const json = options.raw ?? new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, options.length ?? BigInt(json.length), true);
  file.set(json, 8);
  return file;
}
const tensor = (begin: number, end: number, shape = [(end - begin) / 4], dtype = "F32") => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});
const checkOf = (file: Uint8Array): SafetensorsCheck | "ok" => {
  try {
    readSafetensors(file);
    return "ok";
  } catch (error) {
    if (error instanceof SafetensorsError) return error.check;
    throw error;
  }
};

describe("readSafetensors", () => {
  it("reads a file that Python wrote", () => {
    const file = readSafetensors(readFileSync("fixtures/smolvlm/model.safetensors"));
    expect(file.tensors.get("lm_head.weight")).toMatchObject({ dtype: "BF16", shape: [288, 48] });
    expect(file.metadata.get("format")).toBe("pt");
    const head = file.float32("lm_head.weight");
    expect(head.length).toBe(288 * 48);
    expect(head.every(Number.isFinite)).toBe(true);
  });

  it("accepts scalars, empty tensors, an empty file and a padded header", () => {
    expect(checkOf(fileOf({}, 0))).toBe("ok");
    expect(checkOf(fileOf({ a: tensor(0, 4, []), b: tensor(4, 4, [0, 9]) }, 4))).toBe("ok");
    expect(checkOf(fileOf(`${JSON.stringify({ a: tensor(0, 4) })}   `, 4))).toBe("ok");
  });

  it("treats __proto__ as a name like any other", () => {
    const file = readSafetensors(fileOf(`{"__proto__":${JSON.stringify(tensor(0, 4))}}`, 4));
    expect([...file.tensors.keys()]).toEqual(["__proto__"]);
    expect(file.float32("__proto__")).toEqual(new Float32Array(1));
  });

  const bad: [SafetensorsCheck, string, Uint8Array][] = [
    ["tooShort", "a file of 3 bytes", new Uint8Array(3)],
    ["headerTooLarge", "a header of 2^62 bytes", fileOf({}, 0, { length: 2n ** 62n })],
    ["headerCutOff", "a header longer than the file", fileOf({}, 0, { length: 1000n })],
    ["notUtf8", "a header that is no UTF-8", fileOf("", 0, { raw: new Uint8Array([0x7b, 0xff, 0x7d]) })],
    ["notJson", "a header that is no JSON", fileOf("{oops}", 0)],
    ["notJson", "a header that is an array", fileOf([], 0)],
    ["notJson", "a header that starts with a space", fileOf(" {}", 0)],
    [
      "duplicateKey",
      "a tensor named twice",
      fileOf(`{"a":${JSON.stringify(tensor(0, 4))},"\\u0061":${JSON.stringify(tensor(0, 4))}}`, 4),
    ],
    ["otherFormat", "a Git LFS pointer", new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")],
    ["otherFormat", "a PyTorch file", new TextEncoder().encode("PK\x03\x04................")],
    ["otherFormat", "a GGUF file", new TextEncoder().encode("GGUF\x03...............")],
    ["otherFormat", "a web page", new TextEncoder().encode("<!DOCTYPE html><html></html>")],
    ["badMetadata", "notes that are no table", fileOf({ __metadata__: "pt" }, 0)],
    ["badMetadata", "a note that is no text", fileOf({ __metadata__: { a: 1 } }, 0)],
    ["badName", "an endless name", fileOf({ ["x".repeat(5000)]: tensor(0, 4) }, 4)],
    ["badEntry", "a tensor without description", fileOf({ a: null }, 0)],
    ["unknownDtype", "an unknown number type", fileOf({ a: tensor(0, 4, [1], "F33") }, 4)],
    ["unknownDtype", "a number type from Object.prototype", fileOf({ a: tensor(0, 4, [1], "toString") }, 4)],
    ["badShape", "a negative size", fileOf({ a: tensor(0, 4, [-1]) }, 4)],
    ["badShape", "a fraction as size", fileOf({ a: tensor(0, 4, [1.5]) }, 4)],
    ["badShape", "nine dimensions", fileOf({ a: tensor(0, 4, [1, 1, 1, 1, 1, 1, 1, 1, 1]) }, 4)],
    ["badOffsets", "an end before the begin", fileOf({ a: tensor(4, 0, [1]) }, 4)],
    ["badOffsets", "no offsets", fileOf({ a: { dtype: "F32", shape: [1] } }, 4)],
    ["sizeMismatch", "a shape that needs more bytes", fileOf({ a: tensor(0, 4, [2]) }, 4)],
    ["sizeMismatch", "a product beyond 2^53", fileOf({ a: tensor(0, 4, [2 ** 52, 2 ** 52, 2 ** 52]) }, 4)],
    ["sizeMismatch", "half a byte", fileOf({ a: tensor(0, 0, [1], "F4") }, 0)],
    ["notContiguous", "a hole", fileOf({ a: tensor(0, 4), b: tensor(8, 12) }, 12)],
    ["notContiguous", "an overlap", fileOf({ a: tensor(0, 8), b: tensor(4, 12) }, 12)],
    ["notContiguous", "a start after zero", fileOf({ a: tensor(4, 8) }, 8)],
    ["wrongFileSize", "bytes after the last tensor", fileOf({ a: tensor(0, 4) }, 5)],
    ["wrongFileSize", "missing bytes", fileOf({ a: tensor(0, 4) }, 3)],
  ];
  for (const [check, what, file] of bad) it(`refuses ${what}`, () => expect(checkOf(file)).toBe(check));

  it("refuses a file with too many tensors", () => {
    const header = Object.fromEntries(Array.from({ length: 100_001 }, (_, i) => [`t${i}`, tensor(0, 0, [0])]));
    expect(checkOf(fileOf(header, 0))).toBe("tooManyTensors");
  });

  it("says what happened in one sentence", () => {
    expect(() => readSafetensors(fileOf({ a: tensor(0, 4, [2]) }, 4))).toThrow(
      /weights file is damaged: "a" has 4 bytes.*Download it again/,
    );
  });

  it("answers any hostile header with a named error or a valid file", () => {
    const size = fc.oneof(fc.nat(20), fc.constantFrom(-1, 0.5, 2 ** 53, 1e300, null, "8"));
    const entry = fc.oneof(
      fc.record({
        dtype: fc.constantFrom("F32", "BF16", "U8", "F4", "x"),
        shape: fc.array(size, { maxLength: 3 }),
        data_offsets: fc.array(size, { maxLength: 3 }),
      }),
      fc.jsonValue(),
    );
    const header = fc.oneof(fc.dictionary(fc.string(), entry, { maxKeys: 4 }), fc.jsonValue());
    fc.assert(
      fc.property(header, fc.nat(40), (value, dataBytes) => {
        const file = fileOf(value, dataBytes);
        if (checkOf(file) === "ok") {
          const read = readSafetensors(file);
          const total = [...read.tensors.keys()].reduce((sum, name) => sum + read.bytes(name).length, 0);
          expect(total).toBe(dataBytes);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("answers any damaged byte of a real header with a named error or a valid file", () => {
    const real = Uint8Array.from(readFileSync("fixtures/smolvlm/adapter/adapter_model.safetensors"));
    const end = 8 + readHeaderLength(real, real.length);
    fc.assert(
      fc.property(fc.nat(end - 1), fc.nat(255), (at, value) => {
        const file = real.slice();
        file[at] = value;
        expect(typeof checkOf(file)).toBe("string");
      }),
    );
  });
});

describe("findDuplicateKey", () => {
  it("finds keys in nested objects and ignores values and other objects", () => {
    expect(findDuplicateKey('{"a":{"b":1,"c":[{"b":2},{"b":3}],"b":4}}')).toBe("b");
    expect(findDuplicateKey('{"a":"a","b":{"a":"{\\"a\\":1,"},"c":["a","a"]}')).toBeUndefined();
  });
});

describe("writeSafetensors", () => {
  it("writes the very bytes that Python wrote", () => {
    const original = Uint8Array.from(readFileSync("fixtures/smolvlm/adapter/adapter_model.safetensors"));
    const file = readSafetensors(original);
    const tensors = Array.from(file.tensors.values(), ({ name, dtype, shape }) => ({
      name,
      dtype,
      shape,
      bytes: file.bytes(name),
    }));
    expect(Buffer.compare(writeSafetensors(tensors.reverse(), file.metadata), original)).toBe(0);
  });

  it("gives back what it was given", () => {
    const name = fc.string({ minLength: 1 }).filter((text) => text !== "__metadata__");
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 20 })), { selector: ([key]) => key }), (entries) => {
        const written = writeSafetensors(
          entries.map(([key, bytes]) => ({ name: key, dtype: "U8" as const, shape: [bytes.length], bytes })),
        );
        const read = readSafetensors(written);
        expect(read.dataStart % 8).toBe(0);
        for (const [key, bytes] of entries) expect([...read.bytes(key)]).toEqual([...bytes]);
      }),
    );
  });

  it("refuses bytes that do not fit the shape and equal names", () => {
    const one = { name: "a", dtype: "F32", shape: [1], bytes: new Uint8Array(4) } as const;
    expect(() => writeSafetensors([{ ...one, shape: [2] }])).toThrow(RangeError);
    expect(() => writeSafetensors([one, one])).toThrow(/one name/);
  });
});
