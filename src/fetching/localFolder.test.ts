import { expect, test } from "vitest";
import type { LocalFile } from "@/protocol/model";
import { LocalFolderError, localFolder } from "./localFolder";

const file = (path: string, content: string | Uint8Array<ArrayBuffer> = "{}", lastModified = 5): LocalFile => ({
  path,
  file: new File([content], path.slice(path.lastIndexOf("/") + 1), { lastModified }),
});
const index = JSON.stringify({ weight_map: { a: "model-1.safetensors", b: "model-2.safetensors", c: "model-2.safetensors" } });

test("reads a model at the top: JSON, text, bytes and ranges", async () => {
  const folder = localFolder(
    [
      file("config.json", '{"model_type":"smolvlm"}'),
      file("chat_template.jinja", "{{ x }}"),
      file("model.safetensors", Uint8Array.of(1, 2, 3, 4)),
    ],
    "mine",
  );
  expect(await folder.json("config.json")).toEqual({ model_type: "smolvlm" });
  expect(await folder.optionalText("chat_template.jinja")).toBe("{{ x }}");
  expect(await folder.optionalText("merges.txt")).toBeUndefined();
  expect(await folder.optionalJson("generation_config.json")).toBeUndefined();
  expect(await folder.bytes("model.safetensors")).toEqual(Uint8Array.of(1, 2, 3, 4));
  const source = await folder.open("model.safetensors");
  expect([source.name, source.size]).toEqual(["model.safetensors", 4]);
  expect(await source.read(1, 3)).toEqual(Uint8Array.of(2, 3));
  expect(await source.read(4, 4)).toEqual(new Uint8Array(0));
  await expect(source.read(2, 5)).rejects.toThrow(/model.safetensors.*outside its 4 bytes/);
  expect(await folder.list?.()).toEqual(["chat_template.jinja", "config.json", "model.safetensors"]);
});

test("finds the model in a single subfolder, and prefers the one nearest to the top", async () => {
  const nested = localFolder(
    [file("SmolVLM/config.json", '{"a":1}'), file("SmolVLM/onnx/config.json"), file("notes.txt")],
    "downloads",
  );
  expect(await nested.json("config.json")).toEqual({ a: 1 });
  expect(await nested.list?.()).toEqual(["config.json", "onnx/config.json"]);
});

test("refuses a folder without a model or with several, and says what to choose", () => {
  expect(() => localFolder([file("a/config.json"), file("b/config.json")], "models")).toThrow(
    /several models: a, b.*one of them/,
  );
  expect(() => localFolder([file("x.txt")], "papers")).toThrow(/papers.*no config.json.*safetensors/);
  expect(() => localFolder([], "empty")).toThrow(LocalFolderError);
  expect(() => localFolder([file("m-Q8_0.gguf"), file("mmproj-m.gguf")], "gguf")).toThrow(/m-Q8_0.gguf, mmproj-m.gguf.*mmproj/);
});

test("opens GGUF files that were named, without a config.json", async () => {
  const folder = localFolder([file("q/m.gguf", "GGUF"), file("q/mmproj.gguf", "GGUF2")], "q", {
    model: "q/m.gguf",
    projector: "q/mmproj.gguf",
  });
  expect((await folder.open("q/mmproj.gguf")).size).toBe(5);
});

test("names the shards that the index knows and the folder lacks", async () => {
  const whole = [
    file("config.json"),
    file("model.safetensors.index.json", index),
    file("model-1.safetensors"),
    file("model-2.safetensors"),
  ];
  expect(await localFolder(whole, "m").json("model.safetensors.index.json")).toEqual(JSON.parse(index));
  const cut = localFolder(whole.slice(0, 3), "m");
  await expect(cut.json("model.safetensors.index.json")).rejects.toThrow(
    /not whole.*names model-2.safetensors, which is missing/,
  );
  await expect(cut.optionalJson("model.safetensors.index.json")).rejects.toThrow(LocalFolderError);
  await expect(cut.open("model-2.safetensors")).rejects.toThrow(/model-2.safetensors.*does not have it/);
});

test("damaged JSON and files that change after they were chosen are named", async () => {
  const gone = file("model.safetensors", "1234");
  const changed = { ...gone, file: Object.assign(gone.file, { slice: () => new Blob(["1"]) }) };
  const folder = localFolder([file("config.json", "{"), changed], "m");
  await expect(folder.json("config.json")).rejects.toThrow(/config.json is damaged/);
  await expect((await folder.open("model.safetensors")).read(0, 4)).rejects.toThrow(
    /model.safetensors.*changed, moved or deleted/,
  );
});

test("the same files are the same revision, in any order and folder; changed ones are not", () => {
  const files = [file("config.json"), file("model.safetensors", "1234")];
  const revision = localFolder(files, "m").revision();
  expect(localFolder([...files].reverse(), "other").revision()).toBe(revision);
  expect(
    localFolder(
      files.map((one) => ({ ...one, path: `x/${one.path}` })),
      "x",
    ).revision(),
  ).toBe(revision);
  expect(localFolder([file("config.json"), file("model.safetensors", "12345")], "m").revision()).not.toBe(revision);
  expect(localFolder([file("config.json"), file("model.safetensors", "1234", 6)], "m").revision()).not.toBe(revision);
});
