// What "Where did it look?" does by itself once it is on the page: it follows the region, and lays over the text what is pointed at (a cell
// of the map) or held (the masked picture).

import { answerTokens } from "@/client/live";
import type { TokenOverlay } from "@/client/tokenOverlay";
import { useStore } from "../store";
import { useLook } from "./look";
import { setPassingOverlay } from "./lookOverlay";
import { occlusionMap } from "./occlusionMap";
import { watchRegion } from "./regionJob";

let isWatching = false;

/** Begins; a second call does nothing. */
export function watchLook(): void {
  watchRegion();
  if (isWatching) return;
  isWatching = true;
  useStore.subscribe((state, before) => {
    if (state.model.status !== before.model.status) forgetReasons();
  });
  useLook.subscribe((state, before) => {
    if (state.isHeld !== before.isHeld || state.cell !== before.cell)
      setPassingOverlay(state.isHeld ? heldOverlay() : cellOverlay(state.cell));
  });
}

/** What was missing may be there now. */
function forgetReasons(): void {
  const { statuses, setStatus } = useLook.getState();
  for (const kind of ["occlusion", "draws", "deletion"] as const) {
    if (statuses[kind].status === "waiting") setStatus(kind, { status: "idle" });
  }
}

/** Log-probability with the picture minus masked: what the picture said for each token. */
function heldOverlay(): TokenOverlay {
  const values = Array.from({ length: answerTokens.rolloutCount }, (_, rollout) => {
    const { logp, logpMasked } = answerTokens.stats(rollout);
    return logp.map((value, t) => value - (logpMasked[t] as number));
  });
  return {
    label: "Δ log-prob, original − masked",
    unit: "nats",
    signed: true,
    values,
    clear: () => useLook.getState().set({ isHeld: false }),
  };
}

function cellOverlay(cell: string | null): TokenOverlay | null {
  if (!cell) return null;
  const { pinned, rollout: open } = useStore.getState();
  const shown = pinned?.rollout ?? open;
  const kl = occlusionMap(shown)?.tokensUnder(cell);
  if (!kl) return null;
  const values = Array.from({ length: answerTokens.rolloutCount }, (_, rollout) => (rollout === shown ? kl : new Float32Array()));
  const clear = () => useLook.getState().set({ cell: null });
  return { label: "Depends on the cell under the pointer", unit: "nats", signed: false, values, clear };
}
