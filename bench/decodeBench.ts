// Decoding with the embedded model: tokens per second and work per token in the steady state, and what the masked twins
// (live visual dependency) and an adapter add to it. The caller chooses the precision of the session, which has no adapter.

import { attachLora, removeLora } from "@/engine/lora";
import type { Session } from "@/engine/session";
import type { Gpu } from "@/gpu/device";
import type { BenchRow } from "./report";
import { type TimedAnswer, timedAnswer } from "./timedAnswer";
import { interleaved, median } from "./timing";
import { workText } from "./work";

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
  const answer = (twins: boolean) => timedAnswer(gpu, session, { rollouts, tokens, twins });
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
  const perSecond = (runs: readonly TimedAnswer[]) => (rollouts * 1000) / median(runs.map(({ stepMs }) => stepMs));
  const dispatches = (runs: readonly TimedAnswer[]) => median(runs.map(({ work }) => work.dispatches));
  const total = (runs: readonly TimedAnswer[]) => median(runs.map(({ totalMs }) => totalMs));
  const layers = session.model.text.weights.layers.length;
  const what = `${session.name} ${session.precision.text}, ${rollouts} rollouts`;
  const workOf = (runs: readonly TimedAnswer[]) =>
    runs
      .slice(-1)
      .map(({ work }) => workText(work))
      .join();
  return [
    {
      name: `Decode, ${what}, with twins`,
      unit: "tokens/s",
      value: perSecond(live),
      baseline: { name: "without twins", value: perSecond(plain) },
      note: "steady state: prompt and recorded steps excluded",
    },
    {
      name: `Decode, ${what}: dispatches per token of the batch, with twins`,
      unit: "dispatches",
      value: dispatches(live),
      baseline: { name: "without twins", value: dispatches(plain) },
      note: `${layers} layers; with twins ${workOf(live)}; without ${workOf(plain)}`,
    },
    {
      name: `Decode, ${what}, with an adapter`,
      unit: "tokens/s",
      value: perSecond(adapted),
      baseline: { name: "without adapter", value: perSecond(plain) },
      note: `r = ${loraRank} on all projections of the decoder`,
    },
    {
      name: `Decode, ${what}: dispatches per token of the batch, with an adapter`,
      unit: "dispatches",
      value: dispatches(adapted),
      baseline: { name: "without adapter", value: dispatches(plain) },
      note: `${layers} layers`,
    },
    {
      name: `Ask, ${what} with twins, ${tokens} tokens`,
      unit: "ms",
      value: total(live),
      baseline: { name: "without twins", value: total(plain) },
      note: "cost of live dependency: encoding, prefixes and decoding",
    },
  ];
}
