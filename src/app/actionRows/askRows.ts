// Actions around a question and its answer.

import { ask, stopAsk } from "@/state/askJob";
import { stopLooking } from "@/state/look";
import { useStore } from "@/state/store";
import { clearOverlay } from "@/state/tokenColours";
import { askBlockedBy } from "@/views/prompt/askBlockedBy";
import { type ActionRows, always, focusOn } from "./actionRow";

/** Ask, stop, question. */
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
      else if (stopLooking() || clearOverlay()) return;
      else if (region) setRegion(null);
      else pin(null);
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
} as const satisfies ActionRows;
