// All benches in order, on a device that the caller made (a browser page or Dawn in Node). Says what it does as it goes. The peer
// bench is only named here: it has pages of its own (peer/runPeer.ts).

import { openSession, uniformPrecision } from "@/engine/loading/openSession";
import type { Session } from "@/engine/session";
import type { CheckpointFolder } from "@/fetching/folder";
import type { Gpu } from "@/gpu/device";
import type { MatrixFormat } from "@/ops/matrix";
import { benchDecode } from "./decodeBench";
import { benchGrowth } from "./growthBench";
import { benchHeadStats } from "./headStatsBench";
import type { BenchReport, BenchRow } from "./report";
import { benchRoofs } from "./roofsBench";
import { benchRough } from "./roughBench";
import { benchStep } from "./stepBench";
import { benchTraining } from "./trainingBench";

/** Parts that can be run alone. */
export const benchNames = ["decode", "growth", "head", "training", "step", "rough", "roofs", "page", "peer"] as const;
export type BenchName = (typeof benchNames)[number];
/** Parts that run on one device. */
export type DeviceBenchName = Exclude<BenchName, "peer">;

export interface BenchOptions {
  readonly quick: boolean;
  readonly only: readonly DeviceBenchName[];
  readonly repetitions: number;
}

/** The text decoder of Qwen2.5-VL-3B. */
const qwen = {
  layers: 36,
  hidden: 2048,
  intermediate: 11_008,
  heads: 16,
  keyValueHeads: 2,
  headDim: 128,
  vocabulary: 151_936,
} as const;

/** Runs the chosen benches; `runtime` names browser or Node. */
export async function runBenches(
  gpu: Gpu,
  folder: CheckpointFolder,
  { quick, only, repetitions }: BenchOptions,
  runtime: string,
  say: (line: string) => void,
): Promise<BenchReport> {
  const rows: BenchRow[] = [];
  const { vendor, architecture, description } = gpu.adapter;
  const adapter = [vendor, architecture, description].filter(Boolean).join(" ") || "unnamed adapter";
  const withModel = async (format: MatrixFormat, run: (session: Session) => Promise<BenchRow[]>) => {
    const session = await openSession(folder, "shapes-vlm", { precision: uniformPrecision(format) });
    try {
      rows.push(...(await run(session)));
    } finally {
      session[Symbol.dispose]();
    }
  };
  for (const name of only) {
    say(`${name} …`);
    switch (name) {
      case "decode":
        for (const format of ["f16", "int8", "int4"] as const) {
          await withModel(format, (session) => benchDecode(gpu, session, { rollouts: 8, tokens: quick ? 24 : 48, repetitions }));
        }
        break;
      case "growth": {
        const size = quick
          ? { contexts: [128, 1024, 4096], rollouts: [1, 4, 16], trained: [128, 512, 1024], steps: 8 }
          : {
              contexts: [128, 256, 512, 1024, 2048, 4096],
              rollouts: [1, 2, 4, 8, 16],
              trained: [128, 256, 512, 1024, 2048],
              steps: 16,
            };
        await withModel("int4", (session) => benchGrowth(gpu, session, { ...size, repetitions }));
        break;
      }
      case "head": {
        const size = quick ? { positions: 16, vocabulary: 4096, width: 192 } : { positions: 256, vocabulary: 49280, width: 576 };
        rows.push(...(await benchHeadStats(gpu, { ...size, repetitions })));
        break;
      }
      case "training": {
        const size = quick ? { rollouts: 8, tokens: 32 } : { rollouts: 8, tokens: 48 };
        await withModel("int8", (session) => benchTraining(gpu, session, { ...size, repetitions }));
        break;
      }
      case "step": {
        const size = quick ? { prompts: 2, rollouts: 4, tokens: 8 } : { prompts: 12, rollouts: 8, tokens: 48 };
        await withModel("int8", (session) => benchStep(gpu, session, { ...size, repetitions }));
        break;
      }
      case "rough":
        for (const format of ["int8", "int4"] as const) {
          const size = quick ? { problems: 4, tokens: 16, timed: 24 } : { problems: 16, tokens: 96, timed: 48 };
          await withModel(format, (session) => benchRough(gpu, session, { ...size, repetitions }));
        }
        break;
      case "roofs": {
        const size = quick
          ? {
              ...qwen,
              layers: 2,
              hidden: 256,
              intermediate: 704,
              heads: 2,
              keyValueHeads: 1,
              vocabulary: 4096,
              steps: 4,
              positions: 32,
            }
          : { ...qwen, steps: 32, positions: 512 };
        rows.push(...(await benchRoofs(gpu, { ...size, context: 128, repetitions })));
        break;
      }
      case "page": {
        // Only in a browser: it brings React and style sheets.
        const { benchPage } = await import("./pageBench");
        const size = quick
          ? { tokens: 1024, longTokens: 2048, points: 2000 }
          : { tokens: 4096, longTokens: 16_384, points: 20_000 };
        rows.push(...(await benchPage({ ...size, repetitions })));
        break;
      }
      default:
        name satisfies never;
    }
    gpu.assertHealthy();
  }
  return { version: 1, adapter, runtime, quick, repetitions, rows };
}
