// How near the last jobs came to what the adapter can do: bytes per second where the weights are read for few rows (decoding), float32
// operations per second where they are used for many (prefill, update). Lower bounds: attention, keys and values are not counted. Pure.

import type { DecoderCost, JobReport, RoofReport } from "@/protocol/system";
import { phaseTotals } from "./phases";

/** One measured rate beside its ceiling. */
export interface Rate {
  readonly name: string;
  readonly unit: "GB/s" | "GFLOP/s";
  /** In the unit. */
  readonly achieved: number;
  /** Null until the adapter is measured. */
  readonly ceiling: number | null;
  /** How the figure is made, with its numbers' names. */
  readonly formula: string;
}

const giga = 1e9;

/** Rates of the last answer and the last training step, as far as there are any. */
export function ratesOf(
  decoder: DecoderCost | undefined,
  { answer, step }: { readonly answer?: JobReport | undefined; readonly step?: JobReport | undefined },
  roofs: RoofReport | null,
): readonly Rate[] {
  if (!decoder) return [];
  const { stepBytes, weights } = decoder;
  const bytes = roofs && roofs.bytesPerSecond / giga;
  const flops = roofs && roofs.flopsPerSecond / giga;
  const decoding = secondsOf(answer, "decoding");
  const prompt = secondsOf(answer, "prompt");
  const update = secondsOf(step, "update");
  const rates: Rate[] = [];
  if (answer && decoding > 0 && answer.decodeSteps > 0) {
    rates.push({
      name: "Decode",
      unit: "GB/s",
      achieved: (stepBytes * answer.decodeSteps) / decoding / giga,
      ceiling: bytes,
      formula: "bytes of decoder and head weights × decode steps ÷ decode time",
    });
  }
  if (answer && prompt > 0) {
    rates.push({
      name: "Prefill",
      unit: "GFLOP/s",
      achieved: (2 * weights * answer.rows) / prompt / giga,
      ceiling: flops,
      formula: "2 × decoder weights × prompt rows ÷ prefill time",
    });
  }
  if (step && update > 0) {
    rates.push({
      name: "Update",
      unit: "GFLOP/s",
      achieved: (2 * weights * step.rows * step.productsPerRow) / update / giga,
      ceiling: flops,
      formula: `2 × decoder weights × rows × ${step.productsPerRow} products per row ÷ update time`,
    });
  }
  return rates;
}

function secondsOf(job: JobReport | undefined, phase: string): number {
  if (!job) return 0;
  return (phaseTotals(job).find(({ name }) => name === phase)?.ms ?? 0) / 1000;
}
