// The committed checkpoint against transformers' numbers on the wasm backend, as a machine without WebGPU runs it, and what
// verifying says of checkpoints it cannot run or that are wrong.

import { describe, expect, it } from "vitest";
import type { CheckpointFolder } from "@/fetching/folder";
import type { VerifyLine } from "@/lib/verifyLine";
import { setUpWasm } from "@/ops/test/wasmFixture";
import { fixtureFolder } from "../test/fixtureFolder";
import { verifyCheckpoint } from "./verifyCheckpoint";

setUpWasm();

const folder = fixtureFolder("smolvlm");
const allCases = { cases: ["case-0", "case-1", "case-2"], hasUpdate: true };
/** The fixture with some JSON files changed. */
const changed = (changes: Readonly<Record<string, (json: never) => unknown>>): CheckpointFolder => ({
  ...folder,
  json: async (name) => {
    const json = await folder.json(name);
    return changes[name] ? changes[name](json as never) : json;
  },
  optionalText: async (name) => {
    const text = await folder.optionalText(name);
    return changes[name] ? JSON.stringify(changes[name](JSON.parse(text ?? "null") as never)) : text;
  },
});

async function linesOf(checkpoint: Parameters<typeof verifyCheckpoint>[0]): Promise<VerifyLine[]> {
  const lines: VerifyLine[] = [];
  await verifyCheckpoint(checkpoint, (line) => lines.push(line));
  return lines;
}

/**
 * Lines that float32 cannot hold to here, with a bound of their own. qwen2_5_vl-tied: of the 9 024 LoRA gradients of this update one,
 * layers.2 o_proj.lora_B[121], is 1.5e-7 of a norm of 3.19; AdamW's first step g / (|g| + 1e-8 · norm) shows its rounding. It is
 * −1.42e-7 in float64, −1.50e-7 in the golden file, −1.30e-7 when PyTorch computes it again (2.2e-5 off after the step) and −1.24e-7
 * here; every other element of the adapter is within 2e-7.
 */
const ownBounds: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "qwen2_5_vl-tied": { "vppo kl adapter after the step": 4e-5 },
};

describe("verifyCheckpoint on wasm", () => {
  it.for([
    ["smolvlm", 86],
    ["qwen2_5_vl-tied", 89],
    ["qwen2_5_vl-untied", 89],
    ["qwen3_vl-tied", 89],
    ["qwen3_vl-untied", 89],
  ] as const)("finds every quantity of %s within its tolerance", { timeout: 300_000 }, async ([name, count]) => {
    const lines = await linesOf({ folder: fixtureFolder(name), ...allCases });
    // Stock wasm products round a row differently by the number of rows, so decoding equals scoring only nearly here.
    const isDecoded = ({ name }: VerifyLine) => name.startsWith("exact rollout");
    const bounds = ownBounds[name] ?? {};
    expect(lines.filter((line) => !line.ok && !isDecoded(line) && !(line.name in bounds))).toEqual([]);
    for (const [line, bound] of Object.entries(bounds)) {
      expect(lines.find((found) => found.name === line)?.maxDifference).toBeLessThan(bound);
    }
    expect(Math.max(...lines.filter(isDecoded).map(({ maxDifference }) => maxDifference))).toBeLessThan(1e-5);
    expect(lines.length).toBe(count);
  });

  it("fails the quantities whose reference numbers differ, and only those", { timeout: 300_000 }, async () => {
    const wrong = changed({
      "golden/case-1/case.json": (json: { greedy_16: number[]; prompt: string }) => ({
        ...json,
        prompt: `${json.prompt} `,
        greedy_16: json.greedy_16.with(3, 1),
      }),
    });
    const lines = await linesOf({ folder: wrong, cases: ["case-1"], hasUpdate: false });
    const failed = lines.filter((line) => !line.ok && !line.name.startsWith("exact rollout")).map(({ name }) => name);
    expect(failed).toEqual(["case-1 prompt text", "case-1 greedy ids"]);
  });

  it("says which model types it cannot run", async () => {
    const other = changed({ "config.json": (json: object) => ({ ...json, model_type: "llava" }) });
    const lines = await linesOf({ folder: other, cases: ["case-0"], hasUpdate: true });
    expect(lines.map(({ ok }) => ok)).toEqual([false]);
    expect(lines[0]?.name).toContain("its architecture is llava. Choose a model of a supported family: SmolVLM (smolvlm");
  });

  it("names the file when a golden file is damaged, and goes on", async () => {
    const damaged = changed({ "golden/case-2/case.json": (json: object) => ({ ...json, input_ids: "none" }) });
    const lines = await linesOf({ folder: damaged, cases: ["case-2"], hasUpdate: false });
    expect(lines.length).toBe(1);
    expect(lines[0]?.name).toContain("golden/case-2/case.json");
    expect(lines[0]?.ok).toBe(false);
  });
});
