// From pictures and questions to rollouts with rewards-free statistics: the part that asking, training and evaluating share.

import { dispose, type Tensor } from "@tensorflow/tfjs-core";
import type { RgbImage } from "@/image/rgbImage";
import { pcg3d } from "@/lib/rng";
import type { PixelLimits, ProcessedImage } from "@/models/family";
import type { Arithmetic } from "@/ops/linear/arithmetic";
import type { SamplingSettings } from "@/protocol/generation";
import type { MaskSettings } from "@/protocol/image";
import { maskSeed } from "@/protocol/maskSpec";
import type { TokenStats } from "@/rl/dependency";
import { withInstruction } from "@/tasks/instruction";
import type { Problem } from "@/tasks/task";
import type { PackedPrompt } from "../packing";
import type { Session } from "../session";
import { tokenStatsOfRows } from "../tokenStats";
import { type DecodedStep, generate, type Rollout } from "./generate";
import type { RolloutGroup } from "./lanes";

/** One question about a picture, or about several. */
export interface Question {
  readonly image: RgbImage;
  /** Pictures after the first one. */
  readonly moreImages?: readonly RgbImage[] | undefined;
  /** The user's text, instruction included. */
  readonly text: string;
  /** Tokens that the answers begin with: what is decoded goes on from them. */
  readonly prefix?: Int32Array | undefined;
}

/** A task's problem as it is asked. */
export function questionOf({ image, question }: Pick<Problem, "image" | "question">): Question {
  return { image, text: withInstruction(question) };
}

export interface RolloutRequest {
  readonly questions: readonly Question[];
  readonly rollouts: number;
  readonly sampling: SamplingSettings;
  /** Bounds on the pictures' size; the checkpoint's own without it. */
  readonly pixels?: PixelLimits | undefined;
  /** Absent: decode without masked twins and without statistics. */
  readonly mask?: MaskSettings;
  /** Without twins: log-probs and entropies at least. */
  readonly logProbs?: boolean;
  /** First random stream; each trajectory has its own. */
  readonly firstStream?: number;
  readonly alternatives?: number;
  /** Steps between two readbacks; by the time they take without it. */
  readonly stepsPerRead?: number;
  /** Of the decoding steps; f32, which is exact, without it. Training scores what was sampled otherwise (`experience.ts`). */
  readonly arithmetic?: Arithmetic;
  readonly signal?: AbortSignal;
  readonly onPhase?: (phase: "prompt" | "decoding") => Promise<void>;
  readonly onStep?: (step: DecodedStep) => void;
}

/** What the model was given for one question. */
export interface PreparedQuestion {
  readonly prompt: PackedPrompt;
  /** The pictures in the size the model sees. */
  readonly seen: readonly RgbImage[];
  readonly images: readonly ProcessedImage[];
  /** Masked copies of all of them: one set per rollout, or one for all. */
  readonly masked: readonly (readonly RgbImage[])[];
}

/** Prompts, pictures and masks of a request; masks differ per trajectory or are shared, and follow the mask seed. */
export function prepare(
  session: Session,
  { questions, rollouts, mask, pixels, firstStream = 0 }: Omit<RolloutRequest, "sampling">,
): PreparedQuestion[] {
  return questions.map(({ image, moreImages = [], text, prefix }, q) => {
    const seen = [image, ...moreImages].map((picture) => session.see(picture, pixels));
    const images = seen.map((picture) => session.process(picture, pixels));
    const sets = !mask ? 0 : mask.sharing === "shared" ? 1 : rollouts;
    const masked = Array.from({ length: sets }, (_, r) =>
      mask ? maskSet(session, seen, mask, maskSeed(mask, firstStream + q * rollouts + r)) : [],
    );
    const asked = session.prompt(images, text);
    const prompt = prefix?.length ? session.promptOfIds(Int32Array.of(...asked.ids, ...prefix), images) : asked;
    return { prompt, seen, images, masked };
  });
}

/** Masked copies of the pictures of one prompt, each with a seed of its own; a drawn region belongs to the first picture alone. */
export function maskSet(session: Session, seen: readonly RgbImage[], mask: MaskSettings, seed: number): RgbImage[] {
  return seen.map((picture, i) => {
    if (i === 0) return session.mask(picture, mask, seed);
    return mask.strategy === "region" ? picture : session.mask(picture, mask, pcg3d(seed, i, 0x696d)[0] ?? 0);
  });
}

/** Decodes a request; rollouts come in question order. */
export async function rollOut(
  session: Session,
  request: RolloutRequest,
  prepared: readonly PreparedQuestion[] = prepare(session, request),
): Promise<Rollout[]> {
  const { rollouts, sampling, firstStream = 0, alternatives = 0 } = request;
  const { logProbs, stepsPerRead, arithmetic, signal, onPhase, onStep } = request;
  const groups: RolloutGroup[] = [];
  try {
    prepared.forEach(({ prompt, images, masked }, q) => {
      const features = session.encodeTogether(images);
      const twins: Tensor[] = [];
      groups.push({ prompt, features, masked: twins, rollouts, firstStream: firstStream + q * rollouts });
      for (const set of masked) twins.push(session.encodeSeen(set, request.pixels));
    });
    return await generate(session.model.text, groups, session.rope, {
      ...sampling,
      eosIds: session.eosIds,
      alternatives,
      ...(logProbs && { logProbs }),
      ...(stepsPerRead !== undefined && { stepsPerRead }),
      ...(arithmetic && { arithmetic }),
      ...(signal && { signal }),
      ...(onPhase && { onPhase }),
      ...(onStep && { onStep }),
    });
  } finally {
    for (const { features, masked } of groups) dispose([features, ...masked]);
  }
}

/** Per-token statistics of a rollout, as rl/ takes them. */
export function tokenStatsOf({ stats, ids }: Rollout): TokenStats {
  return tokenStatsOfRows(stats, ids.length);
}
