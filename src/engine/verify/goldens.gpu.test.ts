// The committed checkpoint against transformers' numbers on WebGPU, through the engine that the page runs.

import { describe, expect, it } from "vitest";
import { httpFolder } from "@/fetching/httpFolder";
import type { VerifyLine } from "@/lib/verifyLine";
import { setUpGpu } from "@/ops/test/gpuFixture";
import { verifyCheckpoint } from "./verifyCheckpoint";

setUpGpu();

const folder = httpFolder(new URL("/fixtures/smolvlm/", location.href).href);

describe("verifyCheckpoint on WebGPU", () => {
  it("finds every quantity of the fixture within its tolerance", { timeout: 600_000 }, async () => {
    const lines: VerifyLine[] = [];
    await verifyCheckpoint({ folder, cases: ["case-0", "case-1", "case-2"], hasUpdate: true }, (line) => lines.push(line));
    expect(lines.filter(({ ok }) => !ok)).toEqual([]);
    expect(lines.length).toBe(86);
  });
});
