// Which runs are pinned and which one is the baseline, remembered between visits. Runs that are gone are forgotten.

import * as v from "valibot";
import type { RunInfo } from "@/protocol/runs";
import { remember, remembered } from "../remembered";
import { mostSelected, useRuns } from "./runs";

const key = "vppo-playground.pinned-runs";
const pinsSchema = v.object({ runs: v.pipe(v.array(v.string()), v.maxLength(mostSelected)), baseline: v.nullable(v.string()) });

let isRestored = false;

/** Pins what was pinned on the last visit, once, and remembers pins from then on. */
export function restorePins(runs: readonly RunInfo[]): void {
  if (isRestored) return;
  isRestored = true;
  const stored = readPins();
  const { selectedRuns, set } = useRuns.getState();
  const known = (id: string) => runs.some((run) => run.id === id);
  const pins = [...new Set([...stored.runs.filter(known), ...selectedRuns])].slice(-mostSelected);
  if (pins.length > 0) {
    set({ selectedRuns: pins, baseline: stored.baseline !== null && pins.includes(stored.baseline) ? stored.baseline : null });
  }
  useRuns.subscribe((state, before) => {
    if (state.selectedRuns === before.selectedRuns && state.baseline === before.baseline) return;
    remember(key, JSON.stringify({ runs: state.selectedRuns, baseline: state.baseline }));
  });
}

function readPins(): v.InferOutput<typeof pinsSchema> {
  try {
    const result = v.safeParse(pinsSchema, JSON.parse(remembered(key) ?? "null"));
    if (result.success) return result.output;
  } catch {
    // Not JSON: as if nothing had been pinned.
  }
  return { runs: [], baseline: null };
}
