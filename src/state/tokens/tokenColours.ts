// Which colour each token of the shown answer has: an overlay while there is one, else the chosen number per token, spread over words,
// sentences or steps where asked, on one domain for all rollouts so that they can be compared. Memoised like `update.ts`, which it reads.

import { useSyncExternalStore } from "react";
import { answerTokens } from "@/client/live";
import { setTokenOverlay, subscribeTokenOverlay, type TokenOverlay, tokenOverlay } from "@/client/tokenOverlay";
import { type BinDomain, type BinScale, binDomain, binsOf, neutralBin } from "@/ui/color/binning";
import type { ColourMapName } from "@/ui/color/maps";
import { type AnswerUpdate, currentUpdate, subscribeUpdate } from "../answers/update";
import type { Settings } from "../settings";
import { useStore } from "../store";
import { type ColourBy, colourings } from "./colourings";
import { colouringValues, meaningOf, valuesSource } from "./colouringValues";
import { groupEnds, readPattern, spreadOver } from "./granularity";
import { useGranularityPattern } from "./granularityPattern";

/** Colours of the shown answer; arrays have one entry per rollout. */
export interface TokenColours {
  /** What the colours stand for; empty for a rollout without values. */
  readonly values: readonly Float32Array[];
  readonly bins: readonly Uint8Array[];
  readonly domain: BinDomain;
  readonly scale: BinScale;
  readonly map: ColourMapName;
  readonly meaning: ColourMeaning;
}

/** What a legend says. */
export interface ColourMeaning {
  readonly label: string;
  readonly unit: string;
  readonly formula: string;
  readonly help: string;
  /** Set while an overlay takes the place of the chosen colouring. */
  readonly overlay: TokenOverlay | null;
}

let cache: { colours: TokenColours; key: readonly unknown[] } | null = null;
/** The answer each overlay was first seen over: laid over another one, it would colour the wrong tokens. */
const epochs = new WeakMap<TokenOverlay, number>();

/** The colours for the present tokens, overlay and view settings; the same object until one of them changes. */
export function currentColours(): TokenColours {
  const { settings } = useStore.getState();
  const { source } = useGranularityPattern.getState();
  const update = currentUpdate();
  const overlay = shownOverlay();
  const { colourBy, scale, granularity, groupValue, colourMap, colourMax } = settings;
  const { dependencyMeasure } = update.policy;
  const from = overlay ?? valuesSource(colourBy, update);
  const key = [update.version, from, colourBy, dependencyMeasure, scale, colourMap, colourMax, granularity, groupValue, source];
  if (cache?.key.every((part, i) => part === key[i])) return cache.colours;
  const { signed, floor } = overlay ? { signed: overlay.signed, floor: overlayFloor } : colourings[colourBy];
  const columns = update.dependencies.map((_, i) => overlay?.values[i] ?? columnOf(colourBy, i, update, overlay));
  const values = columns.map((column, i) => grouped(column, i, settings, source));
  // An end that was set for one number means nothing for another.
  const domain = binDomain(values, signed, { max: overlay ? 0 : colourMax, floor });
  const bins = values.map((column, i) => {
    const all = padded(binsOf(column, domain, scale), answerTokens.length(i), neutralBin(signed));
    return sameOr(cache?.colours.bins[i], all);
  });
  const map = signed ? "puor" : colourMap;
  const meaning = overlay ? meaningOfOverlay(overlay) : meaningOfColouring(colourBy, dependencyMeasure);
  const colours: TokenColours = { values, bins, domain, scale, map, meaning };
  cache = { colours, key };
  return colours;
}

/** Calls back whenever `currentColours` may have changed. */
export function subscribeColours(listener: () => void): () => void {
  const stops = [subscribeUpdate(listener), subscribeTokenOverlay(listener), useGranularityPattern.subscribe(listener)];
  return () => {
    for (const stop of stops) stop();
  };
}

/** The current colours; the component renders again when they change. */
export function useTokenColours(): TokenColours {
  return useSyncExternalStore(subscribeColours, currentColours);
}

/** Colours by a number; an overlay makes way, and so does an upper end that was set for another number. */
export function colourTokensBy(colourBy: ColourBy): void {
  clearOverlay();
  const { settings, setSettings } = useStore.getState();
  if (settings.colourBy !== colourBy) setSettings({ colourBy, colourMax: 0 });
}

/** Takes the overlay away, with what made it; false when there is none. */
export function clearOverlay(): boolean {
  const overlay = tokenOverlay();
  if (!overlay) return false;
  overlay.clear();
  // Whoever made it may already be gone from the page.
  if (tokenOverlay() === overlay) setTokenOverlay(null);
  return true;
}

const overlayFloor = 0.01;

function shownOverlay(): TokenOverlay | null {
  const overlay = tokenOverlay();
  if (!overlay) return null;
  const epoch = epochs.get(overlay) ?? answerTokens.epoch;
  epochs.set(overlay, epoch);
  return epoch === answerTokens.epoch ? overlay : null;
}

function columnOf(colourBy: ColourBy, rollout: number, update: AnswerUpdate, overlay: TokenOverlay | null): Float32Array {
  return overlay ? new Float32Array(0) : colouringValues(colourBy, rollout, update);
}

function grouped(column: Float32Array, rollout: number, settings: Settings, source: string): Float32Array {
  const { granularity, groupValue } = settings;
  if (granularity === "token") return column;
  const texts = Array.from(column, (_, t) => answerTokens.tokenText(rollout, t));
  const read = granularity === "pattern" ? readPattern(source) : null;
  return spreadOver(column, groupEnds(texts, granularity, read && "pattern" in read ? read.pattern : undefined), groupValue);
}

/** The array before where nothing in it changed, so that what is drawn from it is not drawn again. */
function sameOr(before: Uint8Array | undefined, now: Uint8Array): Uint8Array {
  return before && before.length === now.length && now.every((bin, t) => bin === before[t]) ? before : now;
}

function padded(bins: Uint8Array, length: number, neutral: number): Uint8Array {
  if (bins.length >= length) return bins;
  const all = new Uint8Array(length).fill(neutral);
  all.set(bins);
  return all;
}

function meaningOfColouring(colourBy: ColourBy, measure: Settings["dependencyMeasure"]): ColourMeaning {
  const { label, help } = colourings[colourBy];
  return { label, help, ...meaningOf(colourBy, measure), overlay: null };
}

function meaningOfOverlay(overlay: TokenOverlay): ColourMeaning {
  return { label: overlay.label, unit: overlay.unit, formula: "", help: overlay.label, overlay };
}
