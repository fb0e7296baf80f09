import { describe, expect, it } from "vitest";
import { type ByteSource, memorySource } from "@/formats/byteSource";
import { UserError } from "@/lib/errors";
import { parseGgufHeader } from "./header";
import { GgufWriter, type TestTensor, type TestValue } from "./test/ggufWriter";

const tensor = (name: string, over: Partial<TestTensor> = {}): TestTensor => ({
  name,
  dimensions: [4, 2],
  type: 0,
  bytes: new Uint8Array(32),
  ...over,
});

function file(tensors: readonly TestTensor[] = [], metadata: Readonly<Record<string, TestValue>> = {}): GgufWriter {
  const writer = new GgufWriter();
  for (const [key, value] of Object.entries(metadata)) writer.entry(key, value);
  for (const each of tensors) writer.tensor(each);
  return writer;
}

const parse = (bytes: Uint8Array<ArrayBuffer>) => parseGgufHeader(memorySource("a.gguf", bytes));

describe("parseGgufHeader", () => {
  it("reads every type of metadata and turns dimensions round", async () => {
    const header = await parse(
      file([tensor("w"), tensor("v", { dimensions: [256], type: 12, bytes: new Uint8Array(144) })], {
        u8: { type: 0, value: 200 },
        i8: { type: 1, value: -5 },
        u16: { type: 2, value: 60_000 },
        i16: { type: 3, value: -6 },
        u32: { type: 4, value: 4_000_000_000 },
        i32: { type: 5, value: -7 },
        f32: { type: 6, value: 0.5 },
        flag: { type: 7, value: true },
        text: { type: 8, value: "häuser" },
        list: { type: 9, value: [8, ["a", "", "c"]] },
        u64: { type: 10, value: 2 ** 40 },
        i64: { type: 11, value: -(2 ** 40) },
        f64: { type: 12, value: 0.1 },
      }).bytes(),
    );
    expect(Object.fromEntries(header.metadata)).toEqual({
      u8: 200,
      i8: -5,
      u16: 60_000,
      i16: -6,
      u32: 4_000_000_000,
      i32: -7,
      f32: 0.5,
      flag: true,
      text: "häuser",
      list: ["a", "", "c"],
      u64: 2 ** 40,
      i64: -(2 ** 40),
      f64: 0.1,
    });
    expect(header.tensors.get("w")).toMatchObject({ type: "F32", shape: [2, 4], size: 8, bytes: 32 });
    expect(header.tensors.get("v")).toMatchObject({ type: "Q4_K", shape: [256], size: 256, bytes: 144 });
    expect((header.tensors.get("v")?.offset ?? 0) - (header.tensors.get("w")?.offset ?? 0)).toBe(32);
  });

  it("fetches 1 MiB first, then more while the header goes on, and no weights", async () => {
    const words = Array.from({ length: 200_000 }, (_, i) => `word ${i}`);
    const bytes = file([tensor("w", { dimensions: [2 ** 20, 4], bytes: new Uint8Array(2 ** 24) })], {
      words: { type: 9, value: [8, words] },
    }).bytes();
    const reads: [number, number][] = [];
    const whole = memorySource("a.gguf", bytes);
    const source: ByteSource = {
      ...whole,
      read: (begin, end) => {
        reads.push([begin, end]);
        return whole.read(begin, end);
      },
    };
    const header = await parseGgufHeader(source);
    expect(header.metadata.get("words")).toEqual(words);
    const mebi = 2 ** 20;
    expect(reads).toEqual([
      [0, mebi],
      [mebi, 2 * mebi],
      [2 * mebi, 4 * mebi],
    ]);
  });

  it("honours general.alignment", async () => {
    const bytes = file([tensor("w"), tensor("x")], { "general.alignment": { type: 4, value: 256 } }).bytes(256);
    const header = await parse(bytes);
    expect((header.tensors.get("w")?.offset ?? 1) % 256).toBe(0);
    expect((header.tensors.get("x")?.offset ?? 0) - (header.tensors.get("w")?.offset ?? 0)).toBe(256);
  });

  it("accepts version 2", async () => {
    const bytes = file([tensor("w")]).bytes();
    bytes[4] = 2;
    expect((await parse(bytes)).tensors.size).toBe(1);
  });

  const damage = (change: (view: DataView<ArrayBuffer>) => void, writer = file([tensor("w")])) => {
    const bytes = writer.bytes();
    change(new DataView(bytes.buffer));
    return bytes;
  };
  const cases: readonly [string, () => Uint8Array<ArrayBuffer>, RegExp][] = [
    ["another format", () => damage((view) => view.setUint32(0, 1)), /no GGUF file/],
    ["version 1", () => damage((view) => view.setUint32(4, 1, true)), /version 1; 2 and 3/],
    ["a big-endian file", () => damage((view) => view.setUint32(4, 3, false)), /big-endian/],
    ["more tensors than fit the file", () => damage((view) => view.setUint32(8, 90_000, true)), /90000 tensors/],
    ["2^63 tensors", () => damage((view) => view.setUint32(12, 2 ** 31, true)), /tensors/],
    ["more metadata than fits the file", () => damage((view) => view.setUint32(16, 50_000, true)), /50000 metadata entries/],
    ["nothing at all", () => new Uint8Array(), /ends inside its header/],
    [
      "a file that ends in its header",
      () =>
        file([], { a: { type: 8, value: "abcdefgh" } })
          .bytes()
          .slice(0, 40),
      /claims|ends inside/,
    ],
    [
      "a list longer than the file",
      () => file([], { a: { type: 9, value: [4, [1, 2]], count: 9000 } }).bytes(),
      /9000 items for "a"/,
    ],
    ["a list of an unknown type", () => file([], { a: { type: 9, value: [77, []] } }).bytes(), /"a" has the unknown type 77/],
    ["an unknown metadata type", () => file([], { a: { type: 13, value: 1 } }).bytes(), /"a" has the unknown type 13/],
    [
      "deeply nested lists",
      () => file([], { a: { type: 9, value: [9, [[9, [[9, [[9, [[4, [1]]]]]]]]]] } }).bytes(),
      /"a" is nested more than 3 deep/,
    ],
    [
      "a key twice",
      () => file().entry("a", { type: 0, value: 1 }).entry("a", { type: 0, value: 2 }).bytes(),
      /two metadata entries "a"/,
    ],
    ["a tensor twice", () => file([tensor("w"), tensor("w")]).bytes(), /two tensors "w"/],
    ["an unknown number type", () => file([tensor("w", { type: 5 })]).bytes(), /"w" has the unknown number type 5/],
    [
      "a number type that is not read",
      () => file([tensor("w", { type: 11 })]).bytes(),
      /"w" has the number type Q3_K; read are F32/,
    ],
    ["five dimensions", () => file([tensor("w", { dimensions: [1, 1, 1, 1, 8] })]).bytes(), /"w" has 5 dimensions/],
    ["no dimensions", () => file([tensor("w", { dimensions: [] })]).bytes(), /"w" has 0 dimensions/],
    ["an empty dimension", () => file([tensor("w", { dimensions: [4, 0] })]).bytes(), /"w" has the impossible shape \[0, 4\]/],
    [
      "a size beyond all integers",
      () => file([tensor("w", { dimensions: [2 ** 40, 2 ** 40] })]).bytes(),
      /"w" has the impossible shape/,
    ],
    [
      "rows of broken blocks",
      () => file([tensor("w", { dimensions: [48, 2], type: 8 })]).bytes(),
      /"w" has rows of 48 weights, no whole blocks/,
    ],
    ["an offset off the grid", () => file([tensor("w", { shift: 4 })]).bytes(), /"w" does not start at a multiple of 32/],
    ["a tensor beyond the end", () => file([tensor("w", { dimensions: [4, 4] })]).bytes(), /"w" lies beyond its end/],
    [
      "tensors that overlap",
      () => file([tensor("w", { bytes: new Uint8Array(64), dimensions: [4, 4] }), tensor("x", { shift: -32 })]).bytes(),
      /"w" and "x" overlap/,
    ],
    ["an impossible alignment", () => file([], { "general.alignment": { type: 4, value: 24 } }).bytes(), /alignment is 24/],
  ];
  for (const [what, make, why] of cases) {
    it(`refuses ${what}`, async () => {
      const error = await parse(make()).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(UserError);
      expect(String(error)).toMatch(why);
      expect(String(error)).toContain('"a.gguf"');
    });
  }
});
