// Rollouts decoded in a rough arithmetic, with the embedded model: how far the probabilities that sample are from exactly scored ones
// (verl's |Δπ|, as a training step reports it), how often the greedy token is another one, and what it does to the speed.

import { prepare, rollOut } from "@/engine/decoding/rollouts";
import type { Session } from "@/engine/session";
import { exactStats } from "@/engine/training/experience/exactStats";
import type { Gpu } from "@/gpu/device";
import type { Arithmetic } from "@/ops/linear/arithmetic";
import { arithmeticMissing } from "@/protocol/rolloutArithmetic";
import { withInstruction } from "@/tasks/instruction";
import { sampleShapes } from "@/tasks/shapes/sampleShapes";
import type { BenchRow } from "./report";
import { timedAnswer } from "./timedAnswer";
import { interleaved, median } from "./timing";

export interface RoughSizes {
  /** Held-out problems, each answered twice at temperature 1 and once greedily. */
  readonly problems: number;
  /** Most tokens of an answer. */
  readonly tokens: number;
  /** Tokens of the answers that are timed. */
  readonly timed: number;
  readonly repetitions: number;
}

const mask = { strategy: "patch_blackening", ratio: 0.5, cellSize: 8, seed: 1, sharing: "trajectory" } as const;
const sampled = { topP: 1, topK: 0, seed: 1 } as const;

/** Rows for every arithmetic that the device has; the model's weights are int8 or int4. */
export async function benchRough(gpu: Gpu, session: Session, sizes: RoughSizes): Promise<BenchRow[]> {
  const device = { backend: "webgpu", features: [...gpu.features] } as const;
  const rows: BenchRow[] = [];
  for (const arithmetic of ["int8", "f16"] as const) {
    if (arithmeticMissing(arithmetic, device)) continue;
    const what = `Rollouts in ${arithmetic}, ${session.name} ${session.precision.text}`;
    const { gap, tokens } = await gapOf(session, arithmetic, sizes);
    for (const [name, value] of Object.entries(gap))
      rows.push({ name: `${what}: ${name}`, unit: "", value, note: `${tokens} tokens` });
    const { same, compared } = await greedyAgreement(session, arithmetic, sizes);
    const note = `${compared} tokens, up to the first other one of an answer`;
    rows.push({ name: `${what}: share of greedy tokens that are the exact ones`, unit: "", value: same / compared, note });
    rows.push(await speedOf(gpu, session, arithmetic, sizes, what));
  }
  return rows;
}

const questionsOf = (problems: number) =>
  Array.from({ length: problems }, (_, i) => sampleShapes(2026, i, "heldOut")).map(({ image, question }) => ({
    image,
    text: withInstruction(question),
  }));

/** As a training step has it: sampled with the picture, then scored again exactly. */
async function gapOf(session: Session, arithmetic: Exclude<Arithmetic, "f32">, { problems, tokens }: RoughSizes) {
  const request = { questions: questionsOf(problems), rollouts: 2, mask };
  const prepared = prepare(session, request);
  const sampling = { ...sampled, temperature: 1, maxNewTokens: tokens };
  const rollouts = await rollOut(session, { ...request, sampling, arithmetic }, prepared);
  const groups = prepared.map((own, question) => ({
    prepared: own,
    rollouts: rollouts.filter(({ group }) => group === question),
  }));
  const { gap } = await exactStats(session, groups, { rolloutArithmetic: arithmetic }, {});
  return { gap, tokens: rollouts.reduce((sum, { ids }) => sum + ids.length, 0) };
}

/** Tokens of greedy answers while both have the same text before them. */
async function greedyAgreement(session: Session, arithmetic: Arithmetic, { problems, tokens }: RoughSizes) {
  const request = {
    questions: questionsOf(problems),
    rollouts: 1,
    sampling: { ...sampled, temperature: 0, maxNewTokens: tokens },
  };
  const exact = await rollOut(session, request);
  const rough = await rollOut(session, { ...request, arithmetic });
  let [same, compared] = [0, 0];
  exact.forEach(({ ids }, i) => {
    const other = rough[i]?.ids ?? new Int32Array();
    const first = ids.findIndex((id, t) => id !== other[t]);
    same += first < 0 ? ids.length : first;
    compared += first < 0 ? ids.length : first + 1;
  });
  return { same, compared };
}

async function speedOf(
  gpu: Gpu,
  session: Session,
  arithmetic: Arithmetic,
  { timed, repetitions }: RoughSizes,
  what: string,
): Promise<BenchRow> {
  const rollouts = 8;
  const answer = (own: Arithmetic) => () => timedAnswer(gpu, session, { rollouts, tokens: timed, twins: true, arithmetic: own });
  const [rough = [], exact = []] = await interleaved([answer(arithmetic), answer("f32")], repetitions);
  const perSecond = (runs: readonly { readonly stepMs: number }[]) =>
    (rollouts * 1000) / median(runs.map(({ stepMs }) => stepMs));
  const baseline = { name: "in f32", value: perSecond(exact) };
  return { name: `${what}, ${rollouts} with twins`, unit: "tokens/s", value: perSecond(rough), baseline };
}
