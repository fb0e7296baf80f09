// Which variants of kernels a device gets: those measured on it before, or measured now, once. Software adapters keep the standard:
// their times follow barriers and say nothing about a GPU, and measuring would take minutes.

import type { Gpu } from "@/gpu/device";
import type { MatrixFormat } from "@/ops/matrix";
import { chooseVariants, standardVariants, type Variants } from "@/ops/variants";
import type { KernelChoice } from "@/protocol/system";
import { trialsFor } from "./trials";
import { type Trial, tune } from "./tune";

/** Where measured choices stay between visits; failing to keep them costs time only. */
export interface TuningStore {
  read(key: string): Promise<unknown>;
  write(key: string, chosen: Variants): Promise<void>;
}

/** Raised when kernels or trials change so much that older measurements say nothing. */
const version = 1;

/** Uses the variants that are right for this device and weights of this format, and tells which they are. */
export async function tuneDevice(
  { adapter, dispatcher, isSoftware }: Pick<Gpu, "adapter" | "dispatcher" | "isSoftware">,
  format: MatrixFormat,
  store: TuningStore | undefined,
  trials: readonly Trial[] = trialsFor(format),
): Promise<KernelChoice> {
  chooseVariants(standardVariants);
  if (isSoftware) return { from: "standard", variants: { ...standardVariants } };
  const key = [version, format, adapter.vendor, adapter.architecture, adapter.description].join("|");
  const kept = checked(await store?.read(key).catch(() => undefined), trials);
  if (kept) {
    chooseVariants(kept);
    return { from: "store", variants: { ...kept } };
  }
  const measured = await tune(dispatcher, trials);
  await store?.write(key, measured).catch(() => undefined);
  return { from: "measurement", variants: { ...measured } };
}

/** What was stored, if every choice that is tried is one of its candidates. */
function checked(stored: unknown, trials: readonly Trial[]): Variants | undefined {
  if (typeof stored !== "object" || stored === null) return undefined;
  const chosen: Partial<Record<keyof Variants, number>> = {};
  for (const { variant, candidates } of trials) {
    const value: unknown = Reflect.get(stored, variant);
    if (typeof value !== "number" || !candidates.includes(value)) return undefined;
    chosen[variant] = value;
  }
  return { ...standardVariants, ...chosen };
}
