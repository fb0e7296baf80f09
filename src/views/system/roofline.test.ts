import { expect, it } from "vitest";
import type { JobReport } from "@/protocol/system";
import { ratesOf } from "./roofline";

const answer: JobReport = {
  kind: "answer",
  elapsedMs: 3000,
  phases: [
    { name: "prompt", ms: 1000 },
    { name: "decoding", ms: 2000 },
  ],
  memory: [],
  tokens: 20,
  decodeSteps: 10,
  rows: 500,
  productsPerRow: 1,
};
const step: JobReport = { ...answer, kind: "step", phases: [{ name: "update", ms: 4000 }], rows: 1000, productsPerRow: 3 };
const decoder = { stepBytes: 1e9, weights: 1e8 };

it("a rate is the work that must be done, by the time it took, beside the adapter's ceiling", () => {
  const roofs = { bytesPerSecond: 10e9, flopsPerSecond: 400e9, copyBytes: 1 };
  const rates = ratesOf(decoder, { answer, step }, roofs);
  expect(rates.map(({ name, unit, achieved, ceiling }) => [name, unit, achieved, ceiling])).toEqual([
    // 1 GB ten times in 2 s.
    ["Decode", "GB/s", 5, 10],
    // 2 × 0.1 G × 500 in 1 s.
    ["Prefill", "GFLOP/s", 100, 400],
    // 2 × 0.1 G × 1000 × 3 in 4 s.
    ["Update", "GFLOP/s", 150, 400],
  ]);
});

it("there is no ceiling before it is measured, and no rate of what has not run", () => {
  expect(ratesOf(decoder, { answer }, null).map(({ name, ceiling }) => [name, ceiling])).toEqual([
    ["Decode", null],
    ["Prefill", null],
  ]);
  expect(ratesOf(undefined, { answer }, null)).toEqual([]);
  expect(ratesOf(decoder, { answer: { ...answer, phases: [] } }, null)).toEqual([]);
});
