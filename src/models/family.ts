// What a model family is: the one interface between the engine and an architecture. A family reads its configuration, turns
// pictures and messages into the model's input, and builds the model over nn/ layers; the engine does the rest. Adding one is
// a folder here and a line in registry.ts (docs/models.md).

import type { Tensor } from "@tensorflow/tfjs-core";
import type { RgbImage } from "@/image/rgbImage";
import type { LinearLayer } from "@/nn/linear";
import type { TextDecoder } from "@/nn/textDecoder";
import type { ChatMessage } from "@/text/chat";
import type { TextTokenizer } from "@/text/tokenizer";
import type { WeightTaker } from "./weights";

/** The decoder's dimensions, under their Hugging Face names. */
export interface TextConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  readonly numKeyValueHeads: number;
  readonly headDim: number;
  readonly rmsNormEps: number;
  readonly ropeTheta: number;
  readonly maxPositionEmbeddings: number;
  /** m-RoPE: which position axis (0 time, 1 height, 2 width) turns frequency j < headDim / 2; absent for one axis. */
  readonly ropeAxes?: readonly number[];
}

/** What the engine needs to know of any model. */
export interface ModelConfig {
  readonly modelType: string;
  readonly imageTokenId: number;
  /** True when the LM head is the embedding table. */
  readonly tieWordEmbeddings: boolean;
  readonly eosTokenIds: readonly number[];
  readonly text: TextConfig;
}

/** The parsed JSON files of a checkpoint; what is absent is undefined. */
export interface ConfigFiles {
  readonly config: unknown;
  readonly preprocessorConfig?: unknown;
  readonly processorConfig?: unknown;
  readonly generationConfig?: unknown;
}

/** Bounds on a picture's size that override the checkpoint's own; fewer pixels are fewer image tokens and faster. */
export interface PixelLimits {
  readonly minPixels?: number | undefined;
  readonly maxPixels?: number | undefined;
}

/** A picture as the model takes it. */
export interface ProcessedImage {
  /** As the family's Python image processor returns it (see each imageProcessor.ts for the layout). */
  readonly pixelValues: Float32Array<ArrayBuffer>;
  /** Rows the vision tower computes. */
  readonly patchCount: number;
  /** Image tokens in the prompt, rows of features. */
  readonly featureCount: number;
  /** SmolVLM: tiles (0 × 0 when not split). Qwen: patches. */
  readonly rows: number;
  readonly columns: number;
}

/** Rotary positions of a prompt. */
export interface PromptPositions {
  /** [T, axes] */
  readonly positions: Int32Array<ArrayBuffer>;
  readonly axes: 1 | 3;
  /** Position, on every axis, of the token after the prompt. */
  readonly next: number;
}

/** A prompt ready for the model. */
export interface ModelPrompt {
  /** The rendered template, before image placeholders are expanded. */
  readonly text: string;
  readonly ids: Int32Array<ArrayBuffer>;
  /** Indices of the image tokens in `ids`, ascending; the k-th receives row k of the features. */
  readonly imageTokenPositions: Int32Array<ArrayBuffer>;
}

/** The pure half of a model: pictures and messages to numbers. */
export interface ModelInput {
  /** Side in pixels of the square every picture becomes; absent where its size follows the picture. */
  readonly fixedSide?: number | undefined;
  /** The picture in the size the model sees, before normalising: what masks act on. `process` of it changes no pixel's place. */
  see(image: RgbImage, limits?: PixelLimits): RgbImage;
  process(image: RgbImage, limits?: PixelLimits): ProcessedImage;
  /** Renders, expands image placeholders and tokenises; one processed image per image item of the messages, in order. */
  prompt(
    tokenizer: TextTokenizer,
    chatTemplate: string,
    messages: readonly ChatMessage[],
    images: readonly ProcessedImage[],
  ): ModelPrompt;
  /** Rotary positions of token ids that contain the image tokens of these images, in order. */
  positions(ids: Int32Array, images: readonly ProcessedImage[]): PromptPositions;
}

/** One link of the forward chain, for training layer by layer. */
export interface Stage {
  /** Base weights that full training may change. */
  readonly parameters: readonly Tensor[];
  /** Projections that may carry a LoRA pair. */
  readonly projections: readonly LinearLayer[];
  readonly run: (x: Tensor) => Tensor;
}

/** Pictures uploaded for the tower. */
export interface VisionBatch {
  /** Features [F, hidden · (1 + deepstack levels)] of all pictures in order; no tape, the caller disposes. */
  encode(): Tensor;
  /** The same as a chain of stages, bit for bit, for training the tower; made when it is asked for. */
  readonly chain: { readonly input: Tensor; readonly stages: readonly Stage[] };
  dispose(): void;
}

/** The vision tower with its connector. */
export interface VisionTower {
  /** Every projection of tower and connector that may carry a LoRA pair. */
  readonly projections: readonly LinearLayer[];
  /** Those of them that are the connector: what brings features to the decoder's width. */
  readonly projector: readonly LinearLayer[];
  batch(images: readonly ProcessedImage[]): VisionBatch;
}

/** A loaded model. */
export interface VisionLanguageModel {
  readonly config: ModelConfig;
  readonly input: ModelInput;
  readonly vision: VisionTower;
  readonly text: TextDecoder;
}

/** An architecture. */
export interface ModelFamily<C extends ModelConfig = ModelConfig> {
  /** As users know it: "Qwen2.5-VL". */
  readonly name: string;
  /** Values of config.json's model_type. */
  readonly modelTypes: readonly string[];
  /** Reads and checks a configuration; throws ModelConfigError. */
  parseConfig(files: ConfigFiles): C;
  /** The pure half alone: enough for prompts and token counts before weights are there. */
  input(config: C): ModelInput;
  /** Asks for every weight once and returns the model. */
  build(config: C, take: WeightTaker): VisionLanguageModel;
  /** A tensor name as a file may spell it → the name `build` asks for. */
  canonicalName(name: string): string;
}
