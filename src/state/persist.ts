// Keeps settings across visits and in the address: reads once at start (link before storage before defaults), then writes after
// pauses. Storage that is full or forbidden is not an error: the page simply forgets.

import { useStore } from "./store";
import { decodeState, encodeState } from "./url";

const storageKey = "vppo-playground.state";
const writePauseMs = 300;

/** Restores state from address or storage, reports what could not be used, and keeps both up to date; returns the way to stop. */
export function connectPersistence(): () => void {
  const hash = window.location.hash;
  const stored = decodeState(readStorage(), "storage");
  const restored = hash.length > 1 ? decodeState(hash) : stored;
  // A link holds no text of the user's own, so those stay whatever link is opened.
  const { rewardSource } = stored.settings;
  useStore.setState({
    settings: { ...restored.settings, rewardSource },
    pinned: restored.pinned,
    rollout: restored.pinned?.rollout ?? 0,
  });
  if (restored.sample !== null) useStore.getState().setInput({ sample: restored.sample });
  useStore.temporal.getState().clear();
  for (const problem of restored.problems) useStore.getState().notify("error", problem);

  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = () => {
    const { settings, pinned, input } = useStore.getState();
    const text = encodeState({ settings, pinned, sample: input.sample });
    history.replaceState(history.state, "", text === "" ? window.location.pathname + window.location.search : `#${text}`);
    // A pin belongs to one answer, so it is shared but not kept.
    writeStorage(encodeState({ settings, pinned: null, sample: null }, "storage"));
  };
  const unsubscribe = useStore.subscribe((state, before) => {
    if (state.settings === before.settings && state.pinned === before.pinned && state.input.sample === before.input.sample)
      return;
    clearTimeout(timer);
    timer = setTimeout(write, writePauseMs);
  });
  return () => {
    clearTimeout(timer);
    unsubscribe();
  };
}

function readStorage(): string {
  try {
    return localStorage.getItem(storageKey) ?? "";
  } catch {
    return "";
  }
}

function writeStorage(text: string): void {
  try {
    localStorage.setItem(storageKey, text);
  } catch {
    // Private windows and full disks: nothing depends on it.
  }
}
