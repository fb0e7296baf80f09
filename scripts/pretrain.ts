// Trains an embedded model: from nothing (`npm run pretrain -- --samples 140000`) or from the weights of another one (`--from`,
// with `--task sums`). Replicas run in worker threads (wasm, one core each) or one replica on a GPU (`--backend webgpu`, Dawn).
// Resumable: state and curve are in the folder of `--state`.

import { appendFileSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { readSafetensors, writeSafetensors } from "@/formats/safetensors";
import { toFloat16 } from "@/formats/toFloat16";
import { parseSmolVlmConfig } from "@/models/smolvlm/config";
import { initialWeights } from "./pretrain/init";
import { type PretrainPlan, parameterCount, stateOffsets } from "./pretrain/plan";

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    folder: { type: "string", default: "public/models/shapes-vlm" },
    state: { type: "string", default: "runs/pretrain" },
    backend: { type: "string", default: "wasm" },
    replicas: { type: "string", default: String(Math.min(2, availableParallelism())) },
    samples: { type: "string", default: "140000" },
    until: { type: "string" },
    batch: { type: "string", default: "32" },
    lr: { type: "string", default: "0.001" },
    seed: { type: "string", default: "1" },
    task: { type: "string", default: "shapes" },
    from: { type: "string" },
    mix: { type: "string", default: "0.25" },
    answers: { type: "string", default: "1" },
    warmup: { type: "string", default: "200" },
  },
});
const json = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));
if (values.from) copyDescription(values.from, values.folder);
const config = parseSmolVlmConfig({
  config: json(`${values.folder}/config.json`),
  preprocessorConfig: json(`${values.folder}/preprocessor_config.json`),
  processorConfig: json(`${values.folder}/processor_config.json`),
  generationConfig: json(`${values.folder}/generation_config.json`),
});
const count = parameterCount(config);
const offsets = stateOffsets(config);
mkdirSync(values.state, { recursive: true });
const stateFile = `${values.state}/state.bin`;
const progressFile = `${values.state}/progress.json`;
const curveFile = `${values.state}/curve.jsonl`;

const state = new SharedArrayBuffer(count * 3 * 4);
const view = new Float32Array(state);
let firstStep = 0;
if (existsSync(stateFile) && existsSync(progressFile)) {
  const bytes = readFileSync(stateFile);
  view.set(new Float32Array(bytes.buffer, bytes.byteOffset, count * 3));
  firstStep = (json(progressFile) as { step: number }).step;
  console.log(`resuming after step ${firstStep}`);
} else if (values.from) {
  const file = readSafetensors(new Uint8Array(readFileSync(`${values.from}/model.safetensors`)));
  for (const [name, { start }] of offsets) view.set(file.float32(name), start);
} else {
  for (const [name, { data }] of initialWeights(config, Number(values.seed))) view.set(data, offsets.get(name)?.start ?? 0);
}

const batch = Number(values.batch);
const plan: PretrainPlan = {
  folder: values.folder,
  task: values.task === "sums" ? "sums" : "shapes",
  shapesShare: Number(values.mix),
  answers: Number(values.answers),
  continued: values.from !== undefined,
  config,
  backend: values.backend === "webgpu" ? "webgpu" : "wasm",
  replicas: values.backend === "webgpu" ? 1 : Number(values.replicas),
  seed: Number(values.seed),
  batch,
  steps: Math.ceil(Number(values.samples) / batch),
  firstStep,
  lastStep: Math.ceil(Number(values.until ?? values.samples) / batch),
  learningRate: Number(values.lr),
  warmUpSteps: Number(values.warmup),
  weightDecay: 0.05,
  maxGradNorm: 1,
  checkpointEvery: 50,
};
console.log(`${count} parameters, ${plan.steps} steps of ${batch}, ${plan.replicas} × ${plan.backend}`);

const shared = {
  state,
  gradients: Array.from({ length: plan.replicas }, () => new SharedArrayBuffer(count * 4)),
  losses: new SharedArrayBuffer(plan.replicas * 8),
  barrier: new SharedArrayBuffer(8),
};
new Int32Array(shared.barrier)[1] = firstStep * 2;
const started = Date.now();
let average = Number.NaN;
const workers = Array.from(
  { length: plan.replicas },
  (_, rank) =>
    new Worker(new URL("scripts/run.mjs", `file://${process.cwd()}/`), {
      argv: ["scripts/pretrain/worker.ts"],
      workerData: { plan, rank, shared },
    }),
);
await Promise.all(
  workers.map(
    (worker) =>
      new Promise<void>((resolve, reject) => {
        worker.on("message", onStep);
        worker.on("error", reject);
        worker.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`replica ended with code ${code}`))));
      }),
  ),
);

function onStep(report: { step: number; loss: number; gradNorm: number; learningRate: number; saved: boolean }): void {
  const { step, loss, saved } = report;
  average = Number.isNaN(average) ? loss : 0.98 * average + 0.02 * loss;
  const seconds = (Date.now() - started) / 1000;
  if (step % 20 === 0) {
    const samples = step * batch;
    appendFileSync(curveFile, `${JSON.stringify({ ...report, samples, average, seconds })}\n`);
    console.log(
      `${step} samples ${samples} loss ${average.toFixed(4)} |g| ${report.gradNorm.toFixed(2)} ${(((step - firstStep) * batch) / seconds).toFixed(1)}/s`,
    );
  }
  if (!saved) return;
  writeFileSync(stateFile, new Uint8Array(state.slice(0)));
  writeFileSync(progressFile, JSON.stringify({ step, plan: { ...plan, config: undefined } }));
  exportWeights();
}

/** Writes model.safetensors (float16) into the model folder. */
function exportWeights(): void {
  const tensors = [...offsets].map(([name, { start, size, shape }]) => {
    const halves = toFloat16(view.slice(start, start + size));
    return { name, dtype: "F16" as const, shape, bytes: new Uint8Array(halves.buffer) };
  });
  writeFileSync(`${values.folder}/model.safetensors`, writeSafetensors(tensors, new Map([["format", "pt"]])));
}

/** Copies everything but the weights: a continued model has the architecture and tokenizer of the one it comes from. */
function copyDescription(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (!name.endsWith(".safetensors") && !existsSync(`${to}/${name}`)) copyFileSync(`${from}/${name}`, `${to}/${name}`);
  }
}
