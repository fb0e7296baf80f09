// The keys [ and ] while the focus is anywhere on the page: the pin goes to the next or previous kept token of the open rollout.

import { answerTokens } from "@/client/live";
import { isKept } from "@/rl/tokenSelection";
import { currentUpdate } from "@/state/answers/update";
import { useStore } from "@/state/store";
import { keptFrom } from "./tokenKeys";

/** Pins the next kept token in a direction, from the pinned one or from the start. */
export function pinKept(direction: 1 | -1): void {
  const { pinned, rollout, pin } = useStore.getState();
  if (rollout >= answerTokens.rolloutCount) return;
  const mask = currentUpdate().preview?.masks[rollout];
  const from = pinned?.rollout === rollout ? pinned.start : -1;
  const walk = { count: answerTokens.length(rollout), isKept: (t: number) => isKept(mask?.[t]) };
  const token = keptFrom(from, direction, walk);
  if (walk.isKept(token)) pin({ rollout, start: token, end: token });
}
