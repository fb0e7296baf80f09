// A VPPO run in Node, without the page: `npm run train -- --steps 20`. Prints one line per step and accuracy before and after,
// with and without the picture; for tuning defaults and for machines without a browser.

import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { evaluate } from "@/engine/evaluate";
import { openSession, uniformPrecision } from "@/engine/loading/openSession";
import { exportAdapter } from "@/engine/lora";
import { RewardDesk } from "@/engine/training/experience/rewardScorer";
import { Trainer } from "@/engine/training/trainer";
import { writeAdapter } from "@/formats/peft";
import type { WeightFormat } from "@/protocol/model";
import { type TrainSettings, trainDefaults } from "@/protocol/training";
import { trainSettingsError } from "@/protocol/trainingChecks";
import { summarise } from "@/rl/evaluation";
import { type PolicySettings, policyPresets } from "@/rl/settings";
import { taskById, tasks } from "@/tasks/registry";
import { answerStyle } from "@/tasks/shapes/answers";
import { fileFolder } from "./fileFolder";
import { startNodeBackend } from "./nodeBackend";

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    folder: { type: "string", default: "public/models/shapes-vlm" },
    backend: { type: "string", default: "wasm" },
    format: { type: "string", default: "int8" },
    steps: { type: "string", default: "20" },
    task: { type: "string", default: trainDefaults.task },
    difficulty: { type: "string" },
    preset: { type: "string", default: "vppo" },
    prompts: { type: "string", default: "12" },
    filter: { type: "boolean", default: false },
    lr: { type: "string", default: "0.001" },
    rank: { type: "string", default: "8" },
    seed: { type: "string", default: "1" },
    problems: { type: "string", default: "64" },
    out: { type: "string" },
  },
});
await startNodeBackend(values.backend === "webgpu" ? "webgpu" : "wasm");
const session = await openSession(fileFolder(values.folder), "shapes-vlm", {
  precision: uniformPrecision(values.format as WeightFormat),
});
const settings: TrainSettings = {
  ...trainDefaults,
  policy: presetOf(values.preset),
  task: values.task,
  ...(values.difficulty !== undefined && { difficulty: Number(values.difficulty) }),
  onlineFiltering: values.filter,
  sampling: { temperature: 1, topP: 1, topK: 0, seed: Number(values.seed), maxNewTokens: 64 },
  mask: { strategy: "patch_blackening", ratio: 0.5, cellSize: 8, seed: Number(values.seed), sharing: "trajectory" },
  promptsPerStep: Number(values.prompts),
  learningRate: Number(values.lr),
  loraRank: Number(values.rank),
  loraAlpha: 2 * Number(values.rank),
  seed: Number(values.seed),
};

const accuracy = async (masked: boolean) => {
  const request = {
    task: settings.task,
    ...(settings.difficulty !== undefined && { difficulty: settings.difficulty }),
    reward: settings.reward,
    problems: Number(values.problems),
    rollouts: 8,
    sampling: { temperature: 1, topP: 1, topK: 0, maxNewTokens: 64 },
    masked,
    seed: 2026,
  };
  const { outcomes } = await evaluate(session, taskById(settings.task), request, { scorer: new RewardDesk() });
  return summarise(outcomes).accuracy.value;
};
console.log(`before: accuracy@8 ${(await accuracy(false)).toFixed(3)}, masked ${(await accuracy(true)).toFixed(3)}`);
const error = trainSettingsError(settings, tasks);
if (error) throw error;
const trainer = Trainer.create(session, settings);
for (let i = 0; i < Number(values.steps); i++) {
  const report = await trainer.takeStep(settings, { onNotice: console.log });
  if (!report) break;
  const m = report.metrics;
  const visual = report.rollouts.filter(({ family }) => family !== "control");
  const grounded = visual.filter(({ text }) => answerStyle(text) === "grounded").length / Math.max(1, visual.length);
  const show = (key: string) => (m[key] ?? Number.NaN).toFixed(3);
  console.log(
    `${report.step} reward ${show("reward/accuracy")} grounded ${grounded.toFixed(2)} |g| ${show("actor/grad_norm")} S ${show("actor/sensitivity_score_mean")} len ${show("response_length/mean")} gen ${show("timing_s/gen")} step ${show("timing_s/step")} s`,
  );
}
console.log(`after: accuracy@8 ${(await accuracy(false)).toFixed(3)}, masked ${(await accuracy(true)).toFixed(3)}`);
if (values.out) {
  const adapter = await exportAdapter(session.model, session.name);
  if (adapter) {
    const { config, weights } = writeAdapter(adapter);
    mkdirSync(values.out, { recursive: true });
    writeFileSync(`${values.out}/adapter_config.json`, config);
    writeFileSync(`${values.out}/adapter_model.safetensors`, weights);
  }
}

function presetOf(name: string): PolicySettings {
  const preset = Object.entries(policyPresets).find(([key]) => key === name)?.[1];
  if (!preset) throw new RangeError(`there is no preset "${name}"; there are ${Object.keys(policyPresets).join(", ")}`);
  return preset;
}
