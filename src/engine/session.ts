// A loaded model with everything that turns pictures and a question into packed rows: tokenizer, template, rope table, and
// features of the pictures seen last. One per worker; jobs (ask, train, evaluate) borrow it.

import { clone, concat, dispose, keep, slice, type Tensor, type Tensor2D, tensor1d, tensor2d, tidy } from "@tensorflow/tfjs-core";
import { maskImage } from "@/image/masks";
import type { RgbImage } from "@/image/rgbImage";
import type { ModelConfig, PixelLimits, ProcessedImage, PromptPositions, VisionLanguageModel } from "@/models/family";
import type { Precision, WeightRequest } from "@/models/weights";
import { type Rope, ropeFrequencies, ropeTable } from "@/ops/rope/rope";
import type { MaskSettings } from "@/protocol/image";
import { maskSpecOf } from "@/protocol/maskSpec";
import type { ChatMessage } from "@/text/chat";
import type { TextTokenizer } from "@/text/tokenizer";
import { FeatureCache } from "./featureCache";
import type { LoadClock, LoadedWeights } from "./loading/loadWeights";
import type { PackedPrompt } from "./packing";

/** Rows of the vision tower that are computed together; a picture's rows stay together. */
const rowsPerBatch = 4096;
/** Longest prompt and answer together. */
export const longestContext = 8192;

export interface SessionParts {
  readonly name: string;
  /** "SmolVLM" */
  readonly family: string;
  readonly loaded: LoadedWeights;
  readonly tokenizer: TextTokenizer;
  readonly chatTemplate: string;
  readonly precision: Precision;
  readonly parameters: number;
  readonly sizeBytes: number;
  /** What the model consists of, for memory plans of single jobs. */
  readonly requests: readonly WeightRequest[];
}

/** A model ready to work. */
export class Session {
  readonly name: string;
  readonly family: string;
  readonly model: VisionLanguageModel;
  readonly tokenizer: TextTokenizer;
  readonly chatTemplate: string;
  readonly precision: Precision;
  /** Number of weights, as counted by the checkpoint's shapes. */
  readonly parameters: number;
  /** Bytes of weights on the device. */
  readonly sizeBytes: number;
  readonly requests: readonly WeightRequest[];
  readonly rope: Rope;
  /** Tokens of prompt and answer together. */
  readonly contextTokens: number;
  readonly #loaded: LoadedWeights;
  readonly #features = new FeatureCache();

  constructor({ name, family, loaded, tokenizer, chatTemplate, precision, parameters, sizeBytes, requests }: SessionParts) {
    this.name = name;
    this.family = family;
    this.model = loaded.model;
    this.#loaded = loaded;
    this.tokenizer = tokenizer;
    this.chatTemplate = chatTemplate;
    this.precision = precision;
    this.parameters = parameters;
    this.sizeBytes = sizeBytes;
    this.requests = requests;
    const { ropeTheta, headDim, maxPositionEmbeddings, ropeAxes } = this.config.text;
    this.contextTokens = Math.min(maxPositionEmbeddings, longestContext);
    const table = ropeTable(ropeFrequencies(ropeTheta, headDim), this.contextTokens);
    this.rope = {
      table: keep(tensor2d(table, [this.contextTokens, headDim])),
      ...(ropeAxes && { axes: keep(tensor1d([...ropeAxes], "int32")) }),
    };
  }

  get config(): ModelConfig {
    return this.model.config;
  }

  /** A picture in the size the model sees, before normalising: what masks act on (as in the official code). */
  see(image: RgbImage, limits?: PixelLimits): RgbImage {
    return this.model.input.see(image, limits);
  }

  /** A picture as the model's input. */
  process(image: RgbImage, limits?: PixelLimits): ProcessedImage {
    return this.model.input.process(image, limits);
  }

  /**
   * Features [F, D] of pictures, one tensor each; the caller disposes. A picture or masked copy that was seen lately is not
   * encoded again, so all rollouts, twins and the training pass share one encoding.
   */
  encode(images: readonly ProcessedImage[]): Tensor[] {
    // An adapter on the tower changes what it says of a picture.
    if (this.model.vision.projections.some(({ lora }) => lora)) return this.#encode(images);
    const found = images.map((image) => this.#features.get(image));
    const missing = images.filter((_, i) => !found[i]);
    const encoded = this.#encode(missing);
    missing.forEach((image, i) => {
      this.#features.put(image, keep(clone(encoded[i] as Tensor)));
    });
    return found.map((features) => (features ? keep(clone(features)) : (encoded.shift() as Tensor)));
  }

  /** Features [F, D] of the pictures of one prompt, end to end; the caller disposes. */
  encodeTogether(images: readonly ProcessedImage[]): Tensor {
    const parts = this.encode(images);
    const [only, ...others] = parts;
    if (only && others.length === 0) return only;
    const all = tidy(() => keep(concat(parts as Tensor2D[], 0)));
    dispose(parts);
    return all;
  }

  /** The same for several prompts' pictures as they come from `see`, masked or not; encoded together. */
  encodeSets(sets: readonly (readonly RgbImage[])[], limits?: PixelLimits): Tensor[] {
    const features = this.encode(sets.flat().map((picture) => this.process(picture, limits)));
    return sets.map(({ length }) => {
      const parts = features.splice(0, length);
      const [only, ...others] = parts;
      if (only && others.length === 0) return only;
      const all = tidy(() => keep(concat(parts as Tensor2D[], 0)));
      dispose(parts);
      return all;
    });
  }

  /** The same for pictures as they come from `see`, masked or not. */
  encodeSeen(pictures: readonly RgbImage[], limits?: PixelLimits): Tensor {
    return this.encodeTogether(pictures.map((picture) => this.process(picture, limits)));
  }

  /** Forgets the features of pictures seen before. */
  clearFeatures(): void {
    this.#features.clear();
  }

  /** Pictures are encoded many at a time; a picture's features do not depend on its neighbours. */
  #encode(images: readonly ProcessedImage[]): Tensor[] {
    const features: Tensor[] = [];
    for (let first = 0; first < images.length; ) {
      const part = takeBatch(images, first);
      first += part.length;
      const batch = this.model.vision.batch(part);
      const all = batch.encode() as Tensor2D;
      let row = 0;
      for (const { featureCount } of part) {
        features.push(keep(slice(all, [row, 0], [featureCount, -1])));
        row += featureCount;
      }
      all.dispose();
      batch.dispose();
    }
    return features;
  }

  /** The masked twin of a picture, which should come from `see`. */
  mask(image: RgbImage, settings: MaskSettings, seed: number): RgbImage {
    return maskImage(image, maskSpecOf(settings, image), seed);
  }

  /** Prompt of one user turn: the pictures, then the text. Special tokens in the text are plain text. */
  prompt(images: readonly ProcessedImage[], text: string): PackedPrompt {
    const pictures = images.map(() => ({ type: "image" as const }));
    const messages: ChatMessage[] = [{ role: "user", content: [...pictures, { type: "text", text }] }];
    const { ids, imageTokenPositions } = this.model.input.prompt(this.tokenizer, this.chatTemplate, messages, images);
    return packedPrompt(ids, imageTokenPositions, this.model.input.positions(ids, images));
  }

  /** A prompt given as token ids, with the image tokens of these pictures in it. */
  promptOfIds(ids: Int32Array, images: readonly ProcessedImage[]): PackedPrompt {
    const places = Int32Array.from(ids.keys()).filter((i) => ids[i] === this.config.imageTokenId);
    return packedPrompt(ids, places, this.model.input.positions(ids, images));
  }

  /** Every weight by its canonical name in the checkpoint. */
  get weights(): LoadedWeights["entries"] {
    return this.#loaded.entries;
  }

  /** Where the time of loading went. */
  get loadClock(): LoadClock {
    return this.#loaded.clock;
  }

  /** End-of-sequence ids by the generation config. */
  get eosIds(): readonly number[] {
    return this.config.eosTokenIds;
  }

  [Symbol.dispose](): void {
    for (const { lora } of [...this.model.vision.projections, ...this.model.text.projections]) {
      if (lora) dispose([lora.a, lora.b]);
    }
    this.#features.clear();
    this.#loaded[Symbol.dispose]();
    this.rope.table.dispose();
    this.rope.axes?.dispose();
  }
}

/** Marks the image tokens of a prompt. */
function packedPrompt(ids: Int32Array, imageTokenPositions: Int32Array, positions: PromptPositions): PackedPrompt {
  const feature = new Int32Array(ids.length).fill(-1);
  imageTokenPositions.forEach((position, index) => {
    feature[position] = index;
  });
  return { ids, feature, featureCount: imageTokenPositions.length, ...positions };
}

/** Pictures from `first` on whose rows fit one batch; at least one. */
function takeBatch(images: readonly ProcessedImage[], first: number): ProcessedImage[] {
  let rows = 0;
  const taken: ProcessedImage[] = [];
  for (const image of images.slice(first)) {
    rows += image.patchCount;
    if (taken.length > 0 && rows > rowsPerBatch) break;
    taken.push(image);
  }
  return taken;
}
