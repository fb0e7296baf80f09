// Measures a checkpoint on held-out problems: `npm run evaluate -- --problems 500`. Prints greedy accuracy, accuracy@8 at
// temperature 1, both by answer style and family, accuracy with the picture fully masked, what guessing gives, and the mean
// dependency of control and visual questions.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { rollOut, tokenStatsOf } from "@/engine/decoding/rollouts";
import { evaluate } from "@/engine/evaluate";
import { openSession, uniformPrecision } from "@/engine/loading/openSession";
import { applyAdapter } from "@/engine/lora";
import { RewardDesk } from "@/engine/training/experience/rewardScorer";
import { readAdapter } from "@/formats/peft";
import type { WeightFormat } from "@/protocol/model";
import { summarise } from "@/rl/evaluation";
import { withInstruction } from "@/tasks/instruction";
import { answerStyle } from "@/tasks/shapes/answers";
import { possibleAnswers } from "@/tasks/shapes/questions";
import { sampleShapes } from "@/tasks/shapes/sampleShapes";
import { shapesTask } from "@/tasks/shapes/shapesTask";
import type { Task } from "@/tasks/task";
import { fileFolder } from "./fileFolder";
import { startNodeBackend } from "./nodeBackend";

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    folder: { type: "string", default: "public/models/shapes-vlm" },
    adapter: { type: "string" },
    backend: { type: "string", default: "wasm" },
    format: { type: "string", default: "int8" },
    problems: { type: "string", default: "500" },
    sampled: { type: "string", default: "500" },
    dependency: { type: "string", default: "100" },
    seed: { type: "string", default: "2026" },
  },
});

await startNodeBackend(values.backend === "webgpu" ? "webgpu" : "wasm");
const session = await openSession(fileFolder(values.folder), "checkpoint", {
  precision: uniformPrecision(values.format as WeightFormat),
});
if (values.adapter) {
  const config = JSON.parse(readFileSync(`${values.adapter}/adapter_config.json`, "utf8")) as unknown;
  applyAdapter(session.model, readAdapter(config, new Uint8Array(readFileSync(`${values.adapter}/adapter_model.safetensors`))));
}
const task = shapesTask as Task;
const seed = Number(values.seed);
const percent = (x: number) => `${(100 * x).toFixed(1)} %`;

for (const [name, count, rollouts, temperature, masked] of [
  ["greedy", Number(values.problems), 1, 0, false],
  ["accuracy@8, temperature 1", Number(values.sampled), 8, 1, false],
  ["greedy, picture masked", Number(values.problems), 1, 0, true],
  ["accuracy@8, picture masked", Math.ceil(Number(values.sampled) / 4), 8, 1, true],
] as const) {
  if (count === 0) continue;
  const byStyle = new Map<string, { right: number; count: number }>();
  let [visualRight, visual] = [0, 0];
  const started = Date.now();
  const report = await evaluate(
    session,
    task,
    {
      task: "shapes",
      reward: { kind: "exact", tolerance: 0 },
      problems: count,
      rollouts,
      sampling: { temperature, topP: 1, topK: 0, maxNewTokens: 96 },
      masked,
      seed,
    },
    {
      batch: temperature === 0 ? 32 : 8,
      scorer: new RewardDesk(),
      onAnswer: ({ problem, text }, reward) => {
        if (!problem.needsImage) return;
        const style = answerStyle(text);
        const so = byStyle.get(style) ?? { right: 0, count: 0 };
        byStyle.set(style, { right: so.right + reward, count: so.count + 1 });
        visualRight += reward;
        visual++;
      },
    },
  );
  const { accuracy, perFamily, parseable, meanLength } = summarise(report.outcomes);
  console.log(
    `${name}: ${percent(accuracy.value)} (95 %: ${percent(accuracy.low)} to ${percent(accuracy.high)}) of ${count} problems (${((Date.now() - started) / 1000).toFixed(0)} s), parseable ${percent(parseable)}, length ${meanLength.toFixed(1)}`,
  );
  console.log(`  needing the picture: ${percent(visualRight / Math.max(1, visual))}`);
  for (const [style, { right, count: n }] of byStyle)
    console.log(`  ${style}: ${percent(right / n)} of ${percent(n / visual)} of visual answers`);
  console.log(
    `  ${Object.entries(perFamily)
      .map(([family, { value }]) => `${family} ${percent(value)}`)
      .join(", ")}`,
  );
}

let [guess, guessed] = [0, 0];
for (let i = 0; i < Number(values.problems); i++) {
  const problem = sampleShapes(seed, i, "heldOut");
  guess += problem.needsImage ? 1 / possibleAnswers(problem.family, problem.query).length : 1;
  guessed++;
}
console.log(`guessing evenly among a family's answers, control questions right: ${percent(guess / Math.max(1, guessed))}`);

const kl = { visual: [0, 0] as [number, number], control: [0, 0] as [number, number] };
const mask = { strategy: "patch_blackening", ratio: 0.5, cellSize: 8, seed: 1, sharing: "trajectory" } as const;
for (let i = 0; i < Number(values.dependency); i++) {
  const problem = sampleShapes(seed, i, "heldOut");
  const questions = [{ image: problem.image, text: withInstruction(problem.question) }];
  const sampling = { temperature: 1, topP: 1, topK: 0, seed, maxNewTokens: 96 };
  for (const rollout of await rollOut(session, { questions, rollouts: 4, sampling, mask, firstStream: i * 4 + 1 })) {
    const sums = problem.needsImage ? kl.visual : kl.control;
    for (const value of tokenStatsOf(rollout).kl) {
      sums[0] += value;
      sums[1]++;
    }
  }
}
const [visualKl, controlKl] = [kl.visual[0] / Math.max(1, kl.visual[1]), kl.control[0] / Math.max(1, kl.control[1])];
console.log(
  `mean KL per token: visual ${visualKl.toFixed(4)}, control ${controlKl.toFixed(4)} nats, ratio ${(controlKl / visualKl).toFixed(3)}`,
);
