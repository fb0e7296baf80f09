// Where the guide stands: closed or on a page, what was done, and whether the user wants no more of it. Opened by the address
// (`#guide=4`), the top bar and the command sheet; never by itself. Small, because it is there before the guide's own code.

import { create } from "zustand";
import { remember, remembered } from "@/state/remembered";

const doneKey = "vppo-playground.guide-done";
const skippedKey = "vppo-playground.guide";

/** The guide's pages in their order, each with the part of a narrow page where it plays; `guidePages.ts` has their texts. */
export const guideOrder = [
  { id: "ask", place: "input" },
  { id: "heat", place: "answer" },
  { id: "mask", place: "input" },
  { id: "predictions", place: "answer" },
  { id: "keep", place: "answer" },
  { id: "advantage", place: "answer" },
  { id: "step", place: "train" },
] as const;

interface GuideState {
  /** The open page, counted from 1; null while the guide is closed. */
  readonly page: number | null;
  /** Ids of the pages whose action was done, ever. */
  readonly done: ReadonlySet<string>;
  /** The user wants it offered no more. */
  readonly isSkipped: boolean;
  /** Opens a page: the given one, or the first that is not done. */
  open(page?: number): void;
  close(): void;
  /** Closes it, and it is not offered again; it can still be opened. */
  skip(): void;
  tick(id: string): void;
}

/** The guide's store. */
export const useGuide = create<GuideState>()((set, get) => ({
  page: typeof location === "undefined" ? null : guidePageOf(location.hash),
  done: new Set((remembered(doneKey) ?? "").split(" ").filter(Boolean)),
  isSkipped: remembered(skippedKey) === "skipped",
  open: (page) => set({ page: page ?? firstOpen(get().done) }),
  close: () => set({ page: null }),
  skip: () => {
    remember(skippedKey, "skipped");
    set({ page: null, isSkipped: true });
  },
  tick: (id) => {
    const { done } = get();
    if (done.has(id)) return;
    const next = new Set([...done, id]);
    remember(doneKey, [...next].join(" "));
    set({ done: next });
  },
}));

/** The page that an address's hash names, `guide=4`; null where it names none that there is. */
export function guidePageOf(hash: string): number | null {
  const page = Number(new URLSearchParams(hash.replace(/^#/, "")).get("guide") ?? Number.NaN);
  return Number.isInteger(page) && page >= 1 && page <= guideOrder.length ? page : null;
}

function firstOpen(done: ReadonlySet<string>): number {
  return guideOrder.findIndex(({ id }) => !done.has(id)) + 1 || 1;
}
