import { expect, test } from "vitest";
import { filesOfInput, LocalFilesError, sourceOfFiles } from "./localFiles";

/** A file as `<input webkitdirectory>` gives it. */
function picked(path: string, bytes = 3): File {
  const file = new File([new Uint8Array(bytes)], path.slice(path.lastIndexOf("/") + 1));
  return Object.defineProperty(file, "webkitRelativePath", { value: path.includes("/") ? path : "" });
}
const paths = (files: readonly { path: string }[]) => files.map(({ path }) => path);

test("keeps what a checkpoint is made of, with paths inside the chosen folder", () => {
  const chosen = filesOfInput(
    [
      "SmolVLM/model.safetensors",
      "SmolVLM/config.json",
      "SmolVLM/merges.txt",
      "SmolVLM/chat_template.jinja",
      "SmolVLM/README.md",
      "SmolVLM/pytorch_model.bin",
      "SmolVLM/.git/config.json",
      "SmolVLM/onnx/config.json",
      "SmolVLM/a/b/c/d/config.json",
    ].map((path) => picked(path)),
  );
  expect(chosen.name).toBe("SmolVLM");
  expect(paths(chosen.files)).toEqual([
    "chat_template.jinja",
    "config.json",
    "merges.txt",
    "model.safetensors",
    "onnx/config.json",
  ]);
  expect(sourceOfFiles(chosen)).toEqual({ kind: "files", name: "SmolVLM", files: chosen.files });
});

test("takes files picked one by one, as the two of a GGUF model", () => {
  const chosen = filesOfInput([picked("SmolVLM-Q8_0.gguf"), picked("mmproj-SmolVLM.gguf")]);
  expect(sourceOfFiles(chosen)).toMatchObject({
    kind: "files",
    name: "SmolVLM-Q8_0.gguf",
    gguf: { model: "SmolVLM-Q8_0.gguf", projector: "mmproj-SmolVLM.gguf" },
  });
  expect(() => sourceOfFiles(filesOfInput([picked("SmolVLM-Q8_0.gguf")]))).toThrow(/mmproj/);
});

test("a folder with safetensors is read as such, whatever else lies in it", () => {
  const chosen = filesOfInput(["m/config.json", "m/model.safetensors", "m/m.gguf"].map((path) => picked(path)));
  expect(sourceOfFiles(chosen)).not.toHaveProperty("gguf");
});

test("stops at a folder with thousands of files, and at one without a model", () => {
  const many = Array.from({ length: 2001 }, (_, i) => picked(`photos/${i}.jpg`, 0));
  expect(() => filesOfInput(many)).toThrow(/photos.*more than 2000 files.*own folder/);
  expect(() => filesOfInput(many.slice(0, 2000))).toThrow(/photos holds no model/);
  expect(() => filesOfInput([])).toThrow(LocalFilesError);
});
