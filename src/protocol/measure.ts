// Measuring text that is already there under other pictures: which tokens depend on a region, and on which regions a token depends.

import type { RgbImage } from "@/image/rgbImage";
import type { TokenStats } from "@/rl/dependency";
import type { MaskSettings, PixelLimits } from "./image";

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
  readonly masks: readonly MaskSettings[];
}

/** One mask measured; masks come in their order. */
export interface MeasureEvent {
  readonly type: "measured";
  /** Index of the mask. */
  readonly mask: number;
  readonly total: number;
  /** Per response, one entry per token; nats. */
  readonly stats: readonly TokenStats[];
}
