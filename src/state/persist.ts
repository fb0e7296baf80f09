// Keeps settings across visits and the whole look in the address: reads once at start (link before storage before defaults), again when a
// link is pasted into the open page, and writes after pauses. Storage that is full or forbidden is not an error: the page simply forgets.

import { type AppState, useStore } from "./store";
import { type DecodedState, decodeState, encodeState, type SharedLook } from "./url";

const storageKey = "vppo-playground.state";
const writePauseMs = 300;

/** What of the look is not in the store, and what has to be done besides when a link is opened. */
export interface LinkHost {
  /** The open tab; null for the one that opens by itself. */
  readonly tab: () => string | null;
  /** Calls back when the tab changes. */
  readonly subscribeTab: (listener: () => void) => () => void;
  /** A link was pasted into the open page: its sample, tab and rollout are to be shown. */
  readonly show: (linked: DecodedState) => void;
}

let host: LinkHost | null = null;
/** The rollout that the shown answer opened with: only another one is worth a word in the link. */
let ownRollout = { answer: null as AppState["shownAnswer"], rollout: 0 };

/** The look and the settings as a link holds them, without "#". */
export function currentHash(): string {
  const { settings, pinned, input, rollout, region, step } = useStore.getState();
  const look: SharedLook = {
    pinned,
    sample: input.sample,
    rollout: rollout === ownRollout.rollout ? null : rollout,
    region,
    step,
    tab: host?.tab() ?? null,
  };
  return encodeState({ settings, ...look });
}

/** Restores state from address or storage, reports what could not be used, keeps both up to date; returns what the link held. */
export function connectPersistence(linkHost: LinkHost): DecodedState {
  host = linkHost;
  const { hash } = window.location;
  const stored = decodeState(readStorage(), "storage");
  const restored = hash.length > 1 ? decodeState(hash) : stored;
  // A link holds no text of the user's own, so those stay whatever link is opened.
  const { rewardSource } = stored.settings;
  useStore.setState({
    settings: { ...restored.settings, rewardSource },
    pinned: restored.pinned,
    rollout: restored.rollout ?? 0,
    region: restored.region,
    step: restored.step,
  });
  if (restored.sample !== null) useStore.getState().setInput({ sample: restored.sample });
  useStore.temporal.getState().clear();
  for (const problem of restored.problems) useStore.getState().notify("error", problem);

  let timer: ReturnType<typeof setTimeout> | undefined;
  const writeSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(write, writePauseMs);
  };
  useStore.subscribe((state, before) => {
    if (state.shownAnswer !== ownRollout.answer) ownRollout = { answer: state.shownAnswer, rollout: state.rollout };
    if (watched.some((of) => of(state) !== of(before))) writeSoon();
  });
  linkHost.subscribeTab(writeSoon);
  window.addEventListener("hashchange", () => {
    // Links inside the page (#guide=4) and what was written here are no new state.
    if (!/[#&]v=/.test(window.location.hash) || window.location.hash === `#${currentHash()}`) return;
    take(decodeState(window.location.hash), linkHost);
  });
  return restored;
}

const watched: readonly ((state: AppState) => unknown)[] = [
  ({ settings }) => settings,
  ({ pinned }) => pinned,
  ({ input }) => input.sample,
  ({ rollout }) => rollout,
  ({ region }) => region,
  ({ step }) => step,
];

function write(): void {
  const text = currentHash();
  history.replaceState(history.state, "", text === "" ? window.location.pathname + window.location.search : `#${text}`);
  // What is selected belongs to one answer, so it is shared but not kept.
  writeStorage(encodeState({ settings: useStore.getState().settings }, "storage"));
}

function take(linked: DecodedState, { show }: LinkHost): void {
  const { settings, setSettings, setRegion, setStep, notify } = useStore.getState();
  setSettings({ ...linked.settings, rewardSource: settings.rewardSource });
  setRegion(linked.region);
  setStep(linked.step);
  for (const problem of linked.problems) notify("error", problem);
  show(linked);
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
