// Which colour each token of the shown answer has: the chosen number per token, averaged over words or sentences where asked, on one
// domain for all rollouts so that they can be compared. Memoised like `update.ts`, which it reads.

import { useSyncExternalStore } from "react";
import { answerTokens } from "@/client/live";
import { type BinDomain, type BinScale, binDomain, binsOf } from "@/ui/color/binning";
import type { ColourMapName } from "@/ui/color/maps";
import { colourings } from "./colourings";
import { averageOver, type Granularity, groupEnds } from "./granularity";
import type { Settings } from "./settings";
import { useStore } from "./store";
import { type AnswerUpdate, currentUpdate, subscribeUpdate } from "./update";

/** Colours of the shown answer; arrays have one entry per rollout. */
export interface TokenColours {
  readonly values: readonly Float32Array[];
  readonly bins: readonly Uint8Array[];
  readonly domain: BinDomain;
  readonly scale: BinScale;
  readonly map: ColourMapName;
}

let cache: { colours: TokenColours; key: readonly unknown[] } | null = null;

/** The colours for the present tokens and view settings; the same object until one of them changes. */
export function currentColours(): TokenColours {
  const { settings } = useStore.getState();
  const update = currentUpdate();
  const { colourBy, scale, granularity } = settings;
  const weights = colourBy === "weight" ? update.preview?.weights : null;
  const key = [update.version, colourBy, scale, granularity, colourBy === "dependency" ? update.dependencies : weights];
  if (cache?.key.every((part, i) => part === key[i])) return cache.colours;
  const columns = update.dependencies.map((_, i) => valuesOf(i, colourBy, update));
  const values = granularity === "token" ? columns : columns.map((column, i) => averaged(column, i, granularity));
  const { signed } = colourings[colourBy];
  const domain = binDomain(values, signed);
  const bins = values.map((column) => binsOf(column, domain, scale));
  const colours: TokenColours = { values, bins, domain, scale, map: signed ? "puor" : "cividis" };
  cache = { colours, key };
  return colours;
}

/** The current colours; the component renders again when they change. */
export function useTokenColours(): TokenColours {
  return useSyncExternalStore(subscribeUpdate, currentColours);
}

function valuesOf(rollout: number, colourBy: Settings["colourBy"], update: AnswerUpdate): Float32Array {
  const stats = answerTokens.stats(rollout);
  switch (colourBy) {
    case "dependency":
      return update.dependencies[rollout] ?? new Float32Array(0);
    case "deltaLogp":
      return stats.logp.map((value, t) => value - (stats.logpMasked[t] as number));
    case "logp":
      return stats.logp.map((value) => -value);
    case "entropy":
      return stats.entropy;
    case "weight":
      return update.preview?.weights[rollout] ?? new Float32Array(stats.logp.length);
    default:
      return colourBy satisfies never;
  }
}

function averaged(column: Float32Array, rollout: number, granularity: Granularity): Float32Array {
  const texts = Array.from(column, (_, t) => answerTokens.tokenText(rollout, t));
  return averageOver(column, groupEnds(texts, granularity));
}
