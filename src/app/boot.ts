// What happens when the page opens: state from the link, the recorded example at once, and behind it the embedded model. Without
// a recording the first sample stands in as the question, so that the page is never empty.

import { engineClient } from "@/client/engineClient";
import { answerTokens } from "@/client/live";
import { followEvents } from "@/state/eventLog";
import { followSpeeds } from "@/state/models/measuredSpeed";
import { loadModel, openRecording } from "@/state/models/modelJob";
import { connectPersistence } from "@/state/persist";
import { startRuns } from "@/state/runs/runsJobs";
import { useStore } from "@/state/store";
import type { SharedLook } from "@/state/url";
import { guidePageOf, useGuide } from "@/views/guide/guideStore";
import { embeddedSource } from "@/views/models/embeddedSource";
import { samples } from "@/views/prompt/samples";
import { fetchOverlays } from "./Overlays";
import { fetchLaterPanels } from "./panels";
import { keepForOffline } from "./serviceWorker";
import { drawerTabs, useShell } from "./shell";

/** Far beyond a frame; hidden tabs have none. */
const longestDrawMs = 300;

/**
 * Starts everything; resolves when recording and model are there or have failed (failures go to the status bar). The model waits
 * for `offlineReady`, because only what is fetched after it is kept for offline use; the small rest is kept by a second look.
 */
export async function boot(offlineReady: Promise<void>): Promise<void> {
  followEvents();
  // Also while nothing was asked of it: the page must not look ready when its engine is gone.
  engineClient.onCrash((error) => useStore.getState().fail(error));
  followSpeeds();
  const linked = connectPersistence({
    tab: () => (useShell.getState().tab === drawerTabs[0] ? null : useShell.getState().tab),
    subscribeTab: (listener) => useShell.subscribe((state, before) => state.tab !== before.tab && listener()),
    show: (look) => {
      showSample(look.sample);
      showLinked(look);
    },
  });
  // A link to a page of the guide works on the open page, too.
  addEventListener("hashchange", () => {
    const page = guidePageOf(location.hash);
    if (page !== null) useGuide.getState().open(page);
  });
  void startRuns();
  takeDroppedViews();
  await openRecording(new URL("recorded/example.json", document.baseURI).href);
  const [first] = samples();
  if (!showSample(linked.sample) && !useStore.getState().input.image && first) setSample(first);
  showLinked(linked);
  // The engine would take the processor from the first picture of the page.
  await Promise.all([offlineReady, drawn()]);
  await Promise.all([loadModel(embeddedSource()), fetchLaterPanels().then(fetchOverlays)]);
  await keepForOffline();
}

/** Resolves when what is there now has been drawn, or after a moment in a tab that draws nothing. */
function drawn(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
    setTimeout(resolve, longestDrawMs);
  });
}

/** A saved view can be dropped anywhere, also where pictures and models are taken. */
function takeDroppedViews(): void {
  addEventListener(
    "drop",
    (event) => {
      const file = [...(event.dataTransfer?.files ?? [])].find(({ name }) => name.toLowerCase().endsWith(".vppo.json"));
      if (!file) return;
      event.preventDefault();
      event.stopPropagation();
      void import("@/views/export/openView").then(({ openView }) => openView(file));
    },
    { capture: true },
  );
  // A file that is dropped where nothing takes it must not replace the page.
  for (const type of ["dragover", "drop"]) addEventListener(type, (event) => event.preventDefault());
}

/** Tab and rollout of a link; a pin chose its rollout already. */
function showLinked({ tab, pinned, rollout }: SharedLook): void {
  const known = drawerTabs.find((one) => one === tab);
  if (known) useShell.getState().openTab(known);
  const { notify, openRollout, pin } = useStore.getState();
  if (tab !== null && !known) {
    notify("error", "The tab in the link was not opened: this page has none of that name. Choose one below the answer.");
  }
  if (pinned && pinned.end < answerTokens.length(pinned.rollout)) pin(pinned);
  else if (rollout !== null && rollout < answerTokens.rolloutCount) openRollout(rollout);
}

/** Shows the sample of a link; false where it names none that there is. */
function showSample(id: string | null): boolean {
  if (id === null) return false;
  const sample = samples().find((one) => one.id === id);
  if (sample) setSample(sample);
  else {
    const { notify } = useStore.getState();
    notify("error", "The sample in the link was not used: this page has none of that name. Pick one from the samples.");
  }
  return sample !== undefined;
}

function setSample({ image, question, answer, id }: ReturnType<typeof samples>[number]): void {
  useStore.getState().setInput({ image, moreImages: [], question, answer, sample: id });
}
