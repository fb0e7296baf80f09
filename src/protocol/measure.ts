// Measuring text that is already there under other pictures: which tokens depend on a region, and on which regions a token depends.

import type { Cover } from "@/image/cover";
import type { PatchGrid } from "@/image/occlusionGrid";
import type { RgbImage } from "@/image/rgbImage";
import type { TokenStats } from "@/rl/dependency";
import type { MaskSettings, PixelLimits } from "./image";

/** Parts of the first picture covered; pictures after it stay as they are. */
export interface CoverMask extends Cover {
  readonly strategy: "cover";
  /** x0, y0, x1, y1 in fractions of the picture. */
  readonly regions: readonly (readonly [number, number, number, number])[];
}

export interface MeasureRequest {
  readonly image: RgbImage;
  readonly moreImages?: readonly RgbImage[];
  readonly question: string;
  /** The question stands as it is, without the instruction. */
  readonly plain?: boolean;
  readonly pixels?: PixelLimits;
  /** Token ids of the answers, as they were decoded. */
  readonly responses: readonly Int32Array[];
  /** Each is compared with the picture as it is; a mask's `sharing` has no meaning here, its seed is used as it stands. */
  readonly masks: readonly (MaskSettings | CoverMask)[];
}

/** One mask measured; masks come in their order. */
export interface MeasureEvent {
  readonly type: "measured";
  /** Index of the mask. */
  readonly mask: number;
  readonly total: number;
  /** Patches of the first picture: the smallest parts that the model tells apart. */
  readonly patches: PatchGrid;
  /** Milliseconds that this mask took, masks computed together sharing their time. */
  readonly passMs: number;
  /** Per response, one entry per token; nats. */
  readonly stats: readonly TokenStats[];
}
