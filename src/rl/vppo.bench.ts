// What a slider costs: the preview of 16 answers of 256 tokens (goal: at most 1 ms), and the whole update beside it.

import { bench } from "vitest";
import { uniformAt } from "@/lib/rng";
import { officialDefaults } from "./settings";
import type { Trajectory } from "./trajectory";
import { policyUpdate, previewUpdate } from "./vppo";

const column = (stream: number, scale: number) => Float32Array.from({ length: 256 }, (_, t) => scale * uniformAt(1, stream, t));
const batch: readonly Trajectory[] = Array.from({ length: 16 }, (_, i) => ({
  group: i >> 3,
  reward: i % 2,
  logp: column(3 * i, -2),
  logpOld: column(3 * i + 1, -2),
  dependency: column(3 * i + 2, 3),
  entropy: column(3 * i + 2, 2),
  stream: i,
}));

bench("preview of 4096 tokens", () => void previewUpdate(batch, officialDefaults));
for (const tokenSelection of ["either", "random", "soft"] as const) {
  bench(`preview of 4096 tokens, ${tokenSelection}`, () => void previewUpdate(batch, { ...officialDefaults, tokenSelection }));
}
bench("update of 4096 tokens", () => void policyUpdate(batch, officialDefaults));
