// A loaded model with everything that turns a picture and a question into packed rows: tokenizer, template, image processor,
// rope table. One per worker; jobs (ask, train, evaluate) borrow it.

import { dispose, keep, memory, slice, type Tensor, type Tensor2D, tensor2d } from "@tensorflow/tfjs-core";
import type { ByteProgress, CheckpointFolder } from "@/fetching/folder";
import { readSafetensors } from "@/formats/safetensors";
import { maskImage } from "@/image/masks";
import type { RgbImage } from "@/image/rgbImage";
import { parseSmolVlmConfig, type SmolVlmConfig } from "@/models/smolvlm/config";
import { type ProcessedImage, processImage, seenImage } from "@/models/smolvlm/imageProcessor";
import { SmolVlm } from "@/models/smolvlm/model";
import { buildPrompt } from "@/models/smolvlm/prompt";
import { CheckpointError, loadSmolVlmWeights, type Precision } from "@/models/smolvlm/weights";
import { ropeTable } from "@/ops/rope/rope";
import type { WeightFormat } from "@/protocol/engine";
import type { MaskSettings } from "@/protocol/image";
import { maskSpecOf } from "@/protocol/maskSpec";
import { pickChatTemplate } from "@/text/chat";
import { loadTokenizer, type TextTokenizer } from "@/text/tokenizer";
import { encodeImages, imageBatch } from "./batch";
import type { PackedPrompt } from "./packing";

export interface SessionOptions {
  readonly name: string;
  readonly format: WeightFormat;
  readonly onProgress?: ByteProgress;
}

/** Frames that go through the vision tower together; a picture's frames stay together. */
const framesPerBatch = 32;

/** A model ready to work. */
export class Session {
  readonly ropeTable: Tensor;

  private constructor(
    readonly name: string,
    readonly config: SmolVlmConfig,
    readonly model: SmolVlm,
    readonly tokenizer: TextTokenizer,
    readonly chatTemplate: string,
    readonly format: WeightFormat,
    readonly sizeBytes: number,
  ) {
    const { ropeTheta, headDim, maxPositionEmbeddings } = config.text;
    const positions = Math.min(maxPositionEmbeddings, 4096);
    this.ropeTable = keep(tensor2d(ropeTable(ropeTheta, headDim, positions), [positions, headDim]));
  }

  /** Reads a checkpoint folder; every problem is an error that names the file. */
  static async load(folder: CheckpointFolder, { name, format, onProgress }: SessionOptions): Promise<Session> {
    const [
      configJson,
      preprocessorConfig,
      processorConfig,
      generationConfig,
      tokenizerJson,
      tokenizerConfig,
      jinja,
      templateJson,
    ] = await Promise.all([
      folder.json("config.json"),
      folder.optionalJson("preprocessor_config.json"),
      folder.optionalJson("processor_config.json"),
      folder.optionalJson("generation_config.json"),
      folder.json("tokenizer.json"),
      folder.json("tokenizer_config.json"),
      folder.optionalText("chat_template.jinja"),
      folder.optionalJson("chat_template.json"),
    ]);
    const config = parseSmolVlmConfig({ config: configJson, preprocessorConfig, processorConfig, generationConfig });
    const tokenizer = loadTokenizer(tokenizerJson, tokenizerConfig);
    const chatTemplate = pickChatTemplate({ ...(jinja !== undefined && { jinja }), json: templateJson, tokenizerConfig });
    const bytes = await folder.bytes("model.safetensors", onProgress);
    const file = readSafetensors(bytes);
    const before = memory().numBytes;
    const weights = await loadSmolVlmWeights(
      config,
      {
        has: (tensor) => file.tensors.has(tensor),
        read: async (tensor) => {
          const info = file.tensors.get(tensor);
          if (!info)
            throw new CheckpointError("The checkpoint is incomplete", `${tensor} is missing`, "Download the model again");
          return { shape: info.shape, data: file.float32(tensor) };
        },
      },
      precisionOf(format),
    );
    return new Session(name, config, new SmolVlm(config, weights), tokenizer, chatTemplate, format, memory().numBytes - before);
  }

  /** Number of weights, as counted by the checkpoint's shapes. */
  get parameters(): number {
    const matrices = [
      ...this.model.projections.map(({ weight }) => weight),
      this.model.weights.embedTokens,
      this.model.weights.head,
      this.model.weights.patchEmbedding.weight,
    ];
    return matrices.reduce((sum, { rows, columns }) => sum + rows * columns, 0) + this.model.weights.positionEmbedding.size;
  }

  /** A picture in the size the model sees, before normalising: what masks act on (as in the official code). */
  see(image: RgbImage): RgbImage {
    return seenImage(image, this.config.image);
  }

  /** A picture as the model's input. */
  process(image: RgbImage): ProcessedImage {
    return processImage(image, this.config.image);
  }

  /**
   * Features [F, D] of pictures, one tensor each; the caller disposes. Frames are encoded many at a time; a frame's features do
   * not depend on its neighbours.
   */
  encode(images: readonly ProcessedImage[]): Tensor[] {
    const features: Tensor[] = [];
    for (let first = 0; first < images.length; ) {
      const part = takeFrames(images, first);
      first += part.length;
      const pixels = new Float32Array(part.reduce((sum, { pixelValues }) => sum + pixelValues.length, 0));
      let at = 0;
      for (const { pixelValues } of part) {
        pixels.set(pixelValues, at);
        at += pixelValues.length;
      }
      const frames = part.reduce((sum, image) => sum + image.frames, 0);
      const batch = imageBatch(this.model, pixels, frames);
      const all = encodeImages(this.model, batch) as Tensor2D;
      const rowsPerFrame = (all.shape[0] as number) / frames;
      let row = 0;
      for (const image of part) {
        const rows = image.frames * rowsPerFrame;
        features.push(keep(slice(all, [row, 0], [rows, -1])));
        row += rows;
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

  /** Prompt of one user turn: the picture, then the text. Special tokens in the text are plain text. */
  prompt(image: ProcessedImage, text: string): PackedPrompt {
    const messages = [{ role: "user" as const, content: [{ type: "image" as const }, { type: "text" as const, text }] }];
    const { ids, imageTokenPositions } = buildPrompt(this.tokenizer, this.chatTemplate, this.config, messages, [image]);
    return packedPrompt(ids, imageTokenPositions);
  }

  /** End-of-sequence ids by the generation config. */
  get eosIds(): readonly number[] {
    return this.config.eosTokenIds;
  }

  [Symbol.dispose](): void {
    const { weights, projections } = this.model;
    for (const layer of projections) {
      dispose([layer.weight.data]);
      if (layer.weight.scales) layer.weight.scales.dispose();
      layer.bias?.dispose();
      if (layer.lora) dispose([layer.lora.a, layer.lora.b]);
    }
    const norms = [...weights.vision.flatMap(({ norm1, norm2 }) => [norm1, norm2]), weights.postLayerNorm];
    dispose(norms.flatMap(({ weight, bias }) => [weight, bias]));
    dispose(weights.layers.flatMap(({ inputNorm, postAttentionNorm }) => [inputNorm, postAttentionNorm]));
    dispose([weights.patchEmbedding.weight.data, weights.positionEmbedding, weights.norm, this.ropeTable]);
    weights.patchEmbedding.bias?.dispose();
    for (const matrix of new Set([weights.embedTokens, weights.head])) {
      matrix.data.dispose();
      matrix.scales?.dispose();
    }
  }
}

/** Marks the image tokens of a prompt. */
export function packedPrompt(ids: Int32Array, imageTokenPositions: Int32Array): PackedPrompt {
  const feature = new Int32Array(ids.length).fill(-1);
  imageTokenPositions.forEach((position, index) => {
    feature[position] = index;
  });
  return { ids, feature, featureCount: imageTokenPositions.length };
}

function precisionOf(format: WeightFormat): Precision {
  return { text: format, vision: format, head: format, groupSize: 32 };
}

/** Pictures from `first` on whose frames fit one batch; at least one. */
function takeFrames(images: readonly ProcessedImage[], first: number): ProcessedImage[] {
  let frames = 0;
  const taken: ProcessedImage[] = [];
  for (const image of images.slice(first)) {
    frames += image.frames;
    if (taken.length > 0 && frames > framesPerBatch) break;
    taken.push(image);
  }
  return taken;
}
