import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ByteSource, memorySource } from "./byteSource";
import { CheckpointError } from "./hfCheckpoint";
import { readHeaderLength, readSafetensors, SafetensorsError, type TensorToWrite, writeSafetensors } from "./safetensors";
import { openSafetensors } from "./safetensorsSource";

/** A file that writes down every range asked of it and refuses ranges outside. */
function watched(name: string, bytes: Uint8Array<ArrayBuffer>): ByteSource & { readonly ranges: [number, number][] } {
  const ranges: [number, number][] = [];
  const read = async (begin: number, end: number) => {
    ranges.push([begin, end]);
    if (!(begin >= 0 && begin <= end && end <= bytes.length)) throw new Error(`read [${begin}, ${end}) of ${bytes.length} bytes`);
    return bytes.slice(begin, end);
  };
  return { name, size: bytes.length, read, ranges };
}
const f32 = (name: string, shape: readonly number[], values: readonly number[]): TensorToWrite => ({
  name,
  dtype: "F32",
  shape,
  bytes: new Uint8Array(Float32Array.from(values).buffer),
});
const failureOf = (files: readonly ByteSource[]) =>
  openSafetensors(files).then(
    () => undefined,
    (error: unknown) => error,
  );
const real = Uint8Array.from(readFileSync("fixtures/smolvlm/model.safetensors"));

describe("openSafetensors", () => {
  it("gives the same numbers as reading the whole file, row by row", async () => {
    const whole = readSafetensors(real);
    const source = await openSafetensors([memorySource("model.safetensors", real)]);
    expect([...source.tensors.keys()]).toEqual([...whole.tensors.keys()]);
    for (const { name, shape } of source.tensors.values()) {
      const expected = whole.float32(name);
      const rows = shape[0] as number;
      const width = expected.length / rows;
      expect(await source.rows(name, 0, rows)).toEqual(expected);
      const middle = rows >> 1;
      expect(await source.rows(name, middle, rows - middle)).toEqual(expected.slice(middle * width));
    }
  });

  it("reads the header and then exactly the rows asked for, front to back and nothing twice", async () => {
    const file = watched("model.safetensors", real);
    const source = await openSafetensors([file]);
    const headerEnd = 8 + readHeaderLength(real, real.length);
    expect(file.ranges).toEqual([
      [0, 32],
      [32, headerEnd],
    ]);
    const [head, last] = [source.tensors.get("lm_head.weight")!, [...source.tensors.values()].at(-1)!];
    expect(head.offset).toBe(headerEnd);
    const row = head.bytes / 288;
    await source.rows("lm_head.weight", 5, 3);
    await source.rows("lm_head.weight", 288, 0);
    await source.rows(last.name, 0, 32);
    expect(file.ranges.slice(2)).toEqual([
      [headerEnd + 5 * row, headerEnd + 8 * row],
      [real.length - last.bytes, real.length],
    ]);
  });

  it("opens a file without tensors, and tells what a file is that holds something else", async () => {
    expect((await openSafetensors([watched("empty.safetensors", writeSafetensors([]))])).tensors.size).toBe(0);
    const pointer = new TextEncoder().encode(
      `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 9\n`,
    );
    const failure = await failureOf([watched("model.safetensors", pointer)]);
    expect(String(failure)).toMatch(/model.safetensors is damaged: it is a Git LFS pointer, not the file it points to/);
  });

  it("knows in which file and where each tensor lies", async () => {
    const files = [
      watched("1.safetensors", writeSafetensors([f32("a", [2, 2], [1, 2, 3, 4])])),
      watched("2.safetensors", writeSafetensors([f32("b", [], [5]), f32("c", [0, 3], [])])),
    ];
    const source = await openSafetensors(files);
    expect(source.tensors.get("a")).toMatchObject({ dtype: "F32", shape: [2, 2], file: 0, bytes: 16 });
    expect(source.tensors.get("b")).toMatchObject({ shape: [], file: 1, bytes: 4 });
    expect([...(await source.rows("a", 1, 1))]).toEqual([3, 4]);
    expect([...(await source.rows("b", 0, 1))]).toEqual([5]);
    expect([...(await source.rows("c", 0, 0))]).toEqual([]);
  });

  it("refuses a tensor that two files hold", async () => {
    const bytes = writeSafetensors([f32("a", [1], [1])]);
    const failure = await failureOf([memorySource("1.safetensors", bytes), memorySource("2.safetensors", bytes)]);
    expect(failure).toBeInstanceOf(CheckpointError);
    expect(String(failure)).toMatch(/a is in both 1.safetensors and 2.safetensors/);
  });

  it("names the damaged file", async () => {
    const good = memorySource("1.safetensors", writeSafetensors([f32("a", [1], [1])]));
    const failure = await failureOf([good, memorySource("2.safetensors", real.slice(0, -1))]);
    expect(failure).toMatchObject({ check: "wrongFileSize", file: "2.safetensors" });
    expect(String(failure)).toMatch(/weights file 2.safetensors is damaged: it has 280527 bytes instead of 280528/);
  });

  it("refuses rows that do not exist, tensors it does not have and packed number types", async () => {
    const packed: TensorToWrite = { name: "b", dtype: "F8_E4M3", shape: [4], bytes: new Uint8Array(4) };
    const source = await openSafetensors([memorySource("x", writeSafetensors([f32("a", [2], [1, 2]), packed]))]);
    for (const [first, count] of [
      [-1, 1],
      [0, 3],
      [2, 1],
      [0.5, 1],
      [0, Number.NaN],
    ] as const) {
      await expect(source.rows("a", first, count)).rejects.toThrow(RangeError);
    }
    await expect(source.rows("z", 0, 1)).rejects.toMatchObject({ check: "missingTensor" });
    await expect(source.rows("b", 0, 1)).rejects.toThrow(/b in x holds F8_E4M3 numbers. Choose a checkpoint stored as BF16/);
  });

  it("refuses a file that gives fewer bytes than asked", async () => {
    const bytes = writeSafetensors([f32("a", [2], [1, 2])]);
    const short = { name: "x", size: bytes.length, read: async (begin: number, end: number) => bytes.slice(begin, end - 1) };
    expect(await failureOf([short])).toMatchObject({ check: "shortRead", file: "x" });
  });
});

describe("a damaged file", () => {
  const adapter = Uint8Array.from(readFileSync("fixtures/smolvlm/adapter/adapter_model.safetensors"));
  const headerEnd = 8 + readHeaderLength(adapter, adapter.length);

  /** Opens, and where that succeeds reads everything; the watched file fails on any range outside itself. */
  async function survive(bytes: Uint8Array<ArrayBuffer>): Promise<"refused" | "read"> {
    const file = watched("x", bytes);
    const source = await openSafetensors([file]).catch((error: unknown) => {
      if (error instanceof SafetensorsError && error.file === "x") return undefined;
      throw error;
    });
    if (!source) return "refused";
    for (const { name, shape, offset, bytes: length } of source.tensors.values()) {
      expect(offset >= 8 && offset + length <= file.size).toBe(true);
      await source.rows(name, 0, shape[0] ?? 1).catch((error: unknown) => {
        if (!(error instanceof CheckpointError && error.check === "unsupportedType")) throw error;
      });
    }
    return "read";
  }

  it("is refused when anything is cut off its end", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(adapter.length - 1), async (length) => {
        expect(await survive(adapter.slice(0, length))).toBe("refused");
      }),
    );
  });

  it("with bits flipped in its header is refused by name or read inside its bounds", async () => {
    const flip = fc.record({ at: fc.nat(headerEnd - 1), bit: fc.nat(7) });
    await fc.assert(
      fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 4 }), async (flips) => {
        const file = adapter.slice();
        for (const { at, bit } of flips) file[at] = (file[at] as number) ^ (1 << bit);
        await survive(file);
      }),
      { numRuns: 300 },
    );
  });

  it("with other digits in its offsets and shapes is refused by name or read inside its bounds", async () => {
    const digits = Array.from({ length: headerEnd - 8 }, (_, i) => i + 8).filter(
      (i) => (adapter[i] as number) >= 48 && (adapter[i] as number) <= 57,
    );
    const change = fc.record({ at: fc.constantFrom(...digits), digit: fc.nat(9) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const file = adapter.slice();
        for (const { at, digit } of changes) file[at] = 48 + digit;
        await survive(file);
      }),
      { numRuns: 300 },
    );
  });

  it("with bytes taken out or put in is refused by name or read inside its bounds", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(headerEnd), fc.nat(9), fc.uint8Array({ maxLength: 9 }), async (at, skip, extra) => {
        const file = new Uint8Array([...adapter.subarray(0, at), ...extra, ...adapter.subarray(at + skip)]);
        await survive(file);
      }),
    );
  });
});
