// From pictures and questions to rollouts with rewards-free statistics: the part that asking, training and evaluating share.

import { dispose } from "@tensorflow/tfjs-core";
import type { RgbImage } from "@/image/rgbImage";
import { pcg3d } from "@/lib/rng";
import type { PixelLimits, ProcessedImage } from "@/models/family";
import type { SamplingSettings } from "@/protocol/generation";
import type { MaskSettings } from "@/protocol/image";
import type { TokenStats } from "@/rl/dependency";
import { type DecodedStep, generate, type Rollout, type RolloutGroup } from "./generate";
import type { PackedPrompt } from "./packing";
import type { Session } from "./session";

/** One question about one picture. */
export interface Question {
  readonly image: RgbImage;
  /** The user's text, instruction included. */
  readonly text: string;
}

export interface RolloutRequest {
  readonly questions: readonly Question[];
  readonly rollouts: number;
  readonly sampling: SamplingSettings;
  /** Bounds on the pictures' size; the checkpoint's own without it. */
  readonly pixels?: PixelLimits | undefined;
  /** Absent: decode without masked twins and without statistics. */
  readonly mask?: MaskSettings;
  /** First random stream; each trajectory has its own. */
  readonly firstStream?: number;
  readonly alternatives?: number;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: DecodedStep) => void;
}

/** What the model was given for one question. */
export interface PreparedQuestion {
  readonly prompt: PackedPrompt;
  readonly seen: RgbImage;
  readonly image: ProcessedImage;
  /** Masked pictures: one per rollout, or one for all. */
  readonly masked: readonly RgbImage[];
}

/** Prompts, pictures and masks of a request; masks differ per trajectory or are shared, and follow the mask seed. */
export function prepare(
  session: Session,
  { questions, rollouts, mask, pixels, firstStream = 0 }: Omit<RolloutRequest, "sampling">,
): PreparedQuestion[] {
  return questions.map(({ image, text }, q) => {
    const seen = session.see(image, pixels);
    const processed = session.process(seen, pixels);
    const count = !mask ? 0 : mask.sharing === "shared" ? 1 : rollouts;
    const masked = Array.from({ length: count }, (_, r) =>
      session.mask(seen, mask as MaskSettings, maskSeed(mask as MaskSettings, firstStream + q * rollouts + r)),
    );
    return { prompt: session.prompt([processed], text), seen, image: processed, masked };
  });
}

/** Seed of one trajectory's mask: the chosen seed itself for the first, so that the preview shows what is used. */
export function maskSeed(mask: MaskSettings, stream: number): number {
  return stream === 0 ? mask.seed : (pcg3d(mask.seed, stream, 0x6d61)[0] ?? 0);
}

/** Decodes a request; rollouts come in question order. */
export async function rollOut(
  session: Session,
  request: RolloutRequest,
  prepared: readonly PreparedQuestion[] = prepare(session, request),
): Promise<Rollout[]> {
  const { rollouts, sampling, firstStream = 0, alternatives = 0, signal, onStep } = request;
  const groups: RolloutGroup[] = [];
  try {
    prepared.forEach(({ prompt, image, masked }, q) => {
      const [features, ...twins] = session.encode([image, ...masked.map((picture) => session.process(picture, request.pixels))]);
      if (features) groups.push({ prompt, features, masked: twins, rollouts, firstStream: firstStream + q * rollouts });
    });
    return await generate(session.model.text, groups, session.rope, {
      ...sampling,
      eosIds: session.eosIds,
      alternatives,
      ...(signal && { signal }),
      ...(onStep && { onStep }),
    });
  } finally {
    for (const { features, masked } of groups) dispose([features, ...masked]);
  }
}

/** Per-token statistics of a rollout, as rl/ takes them. */
export function tokenStatsOf({ stats, ids }: Rollout): TokenStats {
  const column = (c: number) => Float32Array.from(ids, (_, t) => stats[t * 7 + c] as number);
  return {
    logp: column(0),
    logpMasked: column(1),
    kl: column(2),
    jsd: column(3),
    entropy: column(4),
    entropyMasked: column(5),
    top1Drop: column(6),
  };
}
