import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memorySource } from "./byteSource";
import { type CheckpointCheck, CheckpointError, checkIndex, indexFiles, readIndex } from "./hfCheckpoint";
import { writeSafetensors } from "./safetensors";
import { openSafetensors } from "./safetensorsSource";

const [one, two] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
const text = (map: unknown) => JSON.stringify({ metadata: { total_size: 8 }, weight_map: map });
const checkOf = (run: () => unknown): CheckpointCheck | "ok" => {
  try {
    run();
    return "ok";
  } catch (error) {
    if (error instanceof CheckpointError) return error.check;
    throw error;
  }
};

describe("readIndex", () => {
  it("gives each tensor's file and each file once, whatever the files are called", () => {
    const index = readIndex(text({ a: two, b: one, c: two, d: "model.safetensors-00001-of-00001.safetensors" }));
    expect(index.get("a")).toBe(two);
    expect(indexFiles(index)).toEqual([two, one, "model.safetensors-00001-of-00001.safetensors"]);
  });

  it.each<[CheckpointCheck, string, string]>([
    ["badIndex", "no JSON", "{"],
    ["badIndex", "another table", "[]"],
    ["badIndex", "no weight_map", "{}"],
    ["badIndex", "a file that is no text", text({ a: 1 })],
    ["badIndex", "an empty map", text({})],
    ["badIndex", "a tensor named twice", `{"weight_map":{"a":"${one}","\\u0061":"${two}"}}`],
    ["unsafePath", "a folder above", text({ a: "../model.safetensors" })],
    ["unsafePath", "a folder below", text({ a: "x/model.safetensors" })],
    ["unsafePath", "a Windows path", text({ a: "..\\model.safetensors" })],
    ["unsafePath", "another place", text({ a: "https://example.com/model.safetensors" })],
    ["unsafePath", "an escaped path", text({ a: "..%2fmodel.safetensors" })],
    ["unsafePath", "a query", text({ a: "model.safetensors?x=.safetensors" })],
    ["unsafePath", "another kind of file", text({ a: "pytorch_model.bin" })],
    ["unsafePath", "a hidden file", text({ a: ".safetensors" })],
    ["unsafePath", "no name", text({ a: "" })],
  ])("refuses with %s: %s", (check, _, json) => expect(checkOf(() => readIndex(json))).toBe(check));

  it("never gives a name that a URL would resolve outside its folder", () => {
    const piece = fc.constantFrom("..", "/", "\\", "a", ".", "%2e", "%2F", ":", "//", " ", "\n", "model", "?", "#", "é");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const name = `${pieces.join("")}.safetensors`;
        if (checkOf(() => readIndex(text({ a: name }))) !== "ok") return;
        const url = new URL(name, "https://host/repo/resolve/main/");
        expect(decodeURIComponent(url.href)).toBe(`https://host/repo/resolve/main/${name.trim()}`);
      }),
      { numRuns: 2000 },
    );
  });

  it("names the tensor and the file", () => {
    expect(() => readIndex(text({ "lm_head.weight": "../x.safetensors" }))).toThrow(/"..\/x.safetensors" for lm_head.weight/);
  });
});

describe("checkIndex", () => {
  const file = (name: string, ...tensors: string[]) =>
    memorySource(
      name,
      writeSafetensors(tensors.map((tensor) => ({ name: tensor, dtype: "F32", shape: [1], bytes: new Uint8Array(4) }))),
    );
  const files = [file(one, "a", "b"), file(two, "c", "extra")];

  it("accepts files that hold what the index says, and more", async () => {
    checkIndex(readIndex(text({ c: two, a: one, b: one })), await openSafetensors(files), files);
  });

  it.each<[CheckpointCheck, RegExp, Record<string, string>]>([
    ["missingTensor", /model-00002-of-00002.safetensors does not hold d/, { a: one, d: two }],
    ["misplacedTensor", /c is in model-00002-of-00002.safetensors, but the index puts it in model-00001-of-00002/, { c: one }],
  ])("refuses with %s, naming tensor and file", async (check, message, map) => {
    const source = await openSafetensors(files);
    expect(checkOf(() => checkIndex(readIndex(text(map)), source, files))).toBe(check);
    expect(() => checkIndex(readIndex(text(map)), source, files)).toThrow(message);
  });
});
