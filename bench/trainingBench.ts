// One update (VPPO loss, forward and backward, norm, AdamW of a LoRA adapter) on fixed rollouts: the trainer's own, layer by layer with
// this project's kernels over int8 weights, against one tape of stock operations over the float32 weights these stand for; and the
// tokens that an update learns from per second against those that the same model and adapter decode. The learning rate is 0, so that
// every repetition does the same work on the same weights.

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
import { attachLora, removeLora } from "@/engine/lora";
import { packGroups } from "@/engine/packing";
import type { Session } from "@/engine/session";
import { Optimizer } from "@/engine/training/update/optimizer";
import { type UpdateOptimizer, updatePolicy } from "@/engine/training/update/policyPhase";
import type { UpdateInput } from "@/engine/training/update/stepPasses";
import { trainablesOf } from "@/engine/training/update/trainables";
import type { Gpu } from "@/gpu/device";
import { readTensors } from "@/gpu/readback";
import { type TrainSettings, trainDefaults } from "@/protocol/training";
import { officialDefaults as policy } from "@/rl/settings";
import type { Trajectory } from "@/rl/trajectory";
import { policyUpdate } from "@/rl/vppo";
import { sampleExperience } from "./experience";
import type { BenchRow } from "./report";
import { stockAdamw, stockBatchOf, stockLogProbs, stockLoss, stockModelOf } from "./stock";
import { timedAnswer } from "./timedAnswer";
import { costOf, interleaved, median } from "./timing";
import { measured, workText } from "./work";

export interface TrainingSizes {
  readonly rollouts: number;
  readonly tokens: number;
  readonly repetitions: number;
}

const rates = { learningRate: 0, weightDecay: 0.01, step: 1 };
const loraRank = 8;

/** What a variant computed, to show that both do the same. */
interface Outcome {
  loss: number;
  gradients: Float32Array[];
}

export async function benchTraining(gpu: Gpu, session: Session, sizes: TrainingSizes): Promise<BenchRow[]> {
  const { model, rope } = session;
  const { rollouts, tokens, repetitions } = sizes;
  attachLora(model, { rank: loraRank, alpha: 2 * loraRank, seed: 1 });
  for (const { lora } of model.text.projections) {
    // A fresh B is 0 and would give A no gradient.
    if (lora)
      gpu.dispatcher.upload(
        lora.b,
        Float32Array.from({ length: lora.b.size }, (_, i) => Math.sin(i) / 50),
      );
  }
  Object.defineProperty(session, "eosIds", { value: [] });
  const settings: TrainSettings = { ...trainDefaults, policy, weightDecay: rates.weightDecay, measureMoves: false };
  const optimizer = Optimizer.create(trainablesOf(session, settings));
  const tensors = optimizer.parameters.map(({ tensor }) => tensor);
  const experience = await sampleExperience(session, { prompts: 1, rollouts, tokens }, settings, settings.mask);
  const trajectories = trajectoriesOf(experience);
  const update = policyUpdate(trajectories, policy);
  const mine: Outcome = { loss: update.loss, gradients: [] };
  const watched: UpdateOptimizer = {
    parameters: optimizer.parameters,
    async step(gradients, of) {
      if (mine.gradients.length === 0)
        mine.gradients = (await readTensors(tensors.map(({ id }) => gradients.get(id) as Tensor))) as Float32Array[];
      return optimizer.step(gradients, of);
    },
  };
  const ours = () => updatePolicy(session, watched, experience, settings, { learningRate: rates.learningRate });

  const parameters = tensors.map((value) => ({ value, m: keep(zerosLike(value)), v: keep(zerosLike(value)) }));
  const { prompt, images } = experience.prepared[0] as UpdateInput["prepared"][number];
  const packed = packGroups([{ prompt, responses: experience.rollouts.map(({ ids }) => ids) }]);
  const features = session.encodeTogether(images);
  const stock = await stockModelOf(model.text);
  const [table] = await readTensors([rope.table]);
  const stockBatch = stockBatchOf(packed, model.config.text.vocabSize, table as Float32Array, model.config.text.headDim);
  const perToken = (value: (i: number, t: number) => number) =>
    tensor1d(trajectories.flatMap(({ logp }, i) => Array.from(logp, (_, t) => value(i, t))));
  const fixed = {
    ...policy,
    logpOld: perToken((i, t) => trajectories[i]?.logpOld[t] ?? 0),
    advantage: perToken((i) => (update.advantages[i] as number) * (update.alpha[i] as number)),
    kept: perToken((i, t) => update.masks[i]?.[t] ?? 0),
  };
  const theirs: Outcome = { loss: 0, gradients: [] };
  async function composed(): Promise<void> {
    const run = () => stockLoss(stockLogProbs(stock, stockBatch, features as Tensor2D), fixed);
    const { value, grads } = engine().gradients(run, tensors);
    const normTensor = tidy(() => sqrt(grads.map((gradient) => sum(square(gradient))).reduce((a, b) => add(a, b))));
    const [norm, loss] = await readTensors([normTensor, value]);
    const gradientScale = Math.min(1, 1 / (((norm as Float32Array)[0] as number) + 1e-6));
    const next = tidy(() =>
      parameters.map((parameter, i) => stockAdamw(parameter, mul(grads[i] as Tensor, gradientScale), rates)),
    );
    theirs.loss = (loss as Float32Array)[0] as number;
    if (theirs.gradients.length === 0) theirs.gradients = (await readTensors(grads)) as Float32Array[];
    dispose([...grads, value, normTensor, ...next.flatMap(({ value: x, m, v }) => [x, m, v])]);
  }

  // The first runs compile, read the gradients and are measured for memory, from an empty pool.
  const [own, other] = [await costOf(gpu, async () => void (await ours())), await costOf(gpu, composed)];
  const updates = await interleaved([() => measured(gpu, ours), () => measured(gpu, composed)], repetitions);
  const [updated = [], stockUpdated = []] = updates;
  const [decoded = []] = await interleaved([() => timedAnswer(gpu, session, { rollouts, tokens, twins: false })], repetitions);
  dispose([features, ...parameters.flatMap(({ m, v }) => [m, v]), stock.embedding, stock.head]);
  dispose([...stock.projections.values()].map(({ weight }) => weight));
  dispose([stockBatch.rowIds, stockBatch.bias, stockBatch.cosine, stockBatch.sine, stockBatch.targets]);
  dispose([fixed.logpOld, fixed.advantage, fixed.kept]);
  optimizer[Symbol.dispose]();
  removeLora(model);

  const what = `LoRA r ${loraRank}, ${rollouts} rollouts of ${tokens} tokens, ${packed.count} rows`;
  const ms = median(updated.map((run) => run.ms));
  const work = (runs: typeof updated) =>
    runs
      .slice(-1)
      .map((run) => workText(run.work))
      .join();
  return [
    {
      name: `VPPO update, ${what}`,
      unit: "ms",
      value: ms,
      baseline: { name: "stock operations", value: median(stockUpdated.map((run) => run.ms)) },
      note: `goal ≤ 1/5; ${agreementOf(mine, theirs)}`,
    },
    {
      name: "VPPO update: dispatches",
      unit: "dispatches",
      value: updated.at(-1)?.work.dispatches ?? Number.NaN,
      baseline: { name: "stock operations", value: stockUpdated.at(-1)?.work.dispatches ?? Number.NaN },
      note: `here ${work(updated)}; stock ${work(stockUpdated)}`,
    },
    {
      name: "VPPO update: peak bytes on top of weights",
      unit: "MB",
      value: own.peakBytes / 1e6,
      baseline: { name: "stock operations", value: other.peakBytes / 1e6 },
    },
    {
      name: "Train: answer tokens that get a loss, per second of update",
      unit: "tokens/s",
      value: (rollouts * tokens * 1000) / ms,
      baseline: {
        name: `decoded by ${rollouts} rollouts together, same adapter`,
        value: (rollouts * 1000) / median(decoded.map(({ stepMs }) => stepMs)),
      },
      note: "goal ≥ 0.55; decoding without twins, in its steady state",
    },
  ];
}

/** The experience as the loss takes it, on policy. */
function trajectoriesOf({ rewards, stats, dependency }: UpdateInput): Trajectory[] {
  return stats.map(({ logp }, i) => ({
    group: 0,
    reward: rewards[i]?.overall ?? Number.NaN,
    logp,
    logpOld: logp,
    dependency: dependency[i] as Float32Array,
  }));
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
