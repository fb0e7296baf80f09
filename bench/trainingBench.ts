// One update (forward, VPPO loss, backward, norm, AdamW of a LoRA adapter) on fixed rollouts: layer by layer with this
// project's kernels over int8 weights, against one tape of stock operations over the float32 weights these stand for. Both
// see the same packed rows; the learning rate is 0, so that every repetition does the same work on the same weights.

import {
  add,
  dispose,
  engine,
  keep,
  mul,
  sqrt,
  square,
  sum,
  type Tensor,
  type Tensor2D,
  tensor1d,
  tidy,
  zerosLike,
} from "@tensorflow/tfjs-core";
import { textBatch } from "@/engine/batch";
import { generate } from "@/engine/generate";
import { LayerwisePass } from "@/engine/layerwise";
import { attachLora, loraParameters, removeLora } from "@/engine/lora";
import { packGroups } from "@/engine/packing";
import { prepare, tokenStatsOf } from "@/engine/rollouts";
import type { Session } from "@/engine/session";
import type { Gpu } from "@/gpu/device";
import { readTensors } from "@/gpu/readback";
import { adamwStep, gradientNorm } from "@/ops/optimizer/optimizer";
import { dependencyOf } from "@/rl/dependency";
import { officialDefaults as policy } from "@/rl/settings";
import type { Trajectory } from "@/rl/trajectory";
import { policyUpdate } from "@/rl/vppo";
import { withInstruction } from "@/tasks/instruction";
import { sampleShapes } from "@/tasks/shapes/sampleShapes";
import type { BenchRow } from "./report";
import { stockAdamw, stockBatchOf, stockLogProbs, stockLoss, stockModelOf } from "./stock";
import { costOf, interleaved, median } from "./timing";

export interface TrainingSizes {
  readonly rollouts: number;
  readonly tokens: number;
  readonly repetitions: number;
}

const rates = { learningRate: 0, weightDecay: 0.01, step: 1 };

/** What a variant computed, to show that both do the same. */
interface Outcome {
  loss: number;
  gradients: Float32Array[];
}

export async function benchTraining(gpu: Gpu, session: Session, sizes: TrainingSizes): Promise<BenchRow[]> {
  const { model, rope } = session;
  attachLora(model, { rank: 8, alpha: 16, seed: 1 });
  for (const { lora } of model.text.projections) {
    // A fresh B is 0 and would give A no gradient.
    if (lora)
      gpu.dispatcher.upload(
        lora.b,
        Float32Array.from({ length: lora.b.size }, (_, i) => Math.sin(i) / 50),
      );
  }
  const parameters = loraParameters(model).map(({ tensor: value }) => ({
    value,
    m: keep(zerosLike(value)),
    v: keep(zerosLike(value)),
  }));
  const { prompt, features, masked, trajectoriesOf, responses } = await rollOutOnce(session, sizes);
  const packed = packGroups([{ prompt, responses }]);
  const batch = textBatch(packed, rope);
  const trainable = new Set(parameters.map(({ value }) => value));

  async function ours(into: Outcome): Promise<void> {
    const pass = new LayerwisePass(model, batch, undefined, trainable, features);
    const logpTensor = pass.forward();
    const [logp] = await readTensors([logpTensor]);
    logpTensor.dispose();
    const update = policyUpdate(trajectoriesOf(logp as Float32Array), policy);
    const gradients = pass.backward(Float32Array.from(update.gradient.flatMap((slopes) => [...slopes])));
    const list = parameters.map(({ value }) => gradients.get(value.id) as Tensor);
    const norm = await gradientNorm(list);
    const gradientScale = Math.min(1, 1 / (norm + 1e-6));
    parameters.forEach((parameter, i) => {
      adamwStep(parameter, list[i] as Tensor, { ...rates, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, gradientScale });
    });
    into.loss = update.loss;
    if (into.gradients.length === 0) into.gradients = (await readTensors(list)) as Float32Array[];
    dispose(list);
    pass[Symbol.dispose]();
  }

  const stock = await stockModelOf(model.text);
  const [table] = await readTensors([rope.table]);
  const stockBatch = stockBatchOf(packed, model.config.text.vocabSize, table as Float32Array, model.config.text.headDim);
  const fixed = stockConstants(trajectoriesOf);
  async function composed(into: Outcome): Promise<void> {
    const run = () => stockLoss(stockLogProbs(stock, stockBatch, features as Tensor2D), fixed);
    const { value, grads } = engine().gradients(
      run,
      parameters.map((parameter) => parameter.value),
    );
    const normTensor = tidy(() => sqrt(grads.map((gradient) => sum(square(gradient))).reduce((a, b) => add(a, b))));
    const [norm, loss] = await readTensors([normTensor, value]);
    const gradientScale = Math.min(1, 1 / (((norm as Float32Array)[0] as number) + 1e-6));
    const next = tidy(() =>
      parameters.map((parameter, i) => stockAdamw(parameter, mul(grads[i] as Tensor, gradientScale), rates)),
    );
    into.loss = (loss as Float32Array)[0] as number;
    if (into.gradients.length === 0) into.gradients = (await readTensors(grads)) as Float32Array[];
    dispose([...grads, value, normTensor, ...next.flatMap(({ value: x, m, v }) => [x, m, v])]);
  }

  const outcomes = [
    { loss: 0, gradients: [] },
    { loss: 0, gradients: [] },
  ] as [Outcome, Outcome];
  const [mine = [], theirs = []] = await interleaved(
    [() => costOf(gpu, () => ours(outcomes[0])), () => costOf(gpu, () => composed(outcomes[1]))],
    sizes.repetitions,
  );
  dispose([features, ...masked, ...parameters.flatMap(({ m, v }) => [m, v]), stock.embedding, stock.head]);
  dispose([...stock.projections.values()].map(({ weight }) => weight));
  dispose([stockBatch.rowIds, stockBatch.bias, stockBatch.cosine, stockBatch.sine, stockBatch.targets]);
  dispose([fixed.logpOld, fixed.advantage, fixed.kept]);
  batch.dispose();
  removeLora(model);

  const what = `LoRA r 8, ${sizes.rollouts} rollouts of ${sizes.tokens} tokens, ${packed.count} rows`;
  return [
    {
      name: `Training step, ${what}`,
      unit: "ms",
      value: median(mine.map(({ ms }) => ms)),
      baseline: { name: "stock", value: median(theirs.map(({ ms }) => ms)) },
      note: agreementOf(...outcomes),
    },
    {
      name: "Training step: peak bytes on top of weights",
      unit: "MB",
      value: median(mine.map(({ peakBytes }) => peakBytes)) / 1e6,
      baseline: { name: "stock", value: median(theirs.map(({ peakBytes }) => peakBytes)) / 1e6 },
    },
  ];

  function stockConstants(of: (logp: Float32Array) => Trajectory[]) {
    const trajectories = of(new Float32Array(packed.targets.length));
    const logpOld = trajectories.flatMap((trajectory) => [...trajectory.logpOld]);
    const update = policyUpdate(of(Float32Array.from(logpOld)), policy);
    const perToken = (value: (i: number, t: number) => number) =>
      tensor1d(trajectories.flatMap(({ logp }, i) => Array.from(logp, (_, t) => value(i, t))));
    return {
      ...policy,
      logpOld: tensor1d(logpOld),
      advantage: perToken((i) => (update.advantages[i] as number) * (update.alpha[i] as number)),
      kept: perToken((i, t) => update.masks[i]?.[t] ?? 0),
    };
  }
}

/** Rollouts of one held-out question, all of the same length, with rewards that alternate. */
async function rollOutOnce(session: Session, { rollouts, tokens }: TrainingSizes) {
  const problem = sampleShapes(1, 0, "heldOut");
  const questions = [{ image: problem.image, text: withInstruction(problem.question) }];
  const mask = { strategy: "patch_blackening", ratio: 0.5, cellSize: 8, seed: 1, sharing: "trajectory" } as const;
  const [prepared] = prepare(session, { questions, rollouts, mask });
  if (!prepared) throw new Error("nothing to ask");
  const { prompt, images } = prepared;
  const [features, ...masked] = session.encode([...images, ...prepared.masked.flat().map((picture) => session.process(picture))]);
  if (!features) throw new Error("no image features");
  const group = { prompt, features, masked, rollouts, firstStream: 0 };
  const sampling = { temperature: 1, topP: 1, topK: 0, seed: 1, maxNewTokens: tokens, alternatives: 0, eosIds: [] };
  const answers = await generate(session.model.text, [group], session.rope, sampling);
  const trajectoriesOf = (logp: Float32Array): Trajectory[] =>
    answers.map((rollout, i) => {
      const stats = tokenStatsOf(rollout);
      return {
        group: 0,
        reward: i % 2,
        logp: logp.slice(i * tokens, (i + 1) * tokens),
        logpOld: stats.logp,
        dependency: dependencyOf(stats, policy.dependencyMeasure),
      };
    });
  return { prompt, features, masked, trajectoriesOf, responses: answers.map(({ ids }) => ids) };
}

function agreementOf(ours: Outcome, stock: Outcome): string {
  const loss = Math.abs(ours.loss - stock.loss) / Math.abs(stock.loss);
  let [difference, size] = [0, 0];
  ours.gradients.forEach((values, i) => {
    values.forEach((value, j) => {
      const expected = stock.gradients[i]?.[j] ?? Number.NaN;
      difference += (value - expected) ** 2;
      size += expected ** 2;
    });
  });
  return `loss ${ours.loss.toFixed(5)}, relative difference ${loss.toExponential(1)}; gradients ${Math.sqrt(difference / size).toExponential(1)}`;
}
