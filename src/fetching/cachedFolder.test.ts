import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cachedFolder } from "./cachedFolder";
import { localFolder } from "./localFolder";
import { nodeDirectory } from "./test/nodeCacheFiles";
import { openWeightCache } from "./weightCache";

let path: string;
beforeEach(() => {
  path = fs.mkdtempSync(join(tmpdir(), "cached-folder-"));
});
afterEach(() => fs.rmSync(path, { recursive: true, force: true }));

const meta = { name: "m", precision: { text: "int4", vision: "f16", head: "int8", groupSize: 32 } } as const;
const open = () => openWeightCache(nodeDirectory(path), "m", meta, { now: () => 1, onProblem: (text) => expect(text).toBe("") });
const folder = (contents: Record<string, string>) =>
  localFolder(
    Object.entries(contents).map(([name, text]) => ({ path: name, file: new File([text], name) })),
    "m",
  );
const offline = () => {
  throw new Error("the network was asked");
};

test("the second visit reads small files, and what is known to be missing, without the folder", async () => {
  const first = await open();
  const online = cachedFolder(first, () =>
    folder({ "config.json": '{"a":1}', "chat_template.jinja": "é", "tokenizer.json": "{}" }),
  );
  const visit = async (from: typeof online) => [
    await from.json("config.json"),
    await from.optionalJson("generation_config.json"),
    await from.optionalText("chat_template.jinja"),
    await from.optionalText("merges.txt"),
    new TextDecoder().decode(await from.bytes("tokenizer.json")),
  ];
  const seen = await visit(online);
  expect(seen).toEqual([{ a: 1 }, undefined, "é", undefined, "{}"]);
  first.close();
  const second = await open();
  const cached = cachedFolder(second, offline, "abc");
  expect(await visit(cached)).toEqual(seen);
  expect(cached.revision()).toBe("abc");
  await expect((async () => cached.open("model.safetensors"))()).rejects.toThrow("the network was asked");
  second.close();
});

test("keeps no JSON that does not parse, and nothing of a file that is missing but needed", async () => {
  const cache = await open();
  const broken = cachedFolder(cache, () => folder({ "config.json": "<html>", "x.json": "<html>" }));
  await expect(broken.json("config.json")).rejects.toThrow(/config.json is damaged/);
  await expect(broken.optionalJson("x.json")).rejects.toThrow(/x.json is damaged/);
  await expect(broken.json("tokenizer.json")).rejects.toThrow(/tokenizer.json/);
  const whole = cachedFolder(cache, () => folder({ "config.json": "{}", "x.json": "[]", "tokenizer.json": "1" }));
  expect(await whole.json("config.json")).toEqual({});
  expect(await whole.optionalJson("x.json")).toEqual([]);
  expect(await whole.json("tokenizer.json")).toBe(1);
  cache.close();
});

test("asks the folder where the cache is closed or full", async () => {
  const cache = await open();
  cache.close();
  expect(await cachedFolder(cache, () => folder({ "config.json": "{}" })).json("config.json")).toEqual({});
});
