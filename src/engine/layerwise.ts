// Layer-wise training: the forward pass keeps only each stage's input; the backward pass recomputes one stage at a time on
// TF.js' tape and applies the cotangent. Memory is one stage's activations plus a row of inputs per stage. Works for any set
// of trainable tensors: LoRA pairs, or all weights of a small model. It knows nothing of losses: the caller gives
// ∂L/∂log π per target (rl/ computes it), and rows whose cotangent is zero never reach the head.

import { engine, keep, type Tensor, tensor1d, tidy } from "@tensorflow/tfjs-core";
import type { SmolVlm } from "@/models/smolvlm/model";
import { decoderProjections } from "@/nn/decoderLayer";
import type { LinearLayer } from "@/nn/linear";
import { visionProjections } from "@/nn/visionLayer";
import { gatherRows } from "@/ops/embedding/gatherRows";
import { headLogProb } from "@/ops/headStats/headStats";
import { type EncodedImages, encodeImages, type TextBatch } from "./batch";

/** Gradient per trainable tensor, keyed by the tensor's id; the caller disposes. */
export type Gradients = Map<number, Tensor>;

interface Stage {
  readonly parameters: readonly Tensor[];
  readonly run: (x: Tensor) => Tensor;
}

const loraTensors = (layers: readonly LinearLayer[]): Tensor[] => layers.flatMap(({ lora }) => (lora ? [lora.a, lora.b] : []));

/** One training pass over a packed batch. Use once: forward, backward, dispose. */
export class LayerwisePass {
  readonly #visionStages: readonly Stage[];
  readonly #textStages: readonly Stage[];
  readonly #visionInputs: Tensor[] = [];
  readonly #textInputs: Tensor[] = [];
  #features: Tensor | undefined;
  readonly #ownsFeatures: boolean;

  /**
   * @param trainable Tensors that receive gradients; everything else is frozen.
   * @param features Image features [F, D] when the tower is frozen and they are already known (cached per image).
   */
  constructor(
    private readonly model: SmolVlm,
    private readonly batch: TextBatch,
    private readonly images: EncodedImages | undefined,
    private readonly trainable: ReadonlySet<Tensor>,
    features?: Tensor,
  ) {
    const p = model.stageParameters();
    const only = (tensors: readonly Tensor[]) => tensors.filter((t) => trainable.has(t));
    const { vision, layers, connector } = model.weights;
    this.#visionStages = images
      ? [
          { parameters: only(p.visionEmbed), run: (x) => model.visionEmbed(x, images.pass) },
          ...vision.map((layer, i) => ({
            parameters: only([...(p.vision[i] ?? []), ...loraTensors(visionProjections(layer))]),
            run: (x: Tensor) => model.visionLayer(i, x, images.pass),
          })),
          { parameters: only([...p.connect, ...loraTensors([connector])]), run: (x) => model.connect(x, images.pass) },
        ]
      : [];
    this.#textStages = layers.map((layer, i) => ({
      parameters: only([...(p.text[i] ?? []), ...loraTensors(decoderProjections(layer))]),
      run: (x: Tensor) => model.textLayer(i, x, batch.pass),
    }));
    this.#features = features;
    this.#ownsFeatures = features === undefined;
  }

  get #trainsVision(): boolean {
    return this.#visionStages.some(({ parameters }) => parameters.length > 0);
  }

  /** Log-probability of every target, [R]; keeps the stage inputs for `backward`. */
  forward(): Tensor {
    if (!this.#features && this.images) {
      if (this.#trainsVision) {
        this.#features = runStages(this.#visionStages, this.images.patches, this.#visionInputs);
      } else this.#features = keep(encodeImages(this.model, this.images));
    }
    const embedded = keep(tidy(() => this.#embed()));
    const last = runStages(this.#textStages, embedded, this.#textInputs);
    this.#textInputs.push(last);
    return tidy(() => {
      const hidden = gatherRows(last, this.batch.targetRows, this.batch.targetInverse);
      return headLogProb(this.model.finalNorm(hidden), this.model.weights.head, this.batch.targets);
    });
  }

  /**
   * Gradients of the trainable tensors for a given ∂L/∂log π.
   * @param cotangent one number per target; zeros are skipped.
   */
  backward(cotangent: Float32Array): Gradients {
    const gradients: Gradients = new Map();
    const p = this.model.stageParameters();
    const headParameters = p.head.filter((t) => this.trainable.has(t));
    const embedParameters = p.embed.filter((t) => this.trainable.has(t));
    const last = this.#textInputs[this.#textStages.length];
    if (!last) throw new Error("backward before forward");

    const active = this.batch.select(cotangent);
    if (!active) return gradients;
    const head = () =>
      headLogProb(this.model.finalNorm(gatherRows(last, active.rows, active.inverse)), this.model.weights.head, active.targets);
    const dLogp = tensor1d(active.cotangent, "float32");
    let dy = this.#backwardStage(head, last, headParameters, dLogp, gradients);
    dLogp.dispose();
    active.dispose();

    const needsEmbed = embedParameters.length > 0 || this.#trainsVision;
    const firstText = needsEmbed ? 0 : this.#textStages.findIndex(({ parameters }) => parameters.length > 0);
    for (let i = this.#textStages.length - 1; i >= Math.max(0, firstText) && firstText >= 0; i--) {
      const stage = this.#textStages[i] as Stage;
      const x = this.#textInputs[i] as Tensor;
      const next = this.#backwardStage(() => stage.run(x), x, stage.parameters, dy, gradients);
      dy.dispose();
      dy = next;
    }
    if (needsEmbed) {
      const features = this.#trainsVision ? this.#features : undefined;
      const dFeatures = this.#backwardStage(() => this.#embed(), features, embedParameters, dy, gradients);
      dy.dispose();
      dy = dFeatures;
      for (let i = this.#visionStages.length - 1; i >= 0 && this.#trainsVision; i--) {
        const stage = this.#visionStages[i] as Stage;
        const x = this.#visionInputs[i] as Tensor;
        const next = this.#backwardStage(() => stage.run(x), i > 0 ? x : undefined, stage.parameters, dy, gradients);
        dy.dispose();
        dy = next;
      }
    }
    dy.dispose();
    return gradients;
  }

  /**
   * Forward and backward on one tape, for when the cotangent is known before the forward pass (supervised training): no stage is
   * computed twice, at the price of all activations in memory.
   */
  static supervised(
    model: SmolVlm,
    batch: TextBatch,
    images: EncodedImages,
    trainable: ReadonlySet<Tensor>,
    cotangent: Float32Array,
  ): { logp: Tensor; gradients: Gradients } {
    const pass = new LayerwisePass(model, batch, images, trainable);
    const parameters = [...trainable];
    const dy = tensor1d(cotangent, "float32");
    const run = () => {
      pass.#features = pass.#visionStages.reduce((x, stage) => stage.run(x), images.patches);
      const last = pass.#textStages.reduce((x, stage) => stage.run(x), pass.#embed());
      const hidden = gatherRows(last, batch.targetRows, batch.targetInverse);
      return headLogProb(model.finalNorm(hidden), model.weights.head, batch.targets);
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
    this.#visionInputs.length = 0;
    this.#textInputs.length = 0;
  }

  #embed(): Tensor {
    const { ids, featureIndex, featureRows } = this.batch;
    const merge = this.#features && { features: this.#features, featureIndex, featureRows };
    return this.model.textEmbed(ids, merge);
  }

  /** Recomputes `run` on the tape; adds parameter gradients; returns ∂L/∂x (an empty tensor when x is absent). */
  #backwardStage(run: () => Tensor, x: Tensor | undefined, parameters: readonly Tensor[], dy: Tensor, into: Gradients): Tensor {
    const inputs = x ? [x, ...parameters] : [...parameters];
    if (inputs.length === 0) return tensor1d([], "float32");
    const { value, grads } = engine().gradients(run, inputs, dy as never);
    value.dispose();
    parameters.forEach((parameter, i) => {
      const gradient = grads[x ? i + 1 : i];
      if (gradient) into.set(parameter.id, gradient);
    });
    return x ? (grads[0] as Tensor) : tensor1d([], "float32");
  }
}

/** Runs stages in order, appending each stage's input to `inputs`; the result and the inputs are kept. */
function runStages(stages: readonly Stage[], first: Tensor, inputs: Tensor[]): Tensor {
  let x = first;
  for (const stage of stages) {
    inputs.push(x);
    const current = x;
    x = keep(tidy(() => stage.run(current)));
  }
  return x;
}
