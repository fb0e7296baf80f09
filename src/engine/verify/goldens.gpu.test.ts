// The committed checkpoints against transformers' numbers on WebGPU, through the engine that the page runs: SmolVLM whole, one
// Qwen2.5-VL from shards and one Qwen3-VL from a GGUF pair. `npm run verify` runs all five whole; here two cores must do.

import { describe, expect, it } from "vitest";
import { httpFolder } from "@/fetching/httpFolder";
import type { VerifyLine } from "@/lib/verifyLine";
import { setUpGpu } from "@/ops/test/gpuFixture";
import type { GoldenCheckpoint } from "./goldenFiles";
import { fromGguf, shardedFolder } from "./otherFiles";
import { verifyCheckpoint } from "./verifyCheckpoint";

setUpGpu();

const fixture = (name: string) => httpFolder(new URL(`/fixtures/${name}/`, location.href).href);
const wholeSmolVlm: GoldenCheckpoint = { folder: fixture("smolvlm"), cases: ["case-0", "case-1", "case-2"], hasUpdate: true };
const part = { cases: ["case-2"], hasUpdate: true, scorings: 4 };

describe("verifyCheckpoint on WebGPU finds every quantity within its tolerance", () => {
  it.for<[string, number, () => Promise<GoldenCheckpoint>]>([
    ["smolvlm", 86, async () => wholeSmolVlm],
    [
      "qwen2_5_vl-untied in three shards",
      51,
      async () => ({ ...part, folder: await shardedFolder(fixture("qwen2_5_vl-untied"), 3) }),
    ],
    [
      "qwen3_vl-untied as GGUF",
      51,
      async () => {
        const files = { model: "model.gguf", projector: "mmproj.gguf" };
        return fromGguf({ ...part, folder: fixture("qwen3_vl-untied") }, fixture("gguf/qwen3_vl-untied"), files);
      },
    ],
  ])("of %s", { timeout: 600_000 }, async ([, count, open]) => {
    const lines: VerifyLine[] = [];
    await verifyCheckpoint(await open(), (line) => lines.push(line));
    expect(lines.filter(({ ok }) => !ok)).toEqual([]);
    expect(lines.length).toBe(count);
  });
});
