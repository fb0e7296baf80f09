// Opening a file that “Save this view” wrote: its settings, picture and question take the place of the present ones, and its answer is
// shown as a kept one beside those that are there. One undo step takes the settings back.
import { useStore } from "@/state/store";
import { decodeState } from "@/state/url";
import { largestBytes, readSavedView, SavedViewError, savedViewEnding } from "./savedView";

/** Opens a file; every failure ends in the status bar and changes nothing. Returns whether it was opened. */
export async function openView(file: File): Promise<boolean> {
  const { fail, notify, setInput, setSettings, keepAnswer, setRegion, editReward } = useStore.getState();
  try {
    if (file.size > largestBytes) throw new SavedViewError(`it is larger than ${largestBytes / 2 ** 20} MiB`);
    const view = await readSavedView(await file.text());
    const { settings, pinned, region, problems } = decodeState(view.hash);
    const { rewardSource } = useStore.getState().settings;
    setSettings({ ...settings, rewardSource });
    const [image = null, ...moreImages] = view.pictures;
    setInput({ image, moreImages, question: view.question, answer: view.knownAnswer, sample: view.sample });
    if (view.answer) {
      const { header, tokens, promptTokens, rollout, origin, rewardEdits } = view.answer;
      const { input } = useStore.getState();
      keepAnswer({ label: header.question, source: "file", header, tokens, input, promptTokens, origin }, { rollout, pinned });
      for (const [i, reward] of Object.entries(rewardEdits)) editReward(Number(i), reward);
    }
    setRegion(region);
    for (const problem of problems) notify("error", problem);
    notify("notice", `${file.name} was opened: settings, picture and question${view.answer ? ", and its answer" : ""}.`);
    return true;
  } catch (error) {
    fail(error);
    return false;
  }
}

/** Asks for a file and opens it. The field lives only as long as the question, because the menu that asks closes. */
export function chooseView(): void {
  const field = document.createElement("input");
  field.type = "file";
  field.accept = `.json,${savedViewEnding}`;
  field.addEventListener("change", () => {
    const [chosen] = field.files ?? [];
    if (chosen) void openView(chosen);
  });
  field.click();
}
