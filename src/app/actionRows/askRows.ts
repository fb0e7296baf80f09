// Actions around a question and its answer.

import { keptAnswers } from "@/state/answers/answers";
import { ask, stopAsk } from "@/state/answers/askJob";
import { stopLooking } from "@/state/look/look";
import { type AppState, useStore } from "@/state/store";
import { clearOverlay } from "@/state/tokens/tokenColours";
import { askBlockedBy } from "@/views/prompt/askBlockedBy";
import { type ActionRows, always, focusOn } from "./actionRow";

const shownOf = (state: AppState) => keptAnswers(state).find(({ id }) => id === state.shownAnswer);

/** The answer that the shown branch left, while it is kept. */
function parentOf(state: AppState): number | null {
  const parent = shownOf(state)?.parent ?? null;
  return keptAnswers(state).some(({ id }) => id === parent) ? parent : null;
}

/** Ask, stop, question, compare. */
export const askRows = {
  ask: {
    id: "ask",
    label: "Ask",
    group: "Ask",
    keys: ["$mod+Enter"],
    isEnabled: (state) => askBlockedBy(state) === null && state.ask.status !== "running",
    run: () => void ask(),
  },
  stop: {
    id: "stop",
    label: "Stop the answer, or clear the selection",
    group: "Ask",
    keys: ["Escape"],
    isEnabled: always,
    run: () => {
      const { ask: status, pin, region, setRegion } = useStore.getState();
      if (status.status === "running") void stopAsk();
      // What is measured of a region goes with it.
      else if (region) setRegion(null);
      else if (!stopLooking() && !clearOverlay()) pin(null);
    },
  },
  question: {
    id: "question",
    label: "Go to the question",
    group: "Ask",
    keys: ["/"],
    isEnabled: always,
    run: () => focusOn('textarea[aria-label="Question"]'),
  },
  compareParent: {
    id: "compareParent",
    label: "Compare the branch with the answer it left",
    group: "Ask",
    keys: [],
    isEnabled: (state) => parentOf(state) !== null,
    run: () => {
      const state = useStore.getState();
      const answer = parentOf(state);
      if (answer !== null) state.compareWith({ answer });
    },
  },
  compareRollouts: {
    id: "compareRollouts",
    label: "Compare this rollout with the next one",
    group: "Ask",
    keys: [],
    isEnabled: (state) => (shownOf(state)?.tokens.rollouts.length ?? 0) > 1,
    run: () => {
      const { shownAnswer, compareWith } = useStore.getState();
      if (shownAnswer !== null) compareWith({ answer: shownAnswer });
    },
  },
} as const satisfies ActionRows;
