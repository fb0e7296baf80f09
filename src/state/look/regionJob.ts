// The region on the picture: one masked pass over all rollouts of the shown answer says which tokens depend on it; the numbers lie over
// the text until the region is cleared. It follows the region in the store, so a drag, keys, number fields and undo all lead here.

import { answerTokens } from "@/client/live";
import type { TokenStats } from "@/rl/dependency";
import type { Region } from "../selection";
import { useStore } from "../store";
import { stopLooking, useLook } from "./look";
import { runLook } from "./lookEngine";
import { lastingOverlay, setLastingOverlay } from "./lookOverlay";
import { isPictureShown, lookTarget } from "./lookTarget";

/** A region that changes by keys or fields is measured when it rests. */
const restMs = 200;
/** The cell size has no meaning for a region. */
const cellSize = 14;

/** Dependency on the measured region, [T] per rollout in nats; null while none is measured. */
export interface RegionResult {
  readonly region: Region;
  readonly kl: readonly Float32Array[];
}

let result: RegionResult | null = null;
let overlay: ReturnType<typeof lastingOverlay> = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let isWatching = false;

/** What the shown region's tokens depend on; null while it is not measured. */
export function regionResult(): RegionResult | null {
  return result;
}

/** Takes region and overlay away. */
export function clearRegion(): void {
  useStore.getState().setRegion(null);
}

/** Measures the region that is drawn; says what is missing where it cannot. */
export async function measureRegion(): Promise<void> {
  const { region, input } = useStore.getState();
  const { setStatus } = useLook.getState();
  if (!region) return;
  const target = lookTarget();
  if (typeof target === "string") {
    setStatus("region", { status: "waiting", why: target });
    return;
  }
  if (!isPictureShown(input.image)) {
    setStatus("region", { status: "waiting", why: "The shown answer is about another picture." });
    return;
  }
  const mask = { strategy: "region", ratio: 0, cellSize, seed: 0, sharing: "shared", region } as const;
  await runLook("region", {
    asked: true,
    job: async (run) => {
      let stats: readonly TokenStats[] = [];
      const request = { ...target.request, responses: target.ids.filter(({ length }) => length > 0), masks: [mask] };
      if (!(await run.measure(request, (event) => (stats = event.stats)))) return;
      const measured = stats.values();
      const kl = target.ids.map(({ length }) =>
        length > 0 ? (measured.next().value?.kl ?? new Float32Array()) : new Float32Array(),
      );
      show({ region, kl });
    },
  });
}

function show(next: RegionResult | null): void {
  result = next;
  if (next) {
    overlay = { label: "Depends on the region", unit: "nats", signed: false, values: next.kl, clear: clearRegion };
    setLastingOverlay(overlay);
  } else if (overlay) {
    if (lastingOverlay() === overlay) setLastingOverlay(null);
    overlay = null;
  }
  useLook.getState().changed();
}

/** Follows region, answer and model from now on. */
export function watchRegion(): void {
  if (isWatching) return;
  isWatching = true;
  const whenRested = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void measureRegion(), restMs);
  };
  useStore.subscribe((state, before) => {
    if (state.region !== before.region) {
      clearTimeout(timer);
      if (!state.region) {
        if (useLook.getState().statuses.region.status === "running") stopLooking();
        show(null);
        useLook.getState().setStatus("region", { status: "idle" });
      } else if (!useLook.getState().isDragging) whenRested();
      return;
    }
    if (!state.region) return;
    // Not ready is told anew as well: what is missing has changed.
    const isAnotherModel = state.model.status !== before.model.status;
    const becameWritten = state.ask.status === "finished" && before.ask.status === "running";
    if (isAnotherModel || becameWritten) whenRested();
  });
  useLook.subscribe((state, before) => {
    if (before.isDragging && !state.isDragging && useStore.getState().region) void measureRegion();
  });
  let { epoch } = answerTokens;
  answerTokens.subscribe(() => {
    if (epoch === answerTokens.epoch) return;
    epoch = answerTokens.epoch;
    show(null);
  });
  if (useStore.getState().region) whenRested();
}
