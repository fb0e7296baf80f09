// One data-parallel replica: computes the gradient of its share of every batch, exchanges it through shared memory, and
// applies the same AdamW step as the other replicas, so all stay bit-equal. `../pretrain.ts` starts the replicas.

import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { dispose, tensor, tidy } from "@tensorflow/tfjs-core";
import { textBatch } from "@/engine/batch";
import { LayerwisePass } from "@/engine/layerwise";
import { loadWeights } from "@/engine/loading/loadWeights";
import { uniformPrecision } from "@/engine/loading/openSession";
import { packGroups } from "@/engine/packing";
import type { TensorSource } from "@/formats/tensorSource";
import { familyOf } from "@/models/registry";
import { f32Data } from "@/ops/matrix";
import { adamwStep, type OptimizedParameter } from "@/ops/optimizer/optimizer";
import { ropeFrequencies, ropeTable } from "@/ops/rope/rope";
import { loadTokenizer } from "@/text/tokenizer";
import { startNodeBackend } from "../nodeBackend";
import { trainingSample } from "./data";
import { type PretrainPlan, scheduleAt, stateOffsets } from "./plan";

const { plan, rank, shared } = workerData as {
  plan: PretrainPlan;
  rank: number;
  shared: { state: SharedArrayBuffer; gradients: SharedArrayBuffer[]; losses: SharedArrayBuffer; barrier: SharedArrayBuffer };
};

await startNodeBackend(plan.backend);
const { config } = plan;
const folder = plan.folder;
const json = (name: string): unknown => JSON.parse(readFileSync(`${folder}/${name}`, "utf8"));
const tokenizer = loadTokenizer(json("tokenizer.json"), json("tokenizer_config.json"));
const state = new Float32Array(shared.state);
const offsets = stateOffsets(config);
const source: TensorSource = {
  tensors: new Map(
    [...offsets].map(([name, { start, size: count, shape }]) => [
      name,
      { name, shape, dtype: "F32", file: 0, offset: start * 4, bytes: count * 4 },
    ]),
  ),
  async rows(name, first, count) {
    const at = offsets.get(name);
    if (!at) throw new Error(`no tensor ${name}`);
    const width = at.size / (at.shape[0] ?? 1);
    return state.slice(at.start + first * width, at.start + (first + count) * width);
  },
};
const { model, entries } = await loadWeights(familyOf({ model_type: config.modelType }), config, async () => source, {
  precision: uniformPrecision("f32"),
});
const named = new Map([...entries].map(([name, entry]) => [name, "parts" in entry ? f32Data(entry) : entry]));
const trainable = new Set(named.values());
const size = state.length / 3;
const parameters = new Map<string, OptimizedParameter>();
for (const [name, value] of named) {
  const at = offsets.get(name);
  if (!at) throw new Error(`no tensor ${name}`);
  const moment = (index: number) => tensor(state.slice(index * size + at.start, index * size + at.start + at.size), value.shape);
  parameters.set(name, { value, m: moment(1), v: moment(2) });
}
const { ropeTheta, headDim } = config.text;
/** Positions a sample may take: the longest chain ends well before. */
const context = 320;
const rope = { table: tensor(ropeTable(ropeFrequencies(ropeTheta, headDim), context), [context, headDim]) };
const imageTokens = (config.vision.imageSize / config.vision.patchSize / config.scaleFactor) ** 2;
const barrier = new Int32Array(shared.barrier);
const losses = new Float64Array(shared.losses);
const gradientViews = shared.gradients.map((buffer) => new Float32Array(buffer));

for (let step = plan.firstStep; step < plan.lastStep; step++) {
  const { learningRate, mix } = scheduleAt(plan, step);
  const share = plan.batch / plan.replicas;
  const samples = Array.from({ length: share }, (_, i) =>
    trainingSample(tokenizer, imageTokens, plan.seed, step * plan.batch + rank * share + i, mix, plan),
  );
  const packed = packGroups(samples.map(({ group }) => group));
  const images = model.vision.batch(samples.map(({ problem }) => model.input.process(problem.image)));
  const batch = textBatch(packed, rope);
  const maskValues = samples.flatMap(({ weights: w }) => w);
  const mask = new Float32Array(packed.targets.length);
  let offset = 0;
  for (const w of maskValues) {
    mask.set(w, offset);
    offset += w.length;
  }
  const count = mask.reduce((a, b) => a + b, 0);
  // Mean negative log-likelihood of the answer tokens; replicas weigh alike.
  const cotangent = mask.map((m) => -m / count / plan.replicas);
  const { logp, gradients } = LayerwisePass.supervised(model, batch, images, trainable, cotangent);
  const values = logp.dataSync();
  let loss = 0;
  values.forEach((value, i) => {
    loss -= value * (mask[i] as number);
  });
  const own = gradientViews[rank] as Float32Array;
  for (const [name, value] of named) {
    const place = offsets.get(name);
    const gradient = gradients.get(value.id);
    if (place && gradient) own.set(gradient.dataSync(), place.start);
  }
  dispose([...gradients.values(), logp]);
  batch.dispose();
  images.dispose();
  losses[rank] = loss / count;
  meet(step * 2 + 1);

  // Every replica adds in the same order, so all take the same step.
  let square = 0;
  const total = new Float32Array(size);
  for (const view of gradientViews) for (let i = 0; i < size; i++) total[i] = (total[i] as number) + (view[i] as number);
  for (let i = 0; i < size; i++) square += (total[i] as number) ** 2;
  const norm = Math.sqrt(square);
  const gradientScale = Math.min(1, plan.maxGradNorm / (norm + 1e-6));
  tidy(() => {
    for (const [name, parameter] of parameters) {
      const place = offsets.get(name);
      if (!place) continue;
      const gradient = tensor(total.subarray(place.start, place.start + place.size), parameter.value.shape);
      const weightDecay = parameter.value.shape.length > 1 ? plan.weightDecay : 0;
      adamwStep(parameter, gradient, {
        learningRate,
        beta1: 0.9,
        beta2: 0.98,
        epsilon: 1e-8,
        weightDecay,
        step: step + 1,
        gradientScale,
      });
    }
  });
  const last = step + 1 === plan.lastStep;
  if (rank === 0 && (last || (step + 1) % plan.checkpointEvery === 0)) {
    for (const [name, { value, m, v }] of parameters) {
      const place = offsets.get(name);
      if (!place) continue;
      [value, m, v].forEach((t, index) => {
        state.set(t.dataSync(), index * size + place.start);
      });
    }
  }
  meet(step * 2 + 2);
  if (rank === 0) {
    const meanLoss = losses.reduce((a, b) => a + b, 0) / plan.replicas;
    parentPort?.postMessage({
      step: step + 1,
      loss: meanLoss,
      gradNorm: norm,
      learningRate,
      saved: last || (step + 1) % plan.checkpointEvery === 0,
    });
  }
}

/** Waits until all replicas have reached the same point. */
function meet(round: number): void {
  const arrived = Atomics.add(barrier, 0, 1) + 1;
  if (arrived === plan.replicas) {
    Atomics.store(barrier, 0, 0);
    Atomics.store(barrier, 1, round);
    Atomics.notify(barrier, 1);
  } else while (Atomics.load(barrier, 1) < round) Atomics.wait(barrier, 1, Atomics.load(barrier, 1), 1000);
}
