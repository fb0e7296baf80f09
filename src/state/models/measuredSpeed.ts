// How fast a model answered on this machine, remembered between visits: the model card says it before the model is loaded again. One
// figure per model, number formats and adapter; the newest counts, because drivers and browsers change.

import type { DeviceReport, ModelReport } from "@/protocol/engine";
import type { PrecisionChoice } from "@/protocol/model";
import { remember, remembered } from "../remembered";
import { useStore } from "../store";

const storageKey = "vppo-playground.speeds";
const kept = 60;

/** Tokens per second of the last answer of this model on this adapter; null before the first. */
export function measuredSpeed(name: string, precision: PrecisionChoice, adapter: string): number | null {
  return speeds().get(keyOf(name, precision, adapter)) ?? null;
}

/** Remembers a speed; figures that are none are left out. */
export function keepSpeed({ name, precision }: ModelReport, { adapter }: DeviceReport, tokensPerSecond: number): void {
  if (!(tokensPerSecond > 0 && Number.isFinite(tokensPerSecond))) return;
  const all = speeds();
  const key = keyOf(name, precision, adapter);
  all.delete(key);
  all.set(key, Number(tokensPerSecond.toPrecision(3)));
  remember(storageKey, JSON.stringify([...all].slice(-kept)));
}

/** Remembers the speed of every answer from now on; returns the way to stop. */
export function followSpeeds(): () => void {
  return useStore.subscribe(({ ask, model, device }, before) => {
    if (ask === before.ask || ask.status !== "finished" || ask.stopped || model.status !== "ready" || !device) return;
    keepSpeed(model.model, device, ask.tokensPerSecond);
  });
}

function keyOf(name: string, { text, vision, head, groupSize }: PrecisionChoice, adapter: string): string {
  return [name, text, vision, head, groupSize, adapter].join(" · ");
}

/** What is stored, as far as it is what was written. */
function speeds(): Map<string, number> {
  try {
    const stored: unknown = JSON.parse(remembered(storageKey) ?? "[]");
    const rows: unknown[] = Array.isArray(stored) ? stored : [];
    return new Map(
      rows.flatMap((row) =>
        Array.isArray(row) && typeof row[0] === "string" && typeof row[1] === "number" ? [[row[0], row[1]] as const] : [],
      ),
    );
  } catch {
    return new Map();
  }
}
