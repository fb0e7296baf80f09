// What happens when the page opens: state from the link, the recorded example at once, and behind it the embedded model. Without
// a recording the first sample stands in as the question, so that the page is never empty.

import { loadModel, openRecording } from "@/state/modelJob";
import { connectPersistence } from "@/state/persist";
import { startRuns } from "@/state/runsJobs";
import { useStore } from "@/state/store";
import { guidePageOf, useGuide } from "@/views/guide/guideStore";
import { embeddedSource } from "@/views/models/embeddedSource";
import { samples } from "@/views/prompt/samples";
import { fetchOverlays } from "./Overlays";
import { fetchLaterPanels } from "./panels";
import { keepForOffline } from "./serviceWorker";

/**
 * Starts everything; resolves when recording and model are there or have failed (failures go to the status bar). The model waits
 * for `offlineReady`, because only what is fetched after it is kept for offline use; the small rest is kept by a second look.
 */
export async function boot(offlineReady: Promise<void>): Promise<void> {
  connectPersistence();
  // A link to a page of the guide works on the open page, too.
  addEventListener("hashchange", () => {
    const page = guidePageOf(location.hash);
    if (page !== null) useGuide.getState().open(page);
  });
  void startRuns();
  const wanted = useStore.getState().input.sample;
  const loading = offlineReady.then(() => loadModel(embeddedSource()));
  const panels = offlineReady.then(fetchLaterPanels).then(fetchOverlays);
  await openRecording(new URL("recorded/example.json", document.baseURI).href);
  const { input, notify } = useStore.getState();
  const linked = wanted === null ? undefined : samples().find(({ id }) => id === wanted);
  if (wanted !== null && !linked) {
    notify("error", "The sample in the link was not used: this page has none of that name. Pick one from the samples.");
  }
  const start = linked ?? (input.image ? undefined : samples()[0]);
  if (start) setSample(start);
  await Promise.all([loading, panels]);
  await keepForOffline();
}

function setSample({ image, question, answer, id }: ReturnType<typeof samples>[number]): void {
  useStore.getState().setInput({ image, moreImages: [], question, answer, sample: id });
}
