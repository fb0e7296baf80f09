// The link to what is shown, and what it does not hold: a reader of the link should not be surprised, and its giver should know that a file
// holds the rest.
import { answerHeader } from "@/client/live";
import { currentHash } from "@/state/persist";
import { useStore } from "@/state/store";
import { samples } from "@/views/prompt/samples";

/** What every browser, chat and mail program takes. */
const longestLink = 2048;

/** The address of this view as it is now. */
export function currentLink(): string {
  const hash = currentHash();
  const { origin, pathname, search } = location;
  return `${origin}${pathname}${search}${hash === "" ? "" : `#${hash}`}`;
}

/** What of this view no link holds, in words. */
export function leftOutOfLinks(): readonly string[] {
  const { input, source, rewardEdits, settings, answers } = useStore.getState();
  const sample = samples().find(({ id }) => id === input.sample);
  const recorded = answers.find((answer) => answer.source === "recorded")?.header;
  const isKnown = (picture: unknown) => picture === null || picture === recorded?.image || picture === sample?.image;
  const parts = [
    !isKnown(input.image) && "your own picture",
    input.moreImages.length > 0 && "further pictures",
    ![sample?.question, recorded?.question, ""].includes(input.question) && "your own question",
    answerHeader() !== null && source !== "recorded" && "the answer itself",
    Object.keys(rewardEdits).length > 0 && "rewards set by hand",
    settings.rewardKind === "custom" && "your reward function",
  ];
  return parts.filter((part) => part !== false);
}

/** Copies the link and says what it lacks. */
export async function copyLink(): Promise<void> {
  const { notify } = useStore.getState();
  const link = currentLink();
  if (link.length > longestLink) {
    notify(
      "error",
      `The link was not copied: it has ${link.length} characters and many programs cut links at ${longestLink}. Save this view as a file instead (Export).`,
    );
    return;
  }
  try {
    await navigator.clipboard.writeText(link);
  } catch {
    notify("error", "The link was not copied: the browser forbids it. Copy it from the address bar.");
    return;
  }
  const left = leftOutOfLinks();
  const last = left.at(-1);
  const list = left.length > 1 ? `${left.slice(0, -1).join(", ")} and ${last}` : last;
  const rest = list ? ` It does not hold ${list}: “Save this view” in the export menus does.` : "";
  notify("notice", `The link is copied: it holds settings, sample and selection.${rest}`);
}
