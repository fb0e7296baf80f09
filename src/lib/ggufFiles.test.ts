import { expect, test } from "vitest";
import { GgufFilesError, ggufChoices, ggufPair } from "./ggufFiles";

const hub = [
  "README.md",
  "Qwen3VL-2B-Instruct-F16.gguf",
  "Qwen3VL-2B-Instruct-Q4_K_M.gguf",
  "mmproj-Qwen3VL-2B-Instruct-F16.gguf",
  "mmproj-Qwen3VL-2B-Instruct-Q8_0.gguf",
];

test("tells text model and projector apart by their names, in folders too", () => {
  expect(ggufPair(["SmolVLM-256M-Instruct-Q8_0.gguf", "mmproj-SmolVLM-256M-Instruct-f16.gguf", "README.md"])).toEqual({
    model: "SmolVLM-256M-Instruct-Q8_0.gguf",
    projector: "mmproj-SmolVLM-256M-Instruct-f16.gguf",
  });
  expect(ggufPair(["mmproj-all/Model.Q4_0.GGUF", "mmproj-all/Model.mmproj.gguf"])).toEqual({
    model: "mmproj-all/Model.Q4_0.GGUF",
    projector: "mmproj-all/Model.mmproj.gguf",
  });
});

test("lists what there is to choose from", () => {
  expect(ggufChoices(hub)).toEqual({
    models: ["Qwen3VL-2B-Instruct-F16.gguf", "Qwen3VL-2B-Instruct-Q4_K_M.gguf"],
    projectors: ["mmproj-Qwen3VL-2B-Instruct-F16.gguf", "mmproj-Qwen3VL-2B-Instruct-Q8_0.gguf"],
  });
});

test("says what is missing or what there is too much of", () => {
  expect(() => ggufPair(hub)).toThrow(/several text models: Qwen3VL-2B-Instruct-F16.gguf, Qwen3VL-2B-Instruct-Q4_K_M.gguf/);
  expect(() => ggufPair(hub.filter((name) => !name.startsWith("Qwen3VL-2B-Instruct-F16")))).toThrow(/several vision towers/);
  expect(() => ggufPair(["a.gguf"])).toThrow(/no vision tower.*mmproj/);
  expect(() => ggufPair(["mmproj-a.gguf"])).toThrow(/no text model/);
  expect(() => ggufPair(["a-00001-of-00002.gguf", "a-00002-of-00002.gguf", "mmproj-a.gguf"])).toThrow(/split file.*--merge/);
  expect(() => ggufPair([])).toThrow(GgufFilesError);
});
