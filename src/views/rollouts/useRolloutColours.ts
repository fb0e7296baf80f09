// Colours of a step's tokens by dependency, on one domain for all its rollouts, with the map and scale that the Answer panel has.
import { useMemo } from "react";
import type { TrainRollout } from "@/protocol/training";
import { useStore } from "@/state/store";
import { type BinDomain, type BinScale, binDomain, binsOf } from "@/ui/color/binning";

export interface RolloutColours {
  readonly domain: BinDomain;
  readonly scale: BinScale;
  readonly bins: (values: Float32Array) => Uint8Array;
}

/** The colours for these rollouts. */
export function useRolloutColours(rollouts: readonly TrainRollout[]): RolloutColours {
  const scale = useStore((state) => state.settings.scale);
  return useMemo(() => {
    const domain = binDomain(
      rollouts.map(({ dependency }) => dependency),
      false,
    );
    const known = new WeakMap<Float32Array, Uint8Array>();
    const bins = (values: Float32Array) => {
      const before = known.get(values);
      const found = before ?? binsOf(values, domain, scale);
      known.set(values, found);
      return found;
    };
    return { domain, scale, bins };
  }, [rollouts, scale]);
}
