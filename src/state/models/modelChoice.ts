// Which model is being looked at in the chooser, what is known of it, what the cache holds, and the access token. The token lives in
// memory; it is written to this device's storage only while the user has ticked so, and never into the address or a setting.

import type { StateCreator } from "zustand";
import type { CacheReport, ModelPreview, ModelSource } from "@/protocol/model";
import type { Settings } from "../settings";
import type { AppState } from "../store";
import { type Fitted, sameKnobs, withKnobsOf } from "./fitting";

export type PreviewStatus =
  | { readonly status: "none" }
  /** What was known before of the same model stays in sight. */
  | { readonly status: "looking"; readonly preview: ModelPreview | null }
  | { readonly status: "known"; readonly preview: ModelPreview }
  | { readonly status: "failed"; readonly name: string; readonly message: string };

export interface ModelChoiceSlice {
  readonly isChooserOpen: boolean;
  /** The model whose details are shown, without a token. */
  readonly chosen: ModelSource | null;
  readonly preview: PreviewStatus;
  /** The settings as they were when the model was chosen. */
  readonly chosenWith: Settings | null;
  /** What was changed so that the chosen model fits; null when nothing was. */
  readonly fitted: Fitted | null;
  /** Null until it has been read. */
  readonly cache: CacheReport | null;
  /** Why the last load failed; null when it did not. A model that was loaded before it may still be there. */
  readonly loadError: string | null;
  readonly accessToken: string;
  readonly keepsToken: boolean;
  /** What the engine says may be used of the GPU's memory; null until it has planned once. */
  readonly budgetBytes: number | null;
  openChooser(isOpen: boolean): void;
  choose(source: ModelSource | null): void;
  setPreview(preview: PreviewStatus): void;
  setFitted(fitted: Fitted): void;
  setCache(cache: CacheReport): void;
  setBudget(bytes: number): void;
  setLoadError(message: string | null): void;
  setAccessToken(token: string): void;
  /** Writes the token to this device's storage, or removes it from there. */
  keepToken(keeps: boolean): void;
}

/** Where a token is kept that the user wants kept. */
export const tokenStorageKey = "vppo-playground.access-token";

/** The chooser's part of the store. */
export const createModelChoiceSlice: StateCreator<AppState, [], [], ModelChoiceSlice> = (set, get) => {
  const kept = readToken();
  return {
    isChooserOpen: false,
    chosen: null,
    preview: { status: "none" },
    chosenWith: null,
    fitted: null,
    cache: null,
    loadError: null,
    accessToken: kept ?? "",
    keepsToken: kept !== null,
    budgetBytes: null,
    openChooser: (isChooserOpen) => set({ isChooserOpen }),
    choose: (chosen) =>
      set(({ settings: now, fitted }) => {
        // What was changed for the model before is not what the next one asked for.
        const settings = fitted && sameKnobs(now, fitted.after) ? withKnobsOf(now, fitted) : now;
        return { chosen, preview: { status: "none" }, settings, chosenWith: settings, fitted: null };
      }),
    setFitted: (fitted) => set({ fitted, settings: fitted.after }),
    setPreview: (preview) => set({ preview }),
    setCache: (cache) => set({ cache }),
    setBudget: (budgetBytes) => set({ budgetBytes }),
    setLoadError: (loadError) => set({ loadError }),
    setAccessToken: (accessToken) => {
      set({ accessToken });
      if (get().keepsToken) writeToken(accessToken);
    },
    keepToken: (keepsToken) => {
      set({ keepsToken });
      writeToken(keepsToken ? get().accessToken : "");
    },
  };
};

/** The source as it is sent: a Hub repository with the token, where there is one. */
export function withToken(source: ModelSource, token: string): ModelSource {
  return source.kind === "hub" && token.trim() !== "" ? { ...source, token: token.trim() } : source;
}

/** What a source is called before its files have been read. */
export function sourceName(source: ModelSource): string {
  switch (source.kind) {
    case "hub":
      return source.revision === "main" ? source.repo : `${source.repo}@${source.revision}`;
    case "files":
      return source.name;
    case "url":
      return lastFolder(source.url);
    default:
      return source satisfies never;
  }
}

function lastFolder(url: string): string {
  const { hostname, pathname } = new URL(url);
  const folder = pathname.split("/").findLast((part) => part !== "");
  return folder ? decodeURIComponent(folder) : hostname;
}

function readToken(): string | null {
  try {
    const token = localStorage.getItem(tokenStorageKey);
    return token === "" ? null : token;
  } catch {
    return null;
  }
}

function writeToken(token: string): void {
  try {
    if (token === "") localStorage.removeItem(tokenStorageKey);
    else localStorage.setItem(tokenStorageKey, token);
  } catch {
    // Without storage the token is kept in memory, as it is for everyone else.
  }
}
