// VPPO and GRPO side by side: two runs with the same seed, problems and budget, one after the other, from the untrained adapter, pinned
// together when both are there. Only the method's own knobs differ. It goes on while the page is open; each run is stored as any other.

import { applyPreset, type PresetName, presets } from "../presets";
import { useStore } from "../store";
import { mostSelected, useRuns } from "./runs";
import { pauseTraining, resetTraining, train } from "./trainJob";

/** The second one is what the first one is compared with. */
const methods = ["vppo", "grpo"] as const satisfies readonly PresetName[];

/** Names of the two. */
export const pairText = methods.map((method) => presets[method].label).join(" and ");

/** Takes both runs; stops with a notice where one does not come to its end. Does nothing while one trains. */
export async function runPair(steps: number): Promise<void> {
  const { training, settings: before, notify } = useStore.getState();
  if (training.status === "running" || useRuns.getState().pair) return;
  const taken: string[] = [];
  try {
    for (const [i, method] of methods.entries()) {
      const next = methods[i + 1];
      const now = presets[method].label;
      useRuns.getState().set({ pair: { steps, now, next: next ? presets[next].label : null } });
      await resetTraining();
      // What was turned while the first one trained belongs to that run: the second begins as the first one did.
      useStore.getState().setSettings(applyPreset(before, method));
      await train(steps);
      const { open, runs, pair } = useRuns.getState();
      const run = runs?.find(({ id }) => id === open?.id);
      if (!pair || !run || run.lastStep < steps) {
        const left = next ? ` ${presets[next].label} was not begun.` : "";
        const at = run ? `${run.name} stopped at step ${run.lastStep} of ${steps}` : `${now} did not begin`;
        notify("notice", `The pair is not complete: ${at}.${left} Continue the run in Runs, or start the pair again.`);
        return;
      }
      taken.push(run.id);
    }
    pinPair(taken);
    notify("notice", `${pairText} took ${steps} steps each with the same seed: they are pinned, and the charts show both.`);
  } finally {
    useRuns.getState().set({ pair: null });
  }
}

/** Ends the pair after the step that is being taken. */
export async function cancelPair(): Promise<void> {
  useRuns.getState().set({ pair: null });
  await pauseTraining();
}

function pinPair(ids: readonly string[]): void {
  const { selectedRuns, set } = useRuns.getState();
  const others = selectedRuns.filter((id) => !ids.includes(id));
  set({ selectedRuns: [...others, ...ids].slice(-mostSelected), baseline: ids.at(-1) ?? null });
}
