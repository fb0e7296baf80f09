// An answer of a fixed length with the embedded model, timed: what a token of the batch takes in the steady state, after the pass that
// reads the prompt and the step that is recorded.

import { dispose } from "@tensorflow/tfjs-core";
import { generate } from "@/engine/decoding/generate";
import { prepare } from "@/engine/decoding/rollouts";
import type { Session } from "@/engine/session";
import type { Counters } from "@/gpu/counters";
import type { Gpu } from "@/gpu/device";
import type { Arithmetic } from "@/ops/linear/arithmetic";
import { withInstruction } from "@/tasks/instruction";
import { sampleShapes } from "@/tasks/shapes/sampleShapes";
import { finish } from "./timing";
import { workSince } from "./work";

export interface AnswerSize {
  readonly rollouts: number;
  /** Per rollout at least: the first one, and whole readbacks after it. An end token ends none. */
  readonly tokens: number;
  /** Whether every rollout has a masked twin, with statistics and alternatives read back. */
  readonly twins: boolean;
  /** Of the decoding steps; f32 without it. */
  readonly arithmetic?: Arithmetic;
}

/** Tokens between two readbacks: the engine chooses them by time, a bench the same on every machine. */
export const stepsPerRead = 8;

export interface TimedAnswer {
  /** From question to last token. */
  readonly totalMs: number;
  /** One token of every rollout. */
  readonly stepMs: number;
  readonly work: Counters;
}

const mask = { strategy: "patch_blackening", ratio: 0.5, cellSize: 8, seed: 1, sharing: "trajectory" } as const;

/** Answers one held-out question. Throws when the answer is too short to have a steady state. */
export async function timedAnswer(
  gpu: Gpu,
  session: Session,
  { rollouts, tokens, twins, arithmetic = "f32" }: AnswerSize,
): Promise<TimedAnswer> {
  const problem = sampleShapes(1, 0, "heldOut");
  const questions = [{ image: problem.image, text: withInstruction(problem.question) }];
  await finish(gpu);
  const started = performance.now();
  const [first] = prepare(session, { questions, rollouts, ...(twins && { mask }) });
  if (!first) throw new Error("nothing to ask");
  const [features, ...masked] = session.encode([
    ...first.images,
    ...first.masked.flat().map((picture) => session.process(picture)),
  ]);
  if (!features) throw new Error("no image features");
  const group = { prompt: first.prompt, features, masked, rollouts, firstStream: 0 };
  const steps: { at: number; work: Counters }[] = [];
  const onStep = () => steps.push({ at: performance.now(), work: gpu.dispatcher.work() });
  const maxNewTokens = 1 + stepsPerRead * Math.ceil((tokens - 1) / stepsPerRead);
  const sampling = { temperature: 1, topP: 1, topK: 0, seed: 1, maxNewTokens, eosIds: [] };
  await generate(session.model.text, [group], session.rope, {
    ...sampling,
    alternatives: twins ? 8 : 0,
    stepsPerRead,
    arithmetic,
    onStep,
  });
  dispose([features, ...masked]);
  const totalMs = performance.now() - started;
  // After the first token and the readback in which a step is recorded; as much is ahead of the last but one as of that.
  const [from, lastButOne, to] = [steps[stepsPerRead], steps.at(-1 - stepsPerRead), steps.at(-1)];
  const count = steps.length - 1 - stepsPerRead;
  if (!from || !lastButOne || !to || count < 2 * stepsPerRead) throw new Error("a bench of decoding needs more tokens");
  return { totalMs, stepMs: (to.at - from.at) / count, work: workSince(from.work, lastButOne.work, count - stepsPerRead) };
}
