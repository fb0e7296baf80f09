// The picture as the model will see it and its masked twin, for the present input, mask settings and model.
import { useMemo } from "react";
import { pixelsOf } from "@/state/requests";
import type { Region } from "@/state/selection";
import { type AppState, useStore } from "@/state/store";
import { maskPreview } from "./maskPreview";

/** Side of the embedded model's pictures, until a model says otherwise. */
const defaultModelSide = 64;

/** Side of the loaded model's pictures; undefined where their size follows the picture. */
export const modelSide = ({ model }: AppState): number | undefined =>
  model.status === "ready" ? model.model.imageSize : defaultModelSide;

/** Seen picture and twin; null without a picture. */
export function useTwin(): ReturnType<typeof maskPreview> | null {
  const image = useStore((state) => state.input.image);
  const strategy = useStore((state) => state.settings.maskStrategy);
  const ratio = useStore((state) => state.settings.maskRatio);
  const cellSize = useStore((state) => state.settings.maskCellSize);
  const seed = useStore((state) => state.settings.maskSeed);
  const region: Region | null = useStore((state) => (state.settings.maskStrategy === "region" ? state.region : null));
  const minPixels = useStore((state) => state.settings.minPixels);
  const maxPixels = useStore((state) => state.settings.maxPixels);
  const side = useStore(modelSide);
  return useMemo(() => {
    if (!image) return null;
    const mask = { strategy, ratio, cellSize, seed, sharing: "shared", ...(region ? { region } : {}) } as const;
    return maskPreview(image, mask, side, pixelsOf({ minPixels, maxPixels }).pixels);
  }, [image, strategy, ratio, cellSize, seed, region, side, minPixels, maxPixels]);
}
