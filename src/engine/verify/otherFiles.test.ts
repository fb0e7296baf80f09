import { describe, expect, it } from "vitest";
import { fileFolder } from "../../../scripts/fileFolder";
import { checkpointFiles } from "../loading/checkpoint";
import { fromGguf, ggufPair, shardedFolder } from "./otherFiles";

const folder = fileFolder("fixtures/qwen2_5_vl-tied");

describe("shardedFolder", () => {
  it("spreads the tensors over files whose index names each once, with the same numbers", async () => {
    const sharded = await shardedFolder(folder, 3);
    const index = JSON.parse((await sharded.optionalText("model.safetensors.index.json")) ?? "") as { weight_map: object };
    expect([...new Set(Object.values(index.weight_map))]).toEqual([1, 2, 3].map((i) => `model-0000${i}-of-00003.safetensors`));
    const [whole, parts] = [await checkpointFiles(folder).openWeights(), await checkpointFiles(sharded).openWeights()];
    expect([...parts.tensors.keys()].sort()).toEqual([...whole.tensors.keys()].sort());
    expect(new Set([...parts.tensors.values()].map(({ file }) => file))).toEqual(new Set([0, 1, 2]));
    for (const { name, shape, dtype } of whole.tensors.values()) {
      expect(parts.tensors.get(name)).toMatchObject({ shape, dtype: "BF16" });
      expect(dtype).toBe("BF16");
      expect(await parts.rows(name, 0, shape[0] ?? 1)).toEqual(await whole.rows(name, 0, shape[0] ?? 1));
    }
    await expect(sharded.open("model.safetensors")).rejects.toThrow("the checkpoint is split");
  });

  it("refuses numbers of files that cannot be", async () => {
    for (const count of [0, 1.5, 10_000])
      await expect(shardedFolder(folder, count)).rejects.toThrow(`${count} is no number of files`);
  });
});

describe("fromGguf", () => {
  it("takes weights and small files from the pair, and the golden files from the folder", async () => {
    const pair = ggufPair(["mmproj.gguf", "README.md", "model.gguf"]);
    expect(pair).toEqual({ model: "model.gguf", projector: "mmproj.gguf" });
    const golden = { folder, cases: ["case-0"], hasUpdate: true };
    const other = fromGguf(golden, fileFolder("fixtures/gguf/qwen2_5_vl-tied"), pair as NonNullable<typeof pair>);
    const { smallFile, openWeights } = checkpointFiles(other.folder, other.gguf);
    expect(JSON.parse((await smallFile("config.json")) ?? "")).not.toEqual(await folder.json("config.json"));
    expect((await openWeights()).tensors.size).toBe((await checkpointFiles(folder).openWeights()).tensors.size);
    expect(await other.folder.json("golden/case-0/case.json")).toEqual(await folder.json("golden/case-0/case.json"));
  });

  it("knows no pair where a half is missing or there are two", () => {
    for (const names of [["model.gguf"], ["mmproj-f16.gguf"], ["a.gguf", "b.gguf", "mmproj.gguf"]])
      expect(ggufPair(names)).toBeUndefined();
  });
});
