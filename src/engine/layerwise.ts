// Layer-wise training: the forward pass keeps only each stage's input; the backward pass recomputes one stage at a time on
// TF.js' tape and applies the cotangent. A decoder block with nothing but adapters to train is differentiated by hand instead
// (training/update/decoderGradient). Memory is one stage's activations plus a row of inputs per stage. Works for any set of trainable
// tensors: LoRA pairs, or all weights of a small model. It knows nothing of losses: the caller gives ∂L/∂log π per target (rl/
// computes it), and rows whose cotangent is zero never reach the head. A table that is embedding and head at once (tied) gets
// the sum of both gradients.

import { add, clone, dispose, engine, gather, keep, type Tensor, tensor1d, tidy } from "@tensorflow/tfjs-core";
import type { Stage, VisionBatch, VisionLanguageModel } from "@/models/family";
import { type DecoderLayer, decoderParameters, decoderProjections } from "@/nn/decoderLayer";
import type { LinearLayer } from "@/nn/linear";
import type { DecoderPass } from "@/nn/textDecoder";
import { gatherRows } from "@/ops/embedding/gatherRows";
import { entropyOf, headLogProb, headRowStatistics, logProbOf } from "@/ops/headStats/headStats";
import { matrixTensors } from "@/ops/matrix";
import type { ActiveTargets, TextBatch } from "./batch";
import { decoderLayerGradient, isDifferentiatedByHand } from "./training/update/decoderGradient";

/** Gradient per trainable tensor, keyed by the tensor's id; the caller disposes. */
export type Gradients = Map<number, Tensor>;

/** A stage reduced to the tensors that receive gradients. */
interface TrainedStage {
  readonly parameters: readonly Tensor[];
  readonly run: (x: Tensor) => Tensor;
}

/** Adds `gradient` to what is there for a tensor; takes both. */
export function addGradient(into: Gradients, id: number, gradient: Tensor): void {
  const before = into.get(id);
  into.set(id, before ? keep(add(before, gradient)) : gradient);
  if (before) dispose([before, gradient]);
}

/** Whether some of these tensors lie in the vision tower or its projector: then pictures are part of the training pass. */
export function trainsTower({ text }: VisionLanguageModel, trainable: Iterable<Tensor>): boolean {
  const { layers, norm, head, embedTokens } = text.weights;
  const ofText = new Set([
    norm,
    ...matrixTensors(head),
    ...matrixTensors(embedTokens),
    ...layers.flatMap((layer) => [...decoderParameters(layer), ...loraTensors(decoderProjections(layer))]),
  ]);
  return [...trainable].some((tensor) => !ofText.has(tensor));
}

const loraTensors = (layers: readonly LinearLayer[]): Tensor[] => layers.flatMap(({ lora }) => (lora ? [lora.a, lora.b] : []));

/** One training pass over a packed batch. Use once: forward, backward, dispose. */
export class LayerwisePass {
  readonly #visionStages: readonly TrainedStage[];
  readonly #textStages: readonly TrainedStage[];
  readonly #headParameters: readonly Tensor[];
  readonly #embedParameters: readonly Tensor[];
  readonly #visionInputs: Tensor[] = [];
  readonly #textInputs: Tensor[] = [];
  /** What the head says of every target [R, 4], after `forward`: neither entropies nor gradients ask it again. */
  #headRows: Tensor | undefined;
  #features: Tensor | undefined;
  readonly #ownsFeatures: boolean;

  /**
   * @param trainable Tensors that receive gradients; everything else is frozen.
   * @param images The pictures' batch when the tower is trained, too.
   * @param features Image features when the tower is frozen and they are already known (cached per image).
   */
  constructor(
    private readonly model: VisionLanguageModel,
    private readonly batch: TextBatch,
    private readonly images: VisionBatch | undefined,
    trainable: ReadonlySet<Tensor>,
    features?: Tensor,
  ) {
    const only = ({ parameters, projections, run }: Stage): TrainedStage => ({
      parameters: [...parameters, ...loraTensors(projections)].filter((t) => trainable.has(t)),
      run,
    });
    const { layers, norm, head, embedTokens } = model.text.weights;
    this.#visionStages = (images?.chain.stages ?? []).map(only);
    this.#textStages = layers.map((layer, i) =>
      only({
        parameters: decoderParameters(layer),
        projections: decoderProjections(layer),
        run: (x) => model.text.layer(i, x, this.#pass),
      }),
    );
    this.#headParameters = [norm, ...matrixTensors(head)].filter((t) => trainable.has(t));
    this.#embedParameters = matrixTensors(embedTokens).filter((t) => trainable.has(t));
    this.#features = features;
    this.#ownsFeatures = features === undefined;
  }

  get #trainsVision(): boolean {
    return this.#visionStages.some(({ parameters }) => parameters.length > 0);
  }

  /** Log-probability of every target, [R]; keeps the stage inputs for `backward`. */
  forward(): Tensor {
    const last = this.keepInputs();
    const { text } = this.model;
    const { targetRows, targetInverse, targets } = this.batch;
    const statistics = tidy(() => {
      const hidden = text.finalNorm(gatherRows(last, targetRows, targetInverse));
      return keep(headRowStatistics(hidden, text.weights.head, targets));
    });
    this.#headRows = statistics;
    return logProbOf(statistics);
  }

  /** The forward pass without the head, for when the log-probs are known: all that `backward` needs. Returns the last rows [M, D]. */
  keepInputs(): Tensor {
    if (!this.#features && this.images) {
      if (this.#trainsVision) this.#features = runStages(this.#visionStages, this.images.chain.input, this.#visionInputs);
      else this.#features = keep(this.images.encode());
    }
    const embedded = keep(tidy(() => this.#embed()));
    const last = runStages(this.#withoutTape(), embedded, this.#textInputs);
    this.#textInputs.push(last);
    return last;
  }

  /** The text stages as they run where nothing is differentiated: fused where that can be, with the same bits. */
  *#withoutTape(): Generator<Pick<TrainedStage, "run">> {
    const { text } = this.model;
    const fused = text.fused();
    if (!fused) {
      yield* this.#textStages;
      return;
    }
    const pass = this.#pass;
    const { meta, positions, rope } = pass;
    const work = keep(fused.begin({ rows: meta.rows, positions, rope }));
    try {
      for (const i of this.#textStages.keys())
        yield { run: (x) => text.withFeatures(i, fused.block(i, x, work, meta.rows), pass) };
    } finally {
      work.dispose();
      fused[Symbol.dispose]();
    }
  }

  /** Exact entropy in nats of the distribution behind every target, [R], after `forward`; a constant. */
  entropy(): Tensor {
    if (!this.#headRows) throw new Error("entropy before forward");
    return entropyOf(this.#headRows);
  }

  /**
   * Gradients of the trainable tensors for a given ∂L/∂log π.
   * @param cotangent one number per target; zeros are skipped.
   * @param gradients Those of earlier passes, to be added to.
   */
  backward(cotangent: Float32Array, gradients: Gradients = new Map()): Gradients {
    const last = this.#textInputs[this.#textStages.length];
    if (!last) throw new Error("backward before forward");

    const active = this.batch.select(cotangent);
    if (!active) return gradients;
    const known = this.#headRowsOf(active);
    const head = () => this.#logProb(gatherRows(last, active.rows, active.inverse), active.targets, known);
    const dLogp = tensor1d(active.cotangent, "float32");
    let dy = this.#backwardStage(head, last, this.#headParameters, dLogp, gradients);
    dLogp.dispose();
    known?.dispose();
    active.dispose();

    // Where the tower is trained, what every user of the features says of them adds up under their id until the tower takes it.
    const features = this.#trainsVision ? this.#features : undefined;
    const needsEmbed = this.#embedParameters.length > 0 || this.#trainsVision;
    const firstText = needsEmbed ? 0 : this.#textStages.findIndex(({ parameters }) => parameters.length > 0);
    for (let i = this.#textStages.length - 1; i >= Math.max(0, firstText) && firstText >= 0; i--) {
      const stage = this.#textStages[i] as TrainedStage;
      const x = this.#textInputs[i] as Tensor;
      const needsInput = needsEmbed || i > firstText;
      // DeepStack: a block may take its own level of the features.
      const level = features && i + 1 < (features.shape[1] as number) / this.model.text.hiddenSize ? [features] : [];
      const layer = this.model.text.weights.layers[i] as DecoderLayer;
      if (level.length === 0 && isDifferentiatedByHand(layer, stage.parameters, x.shape[0] as number)) {
        decoderLayerGradient(layer, x, dy, this.#pass, gradients, { needsInput });
        continue;
      }
      const inputs = needsInput ? x : undefined;
      const next = this.#backwardStage(() => stage.run(x), inputs, [...stage.parameters, ...level], dy, gradients);
      dy.dispose();
      dy = next;
    }
    if (needsEmbed) {
      const inputs = features ? [...this.#embedParameters, features] : this.#embedParameters;
      this.#backwardStage(() => this.#embed(), undefined, inputs, dy, gradients).dispose();
    }
    dy.dispose();
    const dFeatures = features && gradients.get(features.id);
    if (features && dFeatures) {
      gradients.delete(features.id);
      this.#backwardVision(dFeatures, gradients);
    }
    return gradients;
  }

  /** The tower, down to its first stage with something to train; takes the cotangent of the features. */
  #backwardVision(dFeatures: Tensor, gradients: Gradients): void {
    const first = this.#visionStages.findIndex(({ parameters }) => parameters.length > 0);
    let dy = dFeatures;
    for (let i = this.#visionStages.length - 1; i >= first; i--) {
      const stage = this.#visionStages[i] as TrainedStage;
      const x = this.#visionInputs[i] as Tensor;
      const next = this.#backwardStage(() => stage.run(x), i > first ? x : undefined, stage.parameters, dy, gradients);
      dy.dispose();
      dy = next;
    }
    dy.dispose();
  }

  /**
   * Forward and backward on one tape, for when the cotangent is known before the forward pass (supervised training): no stage is
   * computed twice, at the price of all activations in memory.
   */
  static supervised(
    model: VisionLanguageModel,
    batch: TextBatch,
    images: VisionBatch,
    trainable: ReadonlySet<Tensor>,
    cotangent: Float32Array,
  ): { logp: Tensor; gradients: Gradients } {
    const pass = new LayerwisePass(model, batch, images, trainable);
    const { chain } = images;
    const parameters = [...trainable];
    const dy = tensor1d(cotangent, "float32");
    const run = () => {
      pass.#features = pass.#visionStages.reduce((x, stage) => stage.run(x), chain.input);
      const last = pass.#textStages.reduce((x, stage) => stage.run(x), pass.#embed());
      const hidden = gatherRows(last, batch.targetRows, batch.targetInverse);
      return pass.#logProb(hidden, batch.targets);
    };
    const { value, grads } = engine().gradients(run, parameters, dy as never);
    dy.dispose();
    const gradients: Gradients = new Map();
    parameters.forEach((parameter, i) => {
      const gradient = grads[i];
      if (gradient) gradients.set(parameter.id, gradient);
    });
    return { logp: value, gradients };
  }

  [Symbol.dispose](): void {
    for (const x of [...this.#visionInputs.slice(1), ...this.#textInputs]) x.dispose();
    if (this.#ownsFeatures) this.#features?.dispose();
    this.#headRows?.dispose();
    this.#headRows = undefined;
    this.#visionInputs.length = 0;
    this.#textInputs.length = 0;
  }

  /** The batch's pass with the features there are by now. */
  get #pass(): DecoderPass {
    const { pass, featureIndex, featureRows } = this.batch;
    return this.#features ? { ...pass, merge: { features: this.#features, featureIndex, featureRows } } : pass;
  }

  #embed(): Tensor {
    return this.model.text.embed(this.batch.ids, this.#pass.merge);
  }

  #logProb(hidden: Tensor, targets: Tensor, known?: Tensor): Tensor {
    const { text } = this.model;
    return headLogProb(text.finalNorm(hidden), text.weights.head, targets, known && { known });
  }

  /** What `forward`, where there was one, has found of these targets. */
  #headRowsOf({ indices }: ActiveTargets): Tensor | undefined {
    const rows = this.#headRows;
    return rows && (indices ? gather(rows, indices) : clone(rows));
  }

  /** Recomputes `run` on the tape; adds parameter gradients; returns ∂L/∂x (an empty tensor when x is absent). */
  #backwardStage(run: () => Tensor, x: Tensor | undefined, parameters: readonly Tensor[], dy: Tensor, into: Gradients): Tensor {
    const inputs = x ? [x, ...parameters] : [...parameters];
    if (inputs.length === 0) return tensor1d([], "float32");
    const { value, grads } = engine().gradients(run, inputs, dy as never);
    value.dispose();
    parameters.forEach((parameter, i) => {
      const gradient = grads[x ? i + 1 : i];
      if (gradient) addGradient(into, parameter.id, gradient);
    });
    return x ? (grads[0] as Tensor) : tensor1d([], "float32");
  }
}

/** Runs stages in order, appending each stage's input to `inputs`; the result and the inputs are kept. */
function runStages(stages: Iterable<Pick<TrainedStage, "run">>, first: Tensor, inputs: Tensor[]): Tensor {
  let x = first;
  for (const stage of stages) {
    inputs.push(x);
    const current = x;
    x = keep(tidy(() => stage.run(current)));
  }
  return x;
}
