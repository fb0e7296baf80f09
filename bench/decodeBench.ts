// Decoding with the embedded model: tokens per second and work per token in the steady state, and what the masked twins
// (live visual dependency) and an adapter add to it. The caller chooses the precision of the session, which has no adapter.

import { dispose } from "@tensorflow/tfjs-core";
import { generate } from "@/engine/generate";
import { attachLora, removeLora } from "@/engine/lora";
import { prepare } from "@/engine/rollouts";
import type { Session } from "@/engine/session";
import type { Gpu } from "@/gpu/device";
import { withInstruction } from "@/tasks/instruction";
import { sampleShapes } from "@/tasks/shapes/sampleShapes";
import type { BenchRow } from "./report";
import { finish, interleaved, median } from "./timing";

export interface DecodeSizes {
  readonly rollouts: number;
  readonly tokens: number;
  readonly repetitions: number;
}

/** Of the adapter on all projections of the decoder. */
const loraRank = 8;

/** Measures answers of exactly `tokens` tokens (no end token), with and without twins, and with an adapter, in turn. */
export async function benchDecode(
  gpu: Gpu,
  session: Session,
  { rollouts, tokens, repetitions }: DecodeSizes,
): Promise<BenchRow[]> {
  const problem = sampleShapes(1, 0, "heldOut");
  const questions = [{ image: problem.image, text: withInstruction(problem.question) }];
  const mask = { strategy: "patch_blackening", ratio: 0.5, cellSize: 8, seed: 1, sharing: "trajectory" } as const;
  const sampling = { temperature: 1, topP: 1, topK: 0, seed: 1, maxNewTokens: tokens };
  const { counters } = gpu.dispatcher;

  async function answer(twins: boolean) {
    await finish(gpu);
    const started = performance.now();
    const prepared = prepare(session, { questions, rollouts, ...(twins && { mask }) });
    const [first] = prepared;
    if (!first) throw new Error("nothing to ask");
    const [features, ...masked] = session.encode([
      ...first.images,
      ...first.masked.flat().map((picture) => session.process(picture)),
    ]);
    if (!features) throw new Error("no image features");
    const group = { prompt: first.prompt, features, masked, rollouts, firstStream: 0 };
    const steps: { at: number; dispatches: number; submits: number }[] = [];
    const onStep = () => steps.push({ at: performance.now(), dispatches: counters.dispatches, submits: counters.submits });
    const alternatives = twins ? 8 : 0;
    await generate(session.model.text, [group], session.rope, { ...sampling, eosIds: [], alternatives, onStep });
    dispose([features, ...masked]);
    const [begin, end] = [steps[0], steps[steps.length - 1]];
    if (!begin || !end || steps.length < 2) throw new Error("a decoding bench needs at least two tokens");
    const count = steps.length - 1;
    return {
      total: performance.now() - started,
      step: (end.at - begin.at) / count,
      dispatches: (end.dispatches - begin.dispatches) / count,
      submits: (end.submits - begin.submits) / count,
    };
  }

  async function adaptedAnswer() {
    attachLora(session.model, { rank: loraRank, alpha: 2 * loraRank, seed: 1 });
    try {
      return await answer(false);
    } finally {
      removeLora(session.model);
    }
  }

  const variants = [() => answer(true), () => answer(false), adaptedAnswer];
  const [live = [], plain = [], adapted = []] = await interleaved(variants, repetitions);
  const of = (runs: typeof live, key: "total" | "step" | "dispatches" | "submits") => median(runs.map((run) => run[key]));
  const layers = session.model.text.weights.layers.length;
  const what = `${session.name} ${session.precision.text}, ${rollouts} rollouts`;
  return [
    {
      name: `Decode, ${what}, with twins`,
      unit: "tokens/s",
      value: (rollouts * 1000) / of(live, "step"),
      baseline: { name: "without twins", value: (rollouts * 1000) / of(plain, "step") },
      note: "steady state: first token excluded",
    },
    {
      name: `Decode, ${what}: dispatches per token of the batch, with twins`,
      unit: "dispatches",
      value: of(live, "dispatches"),
      baseline: { name: "without twins", value: of(plain, "dispatches") },
      note: `${layers} layers; ${of(live, "submits")} submit`,
    },
    {
      name: `Decode, ${what}, with an adapter`,
      unit: "tokens/s",
      value: (rollouts * 1000) / of(adapted, "step"),
      baseline: { name: "without adapter", value: (rollouts * 1000) / of(plain, "step") },
      note: `r = ${loraRank} on all projections of the decoder`,
    },
    {
      name: `Decode, ${what}: dispatches per token of the batch, with an adapter`,
      unit: "dispatches",
      value: of(adapted, "dispatches"),
      baseline: { name: "without adapter", value: of(plain, "dispatches") },
      note: `${layers} layers`,
    },
    {
      name: `Ask, ${what} with twins, ${tokens} tokens`,
      unit: "ms",
      value: of(live, "total"),
      baseline: { name: "without twins", value: of(plain, "total") },
      note: "cost of live dependency: encoding, prefixes and decoding",
    },
  ];
}
