// The recorded example the page opens on: one answered question and one training run, both computed by the engine
// (`npm run record`), stored as JSON under public/recorded/. Views read it through the same buffers as live data.

import type { StepMetrics } from "./training";

/** Base64 of a little-endian typed array. */
export type Base64 = string;

export interface RecordedAnswer {
  readonly question: string;
  readonly image: { readonly width: number; readonly height: number; readonly rgb: Base64 };
  readonly masked: { readonly width: number; readonly height: number; readonly rgb: Base64 };
  readonly topK: number;
  readonly answer?: string;
  readonly rollouts: readonly {
    readonly reward: number;
    readonly ids: Base64; // int32 [T]
    readonly stats: Base64; // float32 [T, 7]
    readonly topIds: Base64; // int32 [T, 2, topK]
    readonly topLogp: Base64; // float32
    readonly topOther: Base64; // float32
  }[];
}

export interface RecordedRun {
  readonly name: string;
  readonly settings: Readonly<Record<string, number | string | boolean>>;
  readonly steps: readonly StepMetrics[];
  /** Accuracy@8 on held-out problems before and after, with and without the image. */
  readonly evaluation: {
    readonly before: number;
    readonly after: number;
    readonly maskedBefore: number;
    readonly maskedAfter: number;
  };
}

export interface Recording {
  readonly version: 1;
  readonly model: string;
  readonly adapter: string;
  readonly command: string;
  readonly texts: Readonly<Record<number, string>>;
  readonly answers: readonly RecordedAnswer[];
  readonly run?: RecordedRun;
}
