// Measures what a checkpoint does on the running sums: `node scripts/run.mjs scripts/pretrain/measure.ts --problems 100`. Prints
// accuracy at temperature 1 with the picture and without, how often steps look, lengths, how the dependency is spread over the
// tokens and the entropy of those that do not depend on the picture, and some answers.

import { parseArgs } from "node:util";
import { rollOut, tokenStatsOf } from "@/engine/decoding/rollouts";
import { openSession, uniformPrecision } from "@/engine/loading/openSession";
import type { WeightFormat } from "@/protocol/model";
import { withInstruction } from "@/tasks/instruction";
import { stepStyles } from "@/tasks/sums/chains";
import { sampleSums } from "@/tasks/sums/sampleSums";
import { sumsTask } from "@/tasks/sums/sumsTask";
import { fileFolder } from "../fileFolder";
import { startNodeBackend } from "../nodeBackend";

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    folder: { type: "string", default: "public/models/shapes-vlm-sums" },
    format: { type: "string", default: "int8" },
    difficulty: { type: "string", default: String(sumsTask.defaultDifficulty) },
    problems: { type: "string", default: "100" },
    masked: { type: "string", default: "50" },
    rollouts: { type: "string", default: "8" },
    temperature: { type: "string", default: "1" },
    tokens: { type: "string", default: "192" },
    seed: { type: "string", default: "2026" },
    show: { type: "string", default: "3" },
  },
});

/** Below this many nats a token counts as routine. */
const routineKl = 0.01;
const mask = { strategy: "patch_blackening", ratio: 0.5, cellSize: 8, seed: 1, sharing: "trajectory" } as const;
const whole = { strategy: "whole", ratio: 1, cellSize: 1, seed: 0, sharing: "shared" } as const;
const percent = (x: number) => `${(100 * x).toFixed(1)} %`;
const mean = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0) / Math.max(1, numbers.length);

await startNodeBackend("wasm");
const session = await openSession(fileFolder(values.folder), "checkpoint", {
  precision: uniformPrecision(values.format as WeightFormat),
});
const seed = Number(values.seed);
const difficulty = Number(values.difficulty);
const rollouts = Number(values.rollouts);
const sampling = { temperature: Number(values.temperature), topP: 1, topK: 0, seed, maxNewTokens: Number(values.tokens) };

await answer("whole picture", Number(values.problems), false);
if (Number(values.masked) > 0) await answer("black picture", Number(values.masked), true);

/** Answers the first held-out problems and prints the figures. */
async function answer(title: string, count: number, black: boolean): Promise<void> {
  const right: number[] = [];
  const lengths: number[] = [];
  const parsed: number[] = [];
  const looks: number[] = [];
  const kls: number[] = [];
  const entropies: number[] = [];
  const byLooks = new Map<string, number[]>();
  const byFamily = new Map<string, number[]>();
  const topShares = new Map<number, number[]>([0.1, 0.2, 0.4].map((share) => [share, []]));
  const add = <K>(groups: Map<K, number[]>, key: K, value: number) => groups.set(key, [...(groups.get(key) ?? []), value]);
  let shown = 0;
  for (let i = 0; i < count; i++) {
    const problem = sampleSums(seed, i, "heldOut", difficulty);
    const image = black ? session.mask(session.see(problem.image), whole, 0) : problem.image;
    const questions = [{ image, text: withInstruction(problem.question) }];
    const twins = black ? {} : { mask };
    for (const rollout of await rollOut(session, { questions, rollouts, sampling, ...twins, firstStream: i * rollouts + 1 })) {
      const text = session.tokenizer.decode(rollout.ids, { skipSpecial: true });
      const reward = sumsTask.reward(text, problem);
      const styles = stepStyles(text);
      const looking = styles.filter((style) => style === "looks").length;
      right.push(reward);
      lengths.push(rollout.ids.length);
      parsed.push(/\\boxed\{[^{}]+\}/.test(text) ? 1 : 0);
      looks.push(looking / Math.max(1, styles.length));
      add(byLooks, `${looking} of ${styles.length}`, reward);
      add(byFamily, problem.family, reward);
      if (!black) {
        const { kl, entropy } = tokenStatsOf(rollout);
        const sorted = [...kl].sort((a, b) => b - a);
        const total = sorted.reduce((a, b) => a + b, 0);
        for (const [share, found] of topShares) {
          const top = sorted.slice(0, Math.ceil(share * sorted.length)).reduce((a, b) => a + b, 0);
          found.push(top / Math.max(1e-12, total));
        }
        kls.push(...kl);
        entropies.push(...entropy);
        if (shown < Number(values.show)) {
          shown++;
          const strong = [...rollout.ids].flatMap((id, t) =>
            (kl[t] as number) > 0.1 ? [`${session.tokenizer.decode([id])}(${(kl[t] as number).toFixed(2)})`] : [],
          );
          console.log(`${problem.question}\n  [${problem.answer}] ${text}\n  ${strong.join("")}`);
        }
      }
    }
  }
  console.log(
    `${title}, level ${difficulty}: accuracy@${rollouts} ${percent(mean(right))} of ${count} problems, parseable ${percent(mean(parsed))}, ` +
      `tokens ${mean(lengths).toFixed(1)}, steps that look ${percent(mean(looks))}`,
  );
  for (const [name, groups] of [
    ["family", byFamily],
    ["steps that look", byLooks],
  ] as const) {
    const parts = [...groups].sort().map(([key, rewards]) => `${key}: ${percent(mean(rewards))} (${rewards.length})`);
    console.log(`  by ${name}: ${parts.join(", ")}`);
  }
  if (black) return;
  const shares = [...topShares].map(([share, found]) => `top ${100 * share} % ${percent(mean(found))}`);
  const routine = entropies.filter((_, t) => (kls[t] as number) < routineKl);
  console.log(`  KL: mean ${mean(kls).toFixed(3)} nats, share of a chain's sum in its ${shares.join(", ")}`);
  console.log(
    `  tokens with KL < ${routineKl}: ${percent(routine.length / Math.max(1, kls.length))}, their entropy ${mean(routine).toFixed(3)} nats; all ${mean(entropies).toFixed(3)}`,
  );
}
